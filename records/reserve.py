"""A reserve of room beside the database, given up when the disk is full so that holds can still be recorded."""

import os
from pathlib import Path


class Reserve:
    """A file of `size` bytes whose blocks are really there; 0 bytes are no reserve."""

    def __init__(self, file: Path, size: int) -> None:
        self._file = file
        self.size = size

    @property
    def kept(self) -> bool:
        """True while the reserve is there, or none is wanted."""
        try:
            return self.size == 0 or self._file.stat().st_size == self.size
        except FileNotFoundError:
            return False

    def make(self) -> bool:
        """Takes the room, if it is there; False when the disk does not give it."""
        if self.kept:
            return True
        try:
            with self._file.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self.size)
        except OSError:
            self.give_up()
            return False
        return True

    def give_up(self) -> bool:
        """Gives the room back to the disk; False when there was none to give."""
        try:
            self._file.unlink()
        except FileNotFoundError:
            return False
        return self.size > 0
