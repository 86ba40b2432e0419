"""Pictures on disk, each under the SHA-256 of its bytes: `ab/abcdef....jpg`."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from quality.evidence import Frame

_SHA256 = re.compile(r"[0-9a-f]{64}")


def is_sha256(text: str) -> bool:
    """True for 64 hexadecimal digits in lower case."""
    return _SHA256.fullmatch(text) is not None


class Pictures:
    """The folder of kept frames. Pictures leave `leave_free` bytes of the disk to the records."""

    def __init__(self, folder: Path, *, leave_free: int = 0) -> None:
        self.folder = folder
        self._leave_free = leave_free
        self.trouble = ""
        """Why the last picture was not kept, in one sentence; empty when it was."""
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path | None:
        """The file of that hash, or None when it is not kept. Raises ValueError when it is no SHA-256."""
        path = self._place(sha256)
        return path if path.is_file() else None

    def keep(self, frame: Frame) -> bool:
        """Writes the frame so that it survives a power cut once this returns; twice is as once.

        It comes before the transaction that cites it: a picture without a record is harmless and swept later.
        False when the disk does not take it: a record without its picture is worth more than neither.
        """
        path = self._place(frame.sha256)
        unfinished = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            if path.is_file():
                return True
            if shutil.disk_usage(self.folder).free < self._leave_free + len(frame.encoded):
                self.trouble = (
                    f"Pictures in {self.folder}: the disk has no room left for them. Parts are recorded without;"
                    " delete or move away what does not belong there."
                )
                return False
            self._write(frame, unfinished, path)
        except OSError as error:
            self.trouble = (
                f"Pictures in {self.folder}: the disk does not take them ({error.strerror}). Parts are recorded"
                " without; look at the disk."
            )
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            return False
        self.trouble = ""
        return True

    def _write(self, frame: Frame, unfinished: Path, path: Path) -> None:
        if not path.parent.is_dir():
            path.parent.mkdir(exist_ok=True)
            _sync_folder(self.folder)
        with unfinished.open("wb") as file:
            file.write(frame.encoded)
            file.flush()
            os.fdatasync(file.fileno())
        unfinished.rename(path)
        _sync_folder(path.parent)

    def remove(self, sha256: str) -> None:
        """Takes the picture away, if it is there."""
        self._place(sha256).unlink(missing_ok=True)

    def files(self) -> Iterator[Path]:
        """Every file in the folder, unfinished ones too."""
        for folder in self.folder.iterdir():
            if folder.is_dir():
                yield from folder.iterdir()

    def _place(self, sha256: str) -> Path:
        if not is_sha256(sha256):
            raise ValueError(f"picture {sha256!r}: not 64 hexadecimal digits in lower case.")
        return self.folder / sha256[:2] / f"{sha256}.jpg"


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
