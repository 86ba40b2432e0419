"""One process at a time has a line's Modbus devices: a lock file beside its pictures says which.

Many PLCs take a single connection. A second one would be refused, or worse, would throw the edge process out.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from edge.settings import LineSettings

LOCK = "equipment.lock"


class EquipmentTaken(Exception):  # noqa: N818 - it is a fact about the equipment
    """Another process has the line's devices; says which and what to do."""


@contextmanager
def claim(settings: LineSettings, who: str) -> Iterator[None]:
    """Has the devices until it is left; a process that dies lets go of them. Raises EquipmentTaken."""
    folder = settings.store.frames.parent
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            lock.seek(0)
            holder = lock.read().strip() or "another process"
            raise EquipmentTaken(
                f"{holder} has the devices of {settings.line}; end it first: a PLC may take one connection only"
            ) from taken
        # The name is a courtesy; a full disk may not take it.
        with contextlib.suppress(OSError):
            lock.truncate(0)
            lock.write(f"{who} (process {os.getpid()})")
            lock.flush()
        yield
