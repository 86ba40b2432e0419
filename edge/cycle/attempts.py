"""Counts how often a part's judging was begun and never ended: one that kills the process is not tried for ever.

What kills the process (a model's own code, a driver) leaves no record of the part, so after the restart the part
would be judged again, and kill it again. The count is a file beside the store, which outlives the process; after
a power cut nobody needs it.
"""

from pathlib import Path

from quality.inspection import Cycle


class Attempts:
    """Remembers the one part that is being judged, in `file`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.parent.mkdir(parents=True, exist_ok=True)

    def begin(self, cycle: Cycle) -> int:
        """Notes that the part is being judged; how often that was begun before and did not come to its end."""
        name = f"{cycle.boot_count} {cycle.sequence} {cycle.serial}"
        try:
            before, _, times = self._file.read_text(encoding="utf-8").rpartition(" ")
        except FileNotFoundError:
            before, times = "", "0"
        begun = int(times) if before == name and times.isdecimal() else 0
        self._file.write_text(f"{name} {begun + 1}", encoding="utf-8")
        return begun

    def end(self) -> None:
        """The part is on record."""
        self._file.write_text("", encoding="utf-8")
