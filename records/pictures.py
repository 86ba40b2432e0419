"""Pictures on disk, each under the SHA-256 of its bytes: `ab/abcdef....jpg`."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from quality.evidence import Frame

_SHA256 = re.compile(r"[0-9a-f]{64}")


def is_sha256(text: str) -> bool:
    """True for 64 hexadecimal digits in lower case."""
    return _SHA256.fullmatch(text) is not None


class Pictures:
    """The folder of kept frames."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path | None:
        """The file of that hash, or None when it is not kept. Raises ValueError when it is no SHA-256."""
        path = self._place(sha256)
        return path if path.is_file() else None

    def keep(self, frame: Frame) -> None:
        """Writes the frame so that it survives a power cut once this returns; twice is as once.

        It comes before the transaction that cites it: a picture without a record is harmless and swept later.
        """
        path = self._place(frame.sha256)
        if path.is_file():
            return
        if not path.parent.is_dir():
            path.parent.mkdir(exist_ok=True)
            _sync_folder(self.folder)
        unfinished = path.with_suffix(f".{os.getpid()}.tmp")
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
