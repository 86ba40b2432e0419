"""A disk that may lose its power: what was written, what was synced, and what a cut may leave of the difference.

Between a write and the next sync of its file, a disk may keep any of the writes, in any order, and any of the
512-byte sectors of each. A file's truncation may be lost in the same way. A name that was made or removed is only
sure once its folder has been synced; until then a cut may show the folder as it was before.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

SECTOR = 512


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes put at an offset."""

    offset: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Truncation:
    """The file's length changed to `size`."""

    size: int


Change = Write | Truncation


@dataclass(eq=False, slots=True)
class Inode:
    """One file: what is safely on the disk, and what has changed since its last sync."""

    synced: bytearray = field(default_factory=bytearray)
    unsynced: list[Change] = field(default_factory=list)


class Loss(StrEnum):
    """What a cut leaves of the changes that were not synced."""

    NOTHING_LEFT = "nothing left"
    EVERYTHING_LEFT = "everything left"
    FIRST_FEW = "the first few"
    SOME = "some, in their order"
    SOME_TORN = "some, and of some only a few sectors"
    SOME_SHUFFLED = "some, torn, in any order"


@dataclass(frozen=True, slots=True)
class Moment:
    """The disk as it was when the power went: for each name, the files it may lead to, the newest first."""

    number: int
    files: dict[str, tuple["Inode | None", ...]]


class Disk:
    """The files of one folder. `on_change` is called before each change, with its number."""

    def __init__(self) -> None:
        self.changes = 0
        self.on_change: Callable[[int], None] = lambda _number: None
        self._names: dict[str, Inode] = {}
        self._before: dict[str, Inode | None] = {}
        """What a name led to when the folder was synced last, for those that lead elsewhere now."""

    def opened(self, name: str) -> Inode:
        """The file of that name, made if it is not there."""
        if name not in self._names:
            self._count()
            self._before.setdefault(name, None)
            self._names[name] = Inode()
        return self._names[name]

    def write(self, inode: Inode, offset: int, content: bytes) -> None:
        self._count()
        inode.unsynced.append(Write(offset, content))

    def truncate(self, inode: Inode, size: int) -> None:
        self._count()
        inode.unsynced.append(Truncation(size))

    def sync(self, inode: Inode) -> None:
        """All changes of the file are on the disk once this returns."""
        self._count()
        for change in inode.unsynced:
            apply(inode.synced, change)
        inode.unsynced.clear()

    def remove(self, name: str) -> None:
        if (inode := self._names.get(name)) is not None:
            self._count()
            self._before.setdefault(name, inode)
            del self._names[name]

    def sync_folder(self) -> None:
        """Every name is on the disk as it is now."""
        self._count()
        self._before.clear()

    def moment(self) -> Moment:
        """The disk as it is now, kept apart from what follows."""
        copies = {id(i): _copy(i) for i in (*self._names.values(), *filter(None, self._before.values()))}
        files: dict[str, tuple[Inode | None, ...]] = {}
        for name in self._names.keys() | self._before.keys():
            ways = [self._names.get(name)]
            if name in self._before:
                ways.append(self._before[name])
            files[name] = tuple(copies[id(way)] if way is not None else None for way in ways)
        return Moment(self.changes, files)

    def _count(self) -> None:
        self.on_change(self.changes)
        self.changes += 1


def images(moment: Moment, chance: random.Random) -> Iterator[tuple[Loss, dict[str, bytes]]]:
    """What the disk may hold after a cut at that moment: one image for each kind of loss, by file name."""
    for loss in Loss:
        image: dict[str, bytes] = {}
        for name, ways in moment.files.items():
            inode = ways[0] if loss is Loss.EVERYTHING_LEFT else chance.choice(ways)
            if inode is not None:
                image[name] = _after(inode, loss, chance)
        yield loss, image


def put(image: dict[str, bytes], folder: Path) -> None:
    """The image as files."""
    folder.mkdir(parents=True)
    for name, content in image.items():
        (folder / name).write_bytes(content)


def apply(content: bytearray, change: Change) -> None:
    """What the change makes of a file's content."""
    if isinstance(change, Truncation):
        del content[change.size :]
        content.extend(bytes(change.size - len(content)))
        return
    end = change.offset + len(change.content)
    content.extend(bytes(max(0, end - len(content))))
    content[change.offset : end] = change.content


def _after(inode: Inode, loss: Loss, chance: random.Random) -> bytes:
    content = bytearray(inode.synced)
    for change in _left(inode.unsynced, loss, chance):
        apply(content, change)
    return bytes(content)


def _left(changes: list[Change], loss: Loss, chance: random.Random) -> list[Change]:
    match loss:
        case Loss.NOTHING_LEFT:
            return []
        case Loss.EVERYTHING_LEFT:
            return changes
        case Loss.FIRST_FEW:
            return changes[: chance.randint(0, len(changes))]
        case Loss.SOME:
            return _some(changes, chance)
        case Loss.SOME_TORN:
            return [part for change in _some(changes, chance) for part in _torn(change, chance)]
        case Loss.SOME_SHUFFLED:
            parts = [part for change in _some(changes, chance) for part in _torn(change, chance)]
            chance.shuffle(parts)
            return parts


def _some(changes: list[Change], chance: random.Random) -> list[Change]:
    share = chance.random()
    return [change for change in changes if chance.random() < share]


def _torn(change: Change, chance: random.Random) -> list[Change]:
    """The write as sectors of the disk, of which one write in three lost some."""
    if isinstance(change, Truncation) or chance.random() > 1 / 3:
        return [change]
    parts: list[Change] = []
    at = change.offset
    end = change.offset + len(change.content)
    while at < end:
        until = min(end, at - at % SECTOR + SECTOR)
        if chance.random() < 0.5:
            parts.append(Write(at, change.content[at - change.offset : until - change.offset]))
        at = until
    return parts


def _copy(inode: Inode) -> Inode:
    return Inode(bytearray(inode.synced), list(inode.unsynced))
