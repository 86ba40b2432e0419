"""The camera's exposures of whatever is in the station, newest first, with its faults.

It runs free, 15 exposures a second, or the machine triggers it: then it takes one picture for each pulse.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.simulator.camera import Camera
from edge.simulator.faults import Fault, Faults
from edge.simulator.part import Part

PICTURES_PER_S: Final = 15.0
KEPT_OF_CUT: Final = 0.55
TORN_FROM, TORN_TO = 0.4, 0.5


@dataclass(frozen=True, slots=True)
class Exposure:
    """One picture as it is sent: `at` in epoch seconds is when the shutter opened, before anything was drawn.

    `number` is the camera's own count.
    """

    number: int
    at: float
    jpeg: bytes


class Exposures:
    """Takes pictures as long as somebody watches, or one for each pulse when it is `triggered`.

    `in_station` gives the part before the lens, or None.
    """

    def __init__(
        self, camera: Camera, in_station: Callable[[], Part | None], faults: Faults, *, triggered: bool = False
    ) -> None:
        self._camera = camera
        self._pulses: asyncio.Queue[None] | None = asyncio.Queue() if triggered else None
        self._in_station = in_station
        self._faults = faults
        self._taking = asyncio.Lock()
        self._news = asyncio.Condition()
        self._newest: Exposure | None = None
        self._watchers = 0
        self._watched = asyncio.Event()
        self._drawn: tuple[int | None, NDArray[np.uint8]] | None = None
        self._last_good = b""

    async def run(self) -> None:
        """Exposes until cancelled."""
        if self._pulses is None:
            await self._run_free()
        else:
            while True:
                await self._pulses.get()
                await self._publish()

    def trigger(self) -> None:
        """A pulse from the machine. One that runs free takes no notice."""
        if self._pulses is not None:
            self._pulses.put_nowait(None)

    async def _run_free(self) -> None:
        """On the beat; a beat that was missed is not made up for."""
        loop = asyncio.get_running_loop()
        beat = loop.time()
        while True:
            await self._watched.wait()
            await self._publish()
            beat = max(beat + 1 / PICTURES_PER_S, loop.time() - 1 / PICTURES_PER_S)
            await asyncio.sleep(beat - loop.time())

    async def _publish(self) -> None:
        exposure = await self.take()
        async with self._news:
            self._newest = exposure
            self._news.notify_all()

    def watch(self) -> None:
        """Somebody looks at the stream."""
        self._watchers += 1
        self._watched.set()

    def unwatch(self) -> None:
        """They look no more."""
        self._watchers -= 1
        if not self._watchers:
            self._watched.clear()

    async def after(self, number: int) -> Exposure:
        """The newest exposure with a number above this one, once there is one."""
        async with self._news:
            await self._news.wait_for(lambda: self._newest is not None and self._newest.number > number)
            assert self._newest  # noqa: S101 - waited for
            return self._newest

    async def take(self) -> Exposure:
        """One exposure now."""
        async with self._taking:
            at = time.time()
            # the part is looked at after the time was taken: a picture is never newer than what it shows
            part = self._in_station()
            jpeg = await asyncio.to_thread(self._expose, part)
            number = self._newest.number + 1 if self._newest else 1
            return Exposure(number, at, jpeg)

    def _expose(self, part: Part | None) -> bytes:
        if self._faults.active(Fault.CAMERA_FREEZE) and self._last_good:
            return self._last_good
        number = part.number if part else None
        if self._drawn is None or self._drawn[0] != number:
            self._drawn = (number, self._camera.portray(part).face)
        self._last_good = jpeg = self._camera.expose(self._drawn[1])
        return spoil(jpeg, number or 0) if self._faults.active(Fault.CAMERA_CORRUPT) else jpeg


def spoil(jpeg: bytes, number: int) -> bytes:
    """A picture that did not arrive whole: cut short, or with zeros where its middle was."""
    if number % 2:
        return jpeg[: int(len(jpeg) * KEPT_OF_CUT)]
    start, end = int(len(jpeg) * TORN_FROM), int(len(jpeg) * TORN_TO)
    return jpeg[:start] + bytes(end - start) + jpeg[end:]
