"""Looks after the room on the store's disk: the oldest pictures go first, the reserve last; a person is told."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Protocol

from edge.cycle.alarms import Alarms
from edge.cycle.writer import Writer
from quality.alarm import Priority
from quality.ports import Clock, StoreBusy, StoreFull
from quality.saying import saying

MAKE_EVERY_S = 2.0
TELL_EVERY_S = 0.5
PRUNE_EVERY_S = 30.0
_MEGABYTE = 1_000_000


class Reserve(Protocol):
    """Room that is kept for the worst."""

    @property
    def size(self) -> int:
        """Bytes; 0 when none is wanted."""
        ...

    @property
    def kept(self) -> bool:
        """True while it is there."""
        ...

    def make(self) -> bool:
        """Takes it again, if the disk gives it."""
        ...


class Room:
    """One disk: `free` says how many bytes of it are, `where` which it is.

    `make_room` takes so many bytes of old pictures away; `pictures_trouble` is why they are not kept.
    Pictures stop while less than the reserve's size is free beside it, so that records have that much longer; when
    they too find no room, the writer gives the reserve up. It is taken back once twice its size is free.
    """

    def __init__(
        self,
        free: Callable[[], int],
        where: str,
        reserve: Reserve,
        make_room: Callable[[int], int],
        pictures_trouble: Callable[[], str],
        write: Writer,
        alarms: Alarms,
        clock: Clock,
    ) -> None:
        self._free = free
        self._where = where
        self._reserve = reserve
        self._make_room = make_room
        self._pictures_trouble = pictures_trouble
        self._write = write
        self._alarms = alarms
        self._clock = clock
        self._prune_at = 0.0

    async def run(self) -> None:
        """Makes room and tells of it for ever; apart, for telling waits while the store takes nothing."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._often(self.make, MAKE_EVERY_S))
            group.create_task(self._often(self.tell, TELL_EVERY_S))

    async def make(self) -> None:
        """Takes old pictures away when there is little room, and the reserve again when there is enough."""
        free = await asyncio.to_thread(self._free)
        if free < self._reserve.size and self._clock.monotonic() >= self._prune_at:
            self._prune_at = self._clock.monotonic() + PRUNE_EVERY_S
            # What cannot be taken away now is tried again; a disk that fails ends the process by its records.
            with contextlib.suppress(StoreFull, StoreBusy, OSError):
                await asyncio.to_thread(self._make_room, 2 * self._reserve.size - free)
            free = await asyncio.to_thread(self._free)
        if not self._reserve.kept and free >= 2 * self._reserve.size:
            await asyncio.to_thread(self._reserve.make)

    async def tell(self) -> None:
        """Raises and clears the alarms about the store."""
        size, kept = self._reserve.size, self._reserve.kept
        free = await asyncio.to_thread(self._free)
        left = saying("{free} MB are left on the disk of {where}", free=free // _MEGABYTE, where=self._where)
        mend = saying("Delete or move away what does not belong there.")
        # On record as soon as anything can be, with the time at which it began.
        await self._stands("not writable", Priority.URGENT, self._write.trouble)
        await self._stands(
            "disk full",
            Priority.URGENT,
            None
            if kept
            else saying(
                "{left}, and the reserve of {size} MB is used for records now. {mend} When the rest is used up,"
                " parts wait at the closed gate.",
                left=left,
                size=size // _MEGABYTE,
                mend=mend,
            ),
        )
        await self._stands(
            "disk nearly full",
            Priority.HIGH,
            saying("{left}. Pictures are not kept any more, and the oldest go. {mend}", left=left, mend=mend)
            if kept and free < size
            else None,
        )
        await self._stands("pictures not kept", Priority.HIGH, self._pictures_trouble())

    async def _often(self, act: Callable[[], Awaitable[None]], every_s: float) -> None:
        while True:
            await act()
            await self._clock.sleep(every_s)

    async def _stands(self, kind: str, priority: Priority, sentence: str | None) -> None:
        if sentence:
            await self._alarms.raise_("store", kind, priority, sentence)
        else:
            await self._alarms.clear("store", kind)
