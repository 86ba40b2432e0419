"""Where on a map something was seen: its connected regions as boxes on the frame."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from quality.evidence import Box

_MOST = 20


def boxes(seen: NDArray[np.float32], threshold: float, patch: int, height: int, width: int) -> tuple[Box, ...]:
    """The regions of a map [rows, columns] at or above `threshold`, strongest first, at most 20.

    One element of the map stands for `patch` × `patch` pixels of a frame of `height` × `width` pixels; boxes end
    with the frame. A box's score is the highest in its region. Diagonal neighbours belong together.
    """
    found = []
    for rows, columns in _regions(seen >= threshold):
        top, left = int(rows.min()) * patch, int(columns.min()) * patch
        bottom, right = min((int(rows.max()) + 1) * patch, height), min((int(columns.max()) + 1) * patch, width)
        found.append(Box(left, top, right - left, bottom - top, float(seen[rows, columns].max())))
    found.sort(key=lambda box: -box.score)
    return tuple(found[:_MOST])


def _regions(inside: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    waiting = {(int(row), int(column)) for row, column in np.argwhere(inside)}
    while waiting:
        border = [waiting.pop()]
        region = []
        while border:
            row, column = border.pop()
            region.append((row, column))
            near = {(row + down, column + across) for down in (-1, 0, 1) for across in (-1, 0, 1)} & waiting
            waiting -= near
            border.extend(near)
        rows, columns = np.array(region).T
        yield rows, columns
