"""Pictures on disk, each under the SHA-256 of its bytes."""

from pathlib import Path


class Pictures:
    """The folder of kept frames."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path | None:
        """The file of that hash, or None when it is not kept. Raises ValueError when it is no SHA-256."""
        raise NotImplementedError
