"""Shows the PLC that this process is alive; when it stops, the gate closes by itself."""

import contextlib

from quality.ports import Clock, EquipmentError, Gate


class Heartbeat:
    """Beats while the event loop runs."""

    def __init__(self, gate: Gate, clock: Clock, *, every_s: float) -> None:
        self._gate = gate
        self._clock = clock
        self._every_s = every_s

    async def run(self) -> None:
        """Beats for ever. A beat that does not arrive needs no alarm of its own: the scan raises it."""
        while True:
            with contextlib.suppress(EquipmentError):
                await self._gate.beat()
            await self._clock.sleep(self._every_s)
