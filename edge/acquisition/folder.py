"""A watched folder as a camera: each new complete file is a frame. Files are read and left alone."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from edge.acquisition.settings import CameraSettings
from edge.acquisition.wire import (
    LARGEST_PICTURE,
    Captured,
    SourceError,
    captured_at_epoch,
    captured_at_monotonic,
)
from quality.saying import saying

LOOK_S = 0.02
ENDINGS = (".jpg", ".jpeg", ".png", ".bmp")

State = tuple[int, int]
"""A file's modification time (ns) and size: while they change it is still being written."""


def pictures(settings: CameraSettings) -> Iterator[tuple[Captured, bytes] | None]:
    """Every picture that is written into the folder from now on, oldest first, and None after each look.

    A file is complete when its size and time have not changed between two looks, so a writer must not pause
    longer than that, or write under another ending and rename. Raises SourceError when the folder is gone.
    """
    folder = Path(settings.source)
    done = _look(folder)
    looked = time.monotonic()
    growing: dict[str, tuple[State, float]] = {}
    while True:
        time.sleep(LOOK_S)
        before, looked = looked, time.monotonic()
        seen = _look(folder)
        fresh = {
            name: (state, growing[name][1] if name in growing else before)
            for name, state in seen.items()
            if done.get(name) != state
        }
        complete = [name for name, found in fresh.items() if growing.get(name) == found]
        for name in sorted(complete, key=lambda name: fresh[name]):
            yield _captured(settings, *fresh[name]), _read(folder / name)
        growing = {name: found for name, found in fresh.items() if name not in complete}
        done = {name: state for name, state in seen.items() if name not in growing}
        yield None


def _look(folder: Path) -> dict[str, State]:
    try:
        with os.scandir(folder) as entries:
            return dict(_states(entries))
    except OSError as error:
        raise SourceError(
            saying("its folder {folder} cannot be read: {why}", folder=str(folder), why=str(error.strerror)),
            saying("Check that it is there, mounted and readable by the user that runs the edge process"),
        ) from error


def _states(entries: Iterator[os.DirEntry[str]]) -> Iterator[tuple[str, State]]:
    for entry in entries:
        if entry.name.startswith(".") or not entry.name.lower().endswith(ENDINGS):
            continue
        try:
            status = entry.stat()
        except FileNotFoundError:
            continue  # moved away between being listed and being looked at
        if 0 < status.st_size <= LARGEST_PICTURE:
            yield entry.name, (status.st_mtime_ns, status.st_size)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(
            saying("its file {path} cannot be read: {why}", path=str(path), why=str(error.strerror)),
            saying("Let files stay for a second, and be readable by the user that runs the edge process"),
        ) from error


def _captured(settings: CameraSettings, state: State, absent: float) -> Captured:
    """By the file's own time, or else the last moment at which it was not there yet."""
    if settings.clock == "camera":
        return captured_at_epoch(state[0] / 1e9)
    return captured_at_monotonic(absent - settings.latency_s)
