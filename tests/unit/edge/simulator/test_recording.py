import csv
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.simulator.part import CHARACTERISTICS, READINGS
from edge.simulator.recording import write_recording


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recording") / "new"
    write_recording(folder, 800, 7, lambda _: None, frames=False)
    return folder


def test_limits_name_every_characteristic_and_conform_to_the_drawing(plain: Path) -> None:
    limits = rows(plain / "limits.csv")
    assert [row["characteristic"] for row in limits] == list(CHARACTERISTICS)
    assert limits[0] == {"characteristic": "hole_1_x_mm", "nominal": "0", "lower": "-0.18", "upper": "0.18"}
    assert limits[2] == {
        "characteristic": "hole_1_diameter_mm",
        "nominal": "14",
        "lower": "13.95",
        "upper": "14.05",
    }


def test_parts_come_in_the_order_made_with_readings_and_measurements(plain: Path) -> None:
    parts = rows(plain / "parts.csv")
    assert [int(row["sequence"]) for row in parts] == list(range(1, 801))
    assert set(parts[0]) == {
        "sequence",
        "serial",
        "bar",
        "made_at",
        "provoked_fault",
        *READINGS,
        *CHARACTERISTICS,
    }
    times = [datetime.fromisoformat(row["made_at"]) for row in parts]
    assert times == sorted(times)
    assert times[0].tzinfo is not None
    assert all(float(row[name]) >= 0 for row in parts for name in READINGS)
    assert {row["provoked_fault"] for row in parts} == {"0"}
    assert parts[23]["bar"] != parts[24]["bar"]


def test_few_parts_are_not_measured_at_all_and_no_part_by_half(plain: Path) -> None:
    empty = [[row[name] == "" for name in CHARACTERISTICS] for row in rows(plain / "parts.csv")]
    assert all(all(part) or not any(part) for part in empty)
    assert 0 < sum(all(part) for part in empty) < 16


def test_maintenance_names_tool_changes_and_recalibrations(plain: Path) -> None:
    events = rows(plain / "maintenance.csv")
    assert {"tool changed", "recalibrated"} <= {row["event"] for row in events}
    assert [row["at"] for row in events] == sorted(row["at"] for row in events)


def test_frames_have_masks_labels_and_one_group_for_each_part(tmp_path: Path) -> None:
    told: list[int] = []
    write_recording(tmp_path, 12, 7, told.append, defect_share=0.5)
    frames = rows(tmp_path / "frames.csv")
    assert told == list(range(1, 13))
    assert list(frames[0]) == ["frame", "tile_group", "exposure", "label", "conforming", "mask"]
    assert [row["tile_group"] for row in frames] == [row["serial"] for row in rows(tmp_path / "parts.csv")]
    assert {row["conforming"] for row in frames} == {"0", "1"}
    for row in frames:
        picture = cv2.imread(str(tmp_path / row["frame"]), cv2.IMREAD_GRAYSCALE)
        mask = cv2.imread(str(tmp_path / row["mask"]), cv2.IMREAD_GRAYSCALE)
        assert picture is not None
        assert mask is not None
        assert picture.shape == mask.shape == (1024, 1280)
        assert row["exposure"] == "1"
        assert (row["label"] == "none") == (row["conforming"] == "1") == (not mask.any())
        assert set(np.unique(mask)) <= {0, 255}


def test_the_same_seed_writes_the_same_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_recording(tmp_path / name, 3, 9, lambda _: None)
    for path in (tmp_path / "one").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()
