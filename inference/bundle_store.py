"""Which bundle is in force under a name, and which one was before it: the folder that promote and rollback keep.

For each name a folder: the bundles by their digest, and `in_force.json`, which is replaced in one step. A power
cut leaves the one or the other in force, never neither.
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from inference.bundle import Bundle, BundleError, load_bundle

POINTER = "in_force.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Promoted:
    """The folders of the bundle in force and of the last good one before it."""

    name: str
    in_force: Path
    before: Path | None


class BundleStore:
    """The promoted bundles of one line, under `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        """What has been promoted."""
        return sorted(pointer.parent.name for pointer in self._folder.glob(f"*/{POINTER}"))

    def promoted(self, name: str) -> Promoted:
        """What is in force under that name. Raises BundleError when nothing is, or it cannot be read."""
        place = self._place(name)
        try:
            said = json.loads((place / POINTER).read_bytes())
            in_force, before = said["in_force"], said["before"]
            if not isinstance(in_force, str) or not isinstance(before, str | None):
                raise TypeError(POINTER)  # noqa: TRY301 - one sentence for all that can be wrong with the file
        except FileNotFoundError as error:
            raise BundleError(
                f"{place / POINTER}: nothing was promoted as {name}; run `jidoka models promote {name} BUNDLE`"
            ) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BundleError(
                f"{place / POINTER}: does not say what is in force; run `jidoka models promote {name} BUNDLE`"
            ) from error
        return Promoted(name, place / in_force, None if before is None else place / before)

    def promote(self, name: str, source: Path, bundle: Bundle) -> Promoted:
        """Puts a checked bundle in force; `source` is the folder it was loaded from. What was in force is kept.

        Raises BundleError when the name cannot be one, or when the copy is not what was checked.
        """
        place = self._place(name)
        place.mkdir(parents=True, exist_ok=True)
        copy = place / bundle.digest
        self._copy(source, copy, bundle)
        try:
            now: Promoted | None = self.promoted(name)
        except BundleError:
            now = None
        before = None
        if now is not None:
            # The same one again must not make it its own predecessor.
            kept = now.before if now.in_force == copy else now.in_force
            before = None if kept is None else kept.name
        self._point(place, {"in_force": bundle.digest, "before": before})
        for old in place.iterdir():
            if old.is_dir() and old.name not in {bundle.digest, before}:
                shutil.rmtree(old, ignore_errors=True)
        return self.promoted(name)

    def rollback(self, name: str) -> Promoted:
        """Puts the bundle before it in force again; rolling back twice is as before. Raises BundleError."""
        now = self.promoted(name)
        if now.before is None:
            raise BundleError(f"{name}: there was no bundle before {now.in_force.name[:12]}…; promote another one")
        self._point(self._place(name), {"in_force": now.before.name, "before": now.in_force.name})
        return self.promoted(name)

    def _place(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise BundleError(f"{name!r} is no name for a bundle; use letters, digits, '-', '_' and '.'")
        return self._folder / name

    def _copy(self, source: Path, copy: Path, bundle: Bundle) -> None:
        fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=copy.parent))
        try:
            for file in source.iterdir():
                if file.is_file():
                    _durable(fresh / file.name, file.read_bytes())
            if load_bundle(fresh).digest != bundle.digest:
                raise BundleError(f"{source}: was changed while it was copied; promote it again")
            fresh.chmod(0o755)
            if copy.exists():
                # It may be the damaged one that this one is to mend.
                shutil.rmtree(copy)
            fresh.rename(copy)
            _durable_folder(copy.parent)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _point(self, place: Path, said: Mapping[str, str | None]) -> None:
        beside = place / f".{POINTER}.new"
        _durable(beside, f"{json.dumps(said, indent=1)}\n".encode())
        beside.replace(place / POINTER)
        _durable_folder(place)


def _durable(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _durable_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
