"""Scans the PLC without pause: sees new parts, and what is wrong with the equipment."""

import asyncio
from dataclasses import dataclass

from edge.cycle.alarms import Alarms
from edge.cycle.trigger import Trigger
from quality.alarm import Priority
from quality.inspection import Cycle
from quality.ports import Clock, EquipmentError, Gate
from quality.saying import Saying, saying, told
from quality.station import Scan, StationStatus

FROZEN_AFTER_S = 1.0
UNSEEN_S = 0.5
"""What the heartbeat did in a gap between two scans as long as that, nobody knows."""
CURRENT_S = 0.5
"""A PLC restarts in more than that."""
LONGEST_BACKOFF_S = 0.2
"""A PLC that is busy is asked that rarely, and a waiting part is seen that soon after it is free again. A dead one
costs nothing: the link knows when to try the next connection.
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A part that waits to be judged. `overflow` says that too many waited already."""

    cycle: Cycle
    scan: Scan
    overflow: bool


class Watch:
    """Keeps the newest scan and queues what is to be judged; none is dropped."""

    def __init__(
        self, gate: Gate, trigger: Trigger, alarms: Alarms, clock: Clock, *, scan_s: float, most_waiting: int
    ) -> None:
        self._gate = gate
        self._trigger = trigger
        self._alarms = alarms
        self._clock = clock
        self._scan_s = scan_s
        self._most_waiting = most_waiting
        self._beat_seen = (-1, 0.0, 0.0)
        """The PLC's heartbeat, since when it has been seen to stand, and when it was last looked at."""
        self._boot: int | None = None
        self._missed = 0
        self.latest: Scan | None = None
        self.waiting: asyncio.Queue[Waiting] = asyncio.Queue()

    @property
    def boot_count(self) -> int | None:
        """The PLC's boot as it was last seen; None before it ever was."""
        return self._boot

    @property
    def is_current(self) -> bool:
        """Whether the newest scan tells how the PLC is now; while the store takes nothing, none is taken."""
        return self.latest is not None and self._clock.monotonic() - self.latest.monotonic < CURRENT_S

    def followed_by(self, cycle: Cycle) -> StationStatus | None:
        """What came into the station after that cycle, which is not judged yet; None while it stands there.

        Under bypass parts go through as they come, and a restart of the PLC lets the same part in again.
        """
        status = self.latest.status if self.latest else None
        if status is None or status.bypass or status.boot_count != cycle.boot_count:
            return None
        return status if status.cycle_sequence > cycle.sequence else None

    async def run(self) -> None:
        """Scans for ever."""
        backoff = self._scan_s
        while True:
            try:
                scan = await self._gate.scan()
            except EquipmentError as error:
                self.latest = None
                await self._alarms.raise_("plc", "no answer", Priority.URGENT, told(error))
                await self._clock.sleep(backoff)
                backoff = min(2 * backoff, LONGEST_BACKOFF_S)
                continue
            backoff = self._scan_s
            await self._alarms.clear("plc", "no answer")
            await self.see(scan)
            await self._clock.sleep(self._scan_s)

    async def see(self, scan: Scan) -> None:
        """Takes one scan in."""
        self.latest = scan
        self._boot = scan.status.boot_count
        sighting = self._trigger.see(scan)
        if sighting is not None:
            overflow = self.waiting.qsize() >= self._most_waiting
            self.waiting.put_nowait(Waiting(sighting.cycle, scan, overflow))
            if sighting.missed:
                self._missed += sighting.missed
                await self._alarms.happened(
                    "plc",
                    "cycles missed",
                    Priority.HIGH,
                    saying(
                        "{missed} part(s) before cycle {cycle} were never seen ({total} since this process"
                        " started). Look for them behind the gate.",
                        missed=sighting.missed,
                        cycle=sighting.cycle.sequence,
                        total=self._missed,
                    ),
                )
        await self._look_at(scan.status, scan.monotonic)

    async def _look_at(self, status: StationStatus, now: float) -> None:
        beat, since, looked = self._beat_seen
        if status.heartbeat != beat or now - looked > max(UNSEEN_S, 3 * self._scan_s):
            since = now
        self._beat_seen = (status.heartbeat, since, now)
        if status.heartbeat != beat:
            await self._alarms.clear("plc", "heartbeat frozen")
        elif now - since > FROZEN_AFTER_S:
            await self._alarms.raise_(
                "plc",
                "heartbeat frozen",
                Priority.URGENT,
                saying(
                    "The PLC answers but its heartbeat has stood at {beat} for over a second. Its program has"
                    " stopped: restart it.",
                    beat=beat,
                ),
            )
        await self._stands(
            status.bypass, "bypass", Priority.URGENT, saying("The bypass key is on: parts pass without a verdict.")
        )
        await self._stands(
            status.watchdog_tripped,
            "watchdog",
            Priority.HIGH,
            saying("The PLC's watchdog has tripped: the gate stays closed until it sees our heartbeat again."),
        )
        await self._stands(
            status.line_stopped,
            "line stopped",
            Priority.HIGH,
            saying(
                "The line is stopped; {held} part(s) are held. Decide on them, or resume the line if it was"
                " stopped by a decision.",
                held=status.held_count,
            ),
        )

    async def _stands(self, condition: bool, kind: str, priority: Priority, sentence: Saying) -> None:  # noqa: FBT001
        if condition:
            await self._alarms.raise_("line", kind, priority, sentence)
        else:
            await self._alarms.clear("line", kind)
