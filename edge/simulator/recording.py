"""A recording of the simulated line, made without the wire, as fast as the machine can be computed.

It is the folder that a real shop would hand over: limits, parts with readings and measurements in the order
made, the maintenance log, and labelled pictures with masks. Run as a program:
`python -m edge.simulator.recording FOLDER --parts N --seed S [--defect-share 0.03] [--no-frames]`.
"""

import argparse
import csv
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge.simulator.camera import Camera
from edge.simulator.gauge import measure
from edge.simulator.part import CHARACTERISTICS, LOWER, NOMINAL, READINGS, UPPER, Part
from edge.simulator.process import Offsets, Process

FIRST_MADE: Final = datetime(2026, 1, 5, 6, 0, tzinfo=UTC)
NOT_MEASURED_SHARE: Final = 0.004
"""Share of parts that the gauge did not get to see: their characteristics stay empty."""
GAP_STREAM: Final = 3
COUNTED: Final = "_parts"


def write_recording(
    folder: Path,
    parts: int,
    seed: int,
    on_part: Callable[[int], None],
    *,
    frames: bool = True,
    defect_share: float = 0.03,
) -> None:
    """Writes the recording of the first `parts` parts of the line with that seed into `folder`.

    `on_part` is called with the number of each part once it is written. The folder is made when it is missing;
    files of an earlier recording in it are overwritten. Raises OSError when it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    process = Process(seed, defect_share)
    offsets = Offsets()
    camera = Camera(seed) if frames else None
    rows: list[list[object]] = []
    shown: list[list[object]] = []
    maintenance: list[list[object]] = []
    if camera:
        (folder / "frames").mkdir(exist_ok=True)
        (folder / "masks").mkdir(exist_ok=True)
    for _ in range(parts):
        part = process.make(offsets)
        made_at = FIRST_MADE + timedelta(seconds=part.made_s)
        rows.append(_row(part, made_at, seed))
        maintenance += [[made_at.isoformat(), event.machine, event.what] for event in part.events]
        if camera:
            shown.append(_write_frame(folder, camera, part))
        on_part(part.number)
    _write(
        folder / "limits.csv",
        ["characteristic", "nominal", "lower", "upper"],
        (
            [name, f"{nominal:g}", f"{lower:g}", f"{upper:g}"]
            for name, nominal, lower, upper in zip(CHARACTERISTICS, NOMINAL, LOWER, UPPER, strict=True)
        ),
    )
    header = ["sequence", "serial", "bar", "made_at", *READINGS, *CHARACTERISTICS, "provoked_fault"]
    _write(folder / "parts.csv", header, rows)
    _write(folder / "maintenance.csv", ["at", "machine", "event"], maintenance)
    if camera:
        _write(folder / "frames.csv", ["frame", "tile_group", "exposure", "label", "conforming", "mask"], shown)


def _row(part: Part, made_at: datetime, seed: int) -> list[object]:
    readings = [
        f"{value:.0f}" if name.endswith(COUNTED) else f"{value:.3f}"
        for name, value in zip(READINGS, part.readings, strict=True)
    ]
    if np.random.default_rng([seed, GAP_STREAM, part.number]).random() < NOT_MEASURED_SHARE:
        measured = [""] * len(CHARACTERISTICS)
    else:
        measured = [f"{value:.4f}" for value in measure(part, seed)]
    return [part.number, part.serial, part.bar, made_at.isoformat(), *readings, *measured, 0]


def _write_frame(folder: Path, camera: Camera, part: Part) -> list[object]:
    frame, mask = f"frames/{part.serial}.jpg", f"masks/{part.serial}.png"
    picture = camera.portray(part)
    (folder / frame).write_bytes(camera.expose(picture.face))
    encoded, png = cv2.imencode(".png", picture.mask)
    if not encoded:
        raise RuntimeError(f"The mask of part {part.serial} could not be encoded as PNG.")
    (folder / mask).write_bytes(png.tobytes())
    label = part.defect.label if part.defect else "none"
    return [frame, part.serial, "1", label, int(part.defect is None), mask]


def _write(path: Path, header: list[str], rows: Iterable[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def main() -> None:
    """Reads the command line and writes the recording it asks for."""
    parser = argparse.ArgumentParser(description="Writes a recording of the simulated line.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parts", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--defect-share", type=float, default=0.03)
    parser.add_argument("--no-frames", action="store_true")
    asked = parser.parse_args()
    write_recording(
        asked.folder,
        asked.parts,
        asked.seed,
        lambda _: None,
        frames=not asked.no_frames,
        defect_share=asked.defect_share,
    )


if __name__ == "__main__":
    main()
