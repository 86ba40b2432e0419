"""Counts how often a part's judging was begun and never ended: one that kills the process is not tried for ever.

What kills the process (a model's own code, a driver) leaves no record of the part, so after the restart the part
would be judged again, and kill it again. The count is a file beside the store, which outlives the process; after
a power cut nobody needs it.
"""

import os
from pathlib import Path

from quality.inspection import Cycle

ROOM = 64
"""Bytes. Written in place: to shorten a file can cost milliseconds, and this happens with every part."""


class Attempts:
    """Remembers the one part that is being judged, in `file`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.write_bytes(b" " * ROOM)

    def begin(self, cycle: Cycle) -> int:
        """Notes that the part is being judged; how often that was begun before and did not come to its end."""
        name = f"{cycle.boot_count} {cycle.sequence} {cycle.serial}"
        before, _, times = self._file.read_text(encoding="ascii", errors="replace").rstrip().rpartition(" ")
        begun = int(times) if before == name and times.isdecimal() else 0
        self._note(f"{name} {begun + 1}")
        return begun

    def end(self) -> None:
        """The part is on record."""
        self._note("")

    def _note(self, text: str) -> None:
        descriptor = os.open(self._file, os.O_WRONLY)
        try:
            os.pwrite(descriptor, text.encode("ascii", "replace").ljust(ROOM), 0)
        finally:
            os.close(descriptor)
