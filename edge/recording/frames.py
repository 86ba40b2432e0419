"""Reads which pictures a recording holds and what is known of them; the pictures themselves stay on disk."""

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge.acquisition.pictures import PictureError, decode
from edge.recording.table import RecordingError, Row, read_table
from quality.recording import LabelledFrame


def read_frames(folder: Path) -> tuple[LabelledFrame, ...]:
    """The labelled frames of the recording in `folder`, in the order of `frames.csv`.

    Raises RecordingError naming file, line, column and mend, also when a picture or mask is not there or its path
    leaves the folder.
    """
    path = folder / "frames.csv"
    _, rows = read_table(path, ("frame", "tile_group", "exposure", "label", "conforming", "mask"))
    if not rows:
        raise RecordingError(f"{path}: has no frames; record some first")
    seen: dict[str, int] = {}
    frames = []
    for row in rows:
        picture = _file(row, "frame", folder)
        if picture in seen:
            row.refuse("frame", f"{picture} stands in line {seen[picture]} already; remove one of the lines")
        seen[picture] = row.line
        if row.cells["conforming"] not in {"0", "1"}:
            row.refuse("conforming", f"{row.cells['conforming']!r} must be 1 (conforming) or 0")
        frames.append(
            LabelledFrame(
                path=picture,
                tile_group=row.text("tile_group"),
                exposure=row.cells["exposure"],
                label=row.cells["label"],
                conforming=row.cells["conforming"] == "1",
                mask=_file(row, "mask", folder) if row.cells["mask"] else None,
            )
        )
    return tuple(frames)


def read_picture(path: Path, channels: Literal[1, 3]) -> NDArray[np.uint8]:
    """A picture of a recording: grey [height, width] for 1 channel, BGR [height, width, 3] for 3.

    Raises RecordingError naming the file when it cannot be read or did not arrive whole.
    """
    try:
        return decode(path.read_bytes(), channels)
    except (OSError, PictureError) as error:
        raise RecordingError(f"{path}: {error}") from error


def _file(row: Row, column: str, folder: Path) -> str:
    name = row.text(column)
    if not (folder / name).resolve().is_relative_to(folder.resolve()):
        row.refuse(column, f"{name} lies outside the recording; copy the file into it")
    if not (folder / name).is_file():
        row.refuse(column, f"{name} is not there; copy the file into {folder} or remove the line")
    return name
