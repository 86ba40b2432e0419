"""Reading recordings: what a good one gives, and what every bad one is told."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.recording import RecordingError, read_frames, read_parts, read_picture
from quality.characteristic import Limits

LIMITS = "characteristic,nominal,lower,upper\nx_mm,0,-0.5,0.5\nroughness_um,,0,2.5\n"
PARTS = (
    "sequence,serial,bar,made_at,power_kw,x_mm,roughness_um,provoked_fault\n"
    "1,A1,7,2026-01-05T06:00:00,3.5,0.1,1.5,0\n"
    "2,A2,,,,,2.6,2\n"
)
MAINTENANCE = "at,machine,event\n2026-02-01T10:00,mill,insert turned\n2026-01-01T10:00+00:00,saw,blade\n"
FRAMES = (
    "frame,tile_group,exposure,label,conforming,mask\n"
    "frames/a.png,1,e1,none,1,\n"
    "frames/b.png,1,e2,scratch,0,masks/b.png\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "limits.csv").write_text(LIMITS)
    (tmp_path / "parts.csv").write_text(PARTS)
    (tmp_path / "maintenance.csv").write_text(MAINTENANCE)
    (tmp_path / "frames.csv").write_text(FRAMES)
    for name in ("frames/a.png", "frames/b.png", "masks/b.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        encoded = cv2.imencode(".png", np.full((4, 6), 9, np.uint8))[1]
        (tmp_path / name).write_bytes(encoded.tobytes())
    return tmp_path


def test_columns_are_told_apart_by_limits_and_names(folder: Path) -> None:
    history = read_parts(folder)
    assert [c.name for c in history.characteristics] == ["x_mm", "roughness_um"]
    assert [(c.unit, c.nominal) for c in history.characteristics] == [("mm", 0.0), ("um", None)]
    assert history.characteristics[0].limits == Limits(-0.5, 0.5)
    assert history.reading_names == ("power_kw",)
    assert history.sequence.tolist() == [1, 2]
    assert history.serials == ("A1", "A2")
    assert history.bars == ("7", None)
    assert history.provoked.tolist() == [0, 2]
    assert history.times == {"made_at": (datetime(2026, 1, 5, 6), None)}  # noqa: DTZ001 - as the file says it


def test_what_is_empty_is_nan(folder: Path) -> None:
    history = read_parts(folder)
    np.testing.assert_array_equal(history.measured, [[0.1, 1.5], [np.nan, 2.6]])
    np.testing.assert_array_equal(history.readings, [[3.5], [np.nan]])
    assert history.nonconforming.tolist() == [False, True]


def test_maintenance_is_in_the_order_of_time_and_may_be_absent(folder: Path) -> None:
    assert [event[1] for event in read_parts(folder).maintenance] == ["saw", "mill"]
    assert read_parts(folder).maintenance[0][0] == datetime(2026, 1, 1, 10, tzinfo=UTC)
    (folder / "maintenance.csv").unlink()
    assert read_parts(folder).maintenance == ()


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(folder: Path) -> None:
    for name, text in (("parts.csv", PARTS), ("limits.csv", LIMITS)):
        (folder / name).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert read_parts(folder).serials == ("A1", "A2")


def test_empty_lines_are_passed_over(folder: Path) -> None:
    _rewrite(folder / "parts.csv", lambda text: text.replace("2,A2", "\n2,A2") + "\n\n")
    assert read_parts(folder).serials == ("A1", "A2")


def test_what_stands_before_measured_at_is_known_before_measuring_and_is_a_reading(folder: Path) -> None:
    (folder / "limits.csv").write_text("characteristic,nominal,lower,upper\nweight_kg,,1,2\nx_mm,0,-0.5,0.5\n")
    (folder / "parts.csv").write_text(
        "sequence,serial,weight_kg,measured_at,x_mm,force_n\n1,A,1.5,2026-01-05T06:00:00,0.1,3\n"
    )
    history = read_parts(folder)
    assert [c.name for c in history.characteristics] == ["x_mm"]
    assert history.reading_names == ("weight_kg", "force_n")
    (folder / "limits.csv").write_text("characteristic,nominal,lower,upper\nweight_kg,,1,2\n")
    with pytest.raises(RecordingError, match="stands before measured_at"):
        read_parts(folder)


def test_a_recording_without_readings_times_or_bars_is_read(folder: Path) -> None:
    (folder / "parts.csv").write_text("sequence,serial,x_mm,roughness_um\n1,A1,0.1,2\n")
    history = read_parts(folder)
    assert history.readings.shape == (1, 0)
    assert (history.times, history.bars, history.provoked.tolist()) == ({}, (None,), [0])


@pytest.mark.parametrize(
    ("limits", "values", "lower"),
    [(",0,2.5", ("1.5", "2.6"), -np.inf), ("1,0,2.5", ("1.5", "2.6"), 0.0), (",0,2.5", ("1.5", "-0.1"), 0.0)],
)
def test_a_magnitude_has_no_lower_limit(folder: Path, limits: str, values: tuple[str, str], lower: float) -> None:
    (folder / "limits.csv").write_text(f"characteristic,nominal,lower,upper\nroughness_um,{limits}\n")
    rows = "".join(f"{i},S{i},{value}\n" for i, value in enumerate(values))
    (folder / "parts.csv").write_text(f"sequence,serial,roughness_um\n{rows}")
    assert read_parts(folder).characteristics[0].limits == Limits(lower, 2.5)


def test_a_limit_left_empty_limits_one_side(folder: Path) -> None:
    (folder / "limits.csv").write_text("characteristic,nominal,lower,upper\nx_mm,,,0.5\n")
    limits = read_parts(folder).characteristics[0].limits
    assert limits == Limits(-np.inf, 0.5)


def _rewrite(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text()))


@pytest.mark.parametrize(
    ("name", "before", "after", "told"),
    [
        ("parts.csv", PARTS, "", r"parts\.csv, line 1: column sequence is missing"),
        ("parts.csv", "serial", "number", r"line 1: column serial is missing"),
        ("parts.csv", "power_kw", "x_mm", r"line 1: column 'x_mm' stands there twice"),
        ("parts.csv", PARTS, PARTS.splitlines()[0], r"parts\.csv: has no parts"),
        ("parts.csv", "0.1", "O.1", r"parts\.csv, line 2, column x_mm: 'O\.1' is not a number"),
        ("parts.csv", "0.1", "inf", r"line 2, column x_mm: 'inf' is not finite"),
        ("parts.csv", "A2", "A1", r"line 3, column serial: A1 stands in line 2 already"),
        ("parts.csv", "A2", "", r"line 3, column serial: is empty"),
        ("parts.csv", "2,A2", "2.5,A2", r"line 3, column sequence: '2\.5' is not a whole number"),
        ("parts.csv", "T06:00:00", "T26", r"line 2, column made_at: .* is no ISO 8601 time"),
        ("parts.csv", "2.6,2\n", "2.6,2\n3,A3\n", r"line 4: has 2 cells, the header has 8"),
        ("limits.csv", "x_mm", "y_mm", r"limits\.csv, line 2, column characteristic: y_mm is no column"),
        ("limits.csv", "2.5\n", "2.5\nx_mm,0,0,1\n", r"line 4, column characteristic: x_mm has limits already"),
        ("limits.csv", "-0.5", "0.5", r"line 2, column lower: 0\.5 must be below upper 0\.5"),
        ("limits.csv", "-0.5,0.5", ",", r"line 2, column upper: x_mm has neither"),
        ("limits.csv", LIMITS, LIMITS.splitlines()[0], r"limits\.csv: names no characteristic"),
        ("maintenance.csv", "2026-02-01T10:00", "", r"maintenance\.csv, line 2, column at: is empty"),
    ],
)
def test_a_bad_recording_is_told_where_and_what(
    folder: Path, name: str, before: str, after: str, told: str
) -> None:
    _rewrite(folder / name, lambda text: text.replace(before, after))
    with pytest.raises(RecordingError, match=told):
        read_parts(folder)


@pytest.mark.parametrize("name", ["parts.csv", "limits.csv"])
def test_a_missing_file_and_one_in_another_encoding_are_told(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"sequence,serial\n1,\xff\n")
    with pytest.raises(RecordingError, match=rf"{name}: byte 18 is not UTF-8"):
        read_parts(folder)
    (folder / name).unlink()
    with pytest.raises(RecordingError, match=rf"{name}: cannot be read"):
        read_parts(folder)


def test_frames_come_with_their_group_label_and_mask(folder: Path) -> None:
    sound, defect = read_frames(folder)
    assert (sound.path, sound.conforming, sound.mask) == ("frames/a.png", True, None)
    assert (defect.tile_group, defect.exposure, defect.label) == ("1", "e2", "scratch")
    assert (defect.conforming, defect.mask) == (False, "masks/b.png")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("frames/a.png", "frames/z.png", r"frames\.csv, line 2, column frame: frames/z\.png is not there"),
        ("masks/b.png", "masks/z.png", r"line 3, column mask: masks/z\.png is not there"),
        ("frames/a.png", "../a.png", r"line 2, column frame: \.\./a\.png lies outside"),
        ("frames/b.png", "frames/a.png", r"line 3, column frame: frames/a\.png stands in line 2 already"),
        ("none,1", "none,yes", r"line 2, column conforming: 'yes' must be 1"),
        ("a.png,1,", "a.png,,", r"line 2, column tile_group: is empty"),
        ("exposure", "light", r"line 1: column exposure is missing"),
    ],
)
def test_bad_frames_are_told_where_and_what(folder: Path, before: str, after: str, told: str) -> None:
    _rewrite(folder / "frames.csv", lambda text: text.replace(before, after))
    with pytest.raises(RecordingError, match=told):
        read_frames(folder)


def test_no_frames_at_all_is_told(folder: Path) -> None:
    _rewrite(folder / "frames.csv", lambda text: text.splitlines()[0])
    with pytest.raises(RecordingError, match="has no frames"):
        read_frames(folder)


def test_a_picture_is_read_and_a_damaged_one_named(folder: Path) -> None:
    assert read_picture(folder / "frames/a.png", 1).tolist() == [[9] * 6] * 4
    whole = (folder / "frames/b.png").read_bytes()
    (folder / "frames/b.png").write_bytes(whole[:-20])
    with pytest.raises(RecordingError, match=r"b\.png"):
        read_picture(folder / "frames/b.png", 1)
