"""Shows the line as it is now to the review station: its state in the store, its live pictures as files."""

import contextlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from edge.cycle.alarms import Alarms
from edge.cycle.drift import Drift
from edge.cycle.inspecting import Inspecting
from edge.cycle.watch import Watch
from edge.cycle.writer import Writer
from quality.evidence import Reading
from quality.plan import ControlPlan
from quality.ports import Clock, FrameSource, Records
from quality.saying import spread


class Showing:
    """Replaces the line's live state again and again."""

    def __init__(
        self,
        watch: Watch,
        inspecting: Inspecting,
        cameras: Sequence[FrameSource],
        models: Sequence[tuple[str, str]],
        records: Records,
        write: Writer,
        alarms: Alarms,
        clock: Clock,
        plan: ControlPlan,
        *,
        store: str,
        live_folder: Path,
        every_s: float,
        drift: Drift | None = None,
        devices: Sequence[str] = (),
    ) -> None:
        """`devices` are the gauge and what brings readings beside the PLC, by name."""
        self._watch = watch
        self._inspecting = inspecting
        self._cameras = cameras
        self._models = models
        self._records = records
        self._write = write
        self._alarms = alarms
        self._clock = clock
        self._plan = plan
        self._store = store
        self._live_folder = live_folder
        self._every_s = every_s
        self._drift = drift
        self._devices = devices
        self._started_at = clock.now()

    async def run(self) -> None:
        """Shows for ever."""
        with contextlib.suppress(OSError):
            self._live_folder.mkdir(parents=True, exist_ok=True)
        while True:
            glances = [(camera.camera, await camera.glance()) for camera in self._cameras]
            now = self._clock.now()
            with contextlib.suppress(OSError):
                # A full disk takes no live picture; the page shows the last one, and its alarms say why.
                await self._write(self._show_pictures, glances)
            await self._write(self._records.show_line, self.state(now))
            await self._clock.sleep(self._every_s)

    def state(self, now: datetime) -> dict[str, object]:
        """Everything one glance at the line needs, as plain values."""
        scan = self._watch.latest
        trouble = self._alarms.sentence
        shown: dict[str, object] = {
            "at": now.isoformat(),
            "plc": {"ok": scan is not None and not trouble("plc"), **spread("detail", trouble("plc"))},
            "cameras": [
                {
                    "name": camera.camera,
                    "ok": not trouble(camera.camera),
                    **spread("detail", trouble(camera.camera)),
                }
                for camera in self._cameras
            ],
            "devices": [
                {"name": device, "ok": not said, **spread("detail", said)}
                for device in self._devices
                for said in [self._alarms.of_device(device)]
            ],
            "models": [
                {
                    "name": name,
                    "ok": not trouble(f"model {name}"),
                    "digest": digest,
                    **spread("detail", trouble(f"model {name}") or digest[:12]),
                }
                for name, digest in self._models
            ],
            "store": {"ok": not trouble("store"), **spread("detail", trouble("store") or self._store)},
            "plan_version": self._plan.version,
            "latency_ms": self._inspecting.latency.percentiles_ms(),
            "parts": self._inspecting.parts,
            "edge_started_at": self._started_at.isoformat(),
            "drift": self._drift.state() if self._drift else None,
        }
        if scan is None:
            return shown
        status = scan.status
        adjustable = {rule.name for rule in self._plan.parameters}
        values = {r.name: r.value for r in scan.readings if isinstance(r, Reading)}
        return shown | {
            "gate_closed": status.gate_closed,
            "line_stopped": status.line_stopped,
            "watchdog_tripped": status.watchdog_tripped,
            "bypass": status.bypass,
            "part_present": status.part_present,
            "cycle_sequence": status.cycle_sequence,
            "serial": status.serial,
            "held_count": status.held_count,
            "readings": {name: value for name, value in values.items() if name not in adjustable},
            "parameters": {name: value for name, value in values.items() if name in adjustable},
        }

    def _show_pictures(self, glances: Sequence[tuple[str, bytes | None]]) -> None:
        for camera, picture in glances:
            if picture is not None:
                beside = self._live_folder / f".{camera}.tmp"
                beside.write_bytes(picture)
                beside.replace(self._live_folder / f"{camera}.jpg")
