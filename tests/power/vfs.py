"""An SQLite file system that does what the real one does and tells a `Disk` of it."""

from pathlib import Path

import apsw

from tests.power.disk import Disk, Inode

FOLDER_IS_SYNCED_WITH = apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_SUPER_JOURNAL
"""SQLite's unix file system syncs the folder with the first sync of such a file, once it has made it."""


class WatchedFiles(apsw.VFS):
    """The file system of that name; files live in real folders, shared memory is left to the real one."""

    def __init__(self, name: str, disk: Disk) -> None:
        super().__init__(name, "unix")
        self._disk = disk

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if path is None:
            return apsw.VFSFile("unix", name, flags)
        is_new = not Path(path).exists()
        return WatchedFile(name, flags, self._disk, Path(path).name, is_new=is_new)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: FBT001, N802
        super().xDelete(filename, syncdir)
        self._disk.remove(Path(filename).name)
        if syncdir:
            self._disk.sync_folder()


class WatchedFile(apsw.VFSFile):
    """One open file."""

    def __init__(
        self, name: str | apsw.URIFilename, flags: list[int], disk: Disk, base: str, *, is_new: bool
    ) -> None:
        super().__init__("unix", name, flags)
        self._disk = disk
        self._inode: Inode = disk.opened(base)
        self._syncs_folder = is_new and bool(flags[0] & FOLDER_IS_SYNCED_WITH)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(data, offset)
        self._disk.write(self._inode, offset, bytes(data))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        super().xTruncate(newsize)
        self._disk.truncate(self._inode, newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        self._disk.sync(self._inode)
        if self._syncs_folder:
            self._disk.sync_folder()
            self._syncs_folder = False
