"""What the edge process has to say when the store cannot be written: a small file that the review station reads.

Its room is taken once and written in place, so that a full disk does not silence it.
"""

import os
from pathlib import Path

from records.spoken import from_text, to_text

LENGTH = 4096


class Notice:
    """One sentence, or none."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def say(self, sentence: str) -> bool:
        """The sentence stands from now on; False when the disk does not even take that."""
        text = to_text(sentence).encode()[:LENGTH]
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._file, os.O_WRONLY | os.O_CREAT, 0o644)
            try:
                os.pwrite(handle, text.ljust(LENGTH), 0)
            finally:
                os.close(handle)
        except OSError:
            return False
        return True

    def clear(self) -> None:
        """Nothing stands any more."""
        self.say("")

    def changed(self) -> int:
        """A number that differs after it has changed; costs some microseconds."""
        try:
            return self._file.stat().st_mtime_ns
        except OSError:
            return 0

    def read(self) -> str:
        """What stands, or an empty text."""
        try:
            return from_text(self._file.read_bytes().decode(errors="replace").strip())
        except OSError:
            return ""
