"""What the store writes as JSON inside a row, and how it is read back."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from quality.evidence import Finding, Reading
from quality.influence import Influence
from quality.inspection import Evidence
from quality.judgement import Judgement, Reason, ReasonCode, Verdict
from records.moments import micros, moment
from records.views import FindingView, ForecastView

MAP_ROWS, MAP_COLUMNS = 64, 80
_NUMPY = orjson.OPT_SERIALIZE_NUMPY


def to_json(value: object) -> str:
    """Compact JSON. Numbers that are not finite become null."""
    return orjson.dumps(value, option=_NUMPY).decode()


def judgements_from(text: str) -> tuple[Judgement, ...]:
    """The judgements of one inspection."""
    return tuple(
        Judgement(
            subject=each["subject"],
            probability=_number(each["probability"]),
            verdict=Verdict(each["verdict"]),
            marginal=each["marginal"],
            reasons=tuple(Reason(ReasonCode(reason["code"]), reason["values"]) for reason in each["reasons"]),
        )
        for each in orjson.loads(text)
    )


def readings_json(evidence: Evidence) -> str:
    """Each reading as [name, value, unit, microseconds]."""
    return to_json([(each.name, each.value, each.unit, micros(each.at)) for each in evidence.readings])


def readings_from(text: str) -> tuple[Reading, ...]:
    """The readings of one inspection."""
    return tuple(Reading(name, _number(value), unit, moment(at)) for name, value, unit, at in orjson.loads(text))


def forecast_json(evidence: Evidence) -> str:
    """Each characteristic with its [mean, scale]; empty when there was no forecast."""
    if evidence.forecast is None:
        return "{}"
    pairs = zip(evidence.forecast.mean.tolist(), evidence.forecast.scale.tolist(), strict=True)
    return to_json(dict(zip(evidence.forecast.characteristics, pairs, strict=True)))


def forecasts_from(text: str) -> tuple[ForecastView, ...]:
    """The forecasts of one inspection."""
    return tuple(
        ForecastView(name, _number(mean), _number(scale)) for name, (mean, scale) in orjson.loads(text).items()
    )


def influences_json(influences: Sequence[Influence]) -> str:
    """Each influence as [source, value, usual, moved]."""
    return to_json([(each.source, each.value, each.usual, each.moved) for each in influences])


def influences_from(text: str) -> tuple[Influence, ...]:
    """The influences on one forecast."""
    return tuple(Influence(*each) for each in orjson.loads(text))


@dataclass(frozen=True, slots=True)
class SeenFrame:
    """A frame as the inspection remembers it, whether its file is kept or not."""

    camera: str
    sha256: str
    captured_at: datetime
    width: int
    height: int


def sights_json(evidence: Evidence, sizes: Mapping[str, tuple[int, int]]) -> str:
    """Frames, findings without their maps, and what was missing. `sizes` is (width, height) by SHA-256."""
    return to_json(
        {
            "frames": [
                (each.camera, each.sha256, micros(each.captured_at), *sizes[each.sha256])
                for each in evidence.frames
            ],
            "findings": [
                (
                    each.camera,
                    each.score,
                    [(box.left, box.top, box.width, box.height, box.score) for box in each.boxes],
                )
                for each in evidence.findings
            ],
            "missing": [(each.device, each.problem, each.mend) for each in evidence.missing],
        }
    )


def sights_from(
    text: str, maps: Mapping[str, tuple[tuple[int, ...], ...]]
) -> tuple[tuple[SeenFrame, ...], tuple[FindingView, ...]]:
    """The frames and findings of one inspection; `maps` holds the kept map of each camera."""
    sights = orjson.loads(text)
    frames = tuple(
        SeenFrame(camera, sha256, moment(at), width, height)
        for camera, sha256, at, width, height in sights["frames"]
    )
    findings = tuple(
        FindingView(camera, _number(score), _boxes(boxes), maps.get(camera))
        for camera, score, boxes in sights["findings"]
    )
    return frames, findings


def coarse_map(finding: Finding) -> NDArray[np.uint8]:
    """The map as uint8, at most 64 by 80: the greatest value of each block, so that no small defect is lost."""
    cells = np.nan_to_num(finding.map, nan=0.0)
    high, wide = (
        math.ceil(length / most) for length, most in zip(cells.shape, (MAP_ROWS, MAP_COLUMNS), strict=True)
    )
    cells = np.maximum.reduceat(cells, np.arange(0, cells.shape[0], high), axis=0)
    cells = np.maximum.reduceat(cells, np.arange(0, cells.shape[1], wide), axis=1)
    return np.asarray(np.rint(np.clip(cells, 0.0, 1.0) * 255), dtype=np.uint8)


def map_from(cells: bytes, columns: int) -> tuple[tuple[int, ...], ...]:
    """The rows of a kept map, 0..255."""
    return tuple(tuple(cells[start : start + columns]) for start in range(0, len(cells), columns))


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _boxes(boxes: list[Any]) -> tuple[tuple[int, int, int, int, float], ...]:
    return tuple((left, top, width, height, score) for left, top, width, height, score in boxes)
