"""What drifts is an alarm with its effect, and the effect is more reviews, never silence."""

from pathlib import Path

import numpy as np
import pytest

from edge.cycle.alarms import Alarms
from edge.cycle.drift import Drift, WatchedForecaster
from edge.cycle.judging import Judging
from quality.characteristic import LineId, PartSerial, StationId
from quality.drift import SILENT_FROM, WINDOW, reference
from quality.evidence import Finding, Forecast, Measurement, Reading
from quality.inspection import Cycle, Evidence, Inspection
from quality.judgement import Verdict
from quality.plan import ControlPlan
from quality.station import Scan
from tests.fakes import START, FakeClock, FakeForecaster, FakeRecords, InlineExecutor, status


class Station:
    """Parts as they go by; what is not said of one is as usual."""

    def __init__(
        self, alarms: Alarms, plan: ControlPlan, file: Path, models: tuple[str, ...] = ("f" * 64,)
    ) -> None:
        self.rng = np.random.default_rng(3)
        self.drift = Drift(alarms, plan, file, models)
        self.number = 0

    async def part(
        self,
        power: float | None = None,
        score: float | None = None,
        offset: float = 0.0,
        verdict: Verdict = Verdict.PASS,
        measured: float | None = None,
    ) -> None:
        self.number += 1
        serial = PartSerial(f"BM-{self.number}")
        cycle = Cycle(LineId("line-1"), StationId("milling"), 1, self.number, serial, START)
        power = float(self.rng.normal()) if power is None else power
        score = float(self.rng.beta(1, 20)) if score is None else score
        readings = (Reading("power_kw", power, "kW", START), Reading("x_um", float(self.number), "µm", START))
        evidence = Evidence(
            readings=readings,
            forecast=Forecast(("hole_x_mm",), np.array([0.0]), np.array([0.02]), "f" * 64),
            findings=(Finding("face", score + offset, np.zeros((1, 1), np.float32), (), "5" * 64),),
        )
        await self.drift.see(Inspection(cycle, evidence, (), verdict, START, "plan", ()))
        if measured is not None:
            self.drift.learn([Measurement("hole_x_mm", measured, serial, self.number, START)])

    async def parts(self, count: int, **said: float | Verdict) -> None:
        for _ in range(count):
            await self.part(**said)  # type: ignore[arg-type]  # each as `part` takes it


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "references.json"


@pytest.fixture
def station(alarms: Alarms, plan: ControlPlan, file: Path) -> Station:
    return Station(alarms, plan, file)


async def test_a_line_that_stays_as_it_is_raises_nothing(station: Station, records: FakeRecords) -> None:
    await station.parts(3 * WINDOW)
    assert not records.alarms
    assert not station.drift.wary
    state = station.drift.state()
    assert set(state["series"]) == {"reading power_kw", "surface face"}  # type: ignore[call-overload]  # plain JSON


async def test_a_reading_that_moves_is_an_alarm_until_it_comes_back(
    station: Station, records: FakeRecords
) -> None:
    await station.parts(WINDOW)
    for _ in range(WINDOW):
        await station.part(power=float(station.rng.normal(1.5)))
    sentence = records.alarms["reading power_kw", "drift"].sentence
    for words in ("lies elsewhere", "seen at BM-", "median", "chance allows", "half the usual", "Mend: look at"):
        assert words in sentence
    assert station.drift.wary
    await station.parts(WINDOW)
    assert not records.alarms
    assert not station.drift.wary


async def test_a_sensor_that_stands_still_is_silent_until_it_moves(station: Station, records: FakeRecords) -> None:
    await station.parts(WINDOW)
    await station.parts(SILENT_FROM - 1, power=0.1)
    assert not records.alarms
    await station.part(power=0.1)
    assert f"has read 0.1 on {SILENT_FROM} parts" in records.alarms["reading power_kw", "silent"].sentence
    assert station.drift.wary
    await station.part()
    assert not records.alarms


async def test_scores_of_passed_faces_that_move_are_an_alarm(station: Station, records: FakeRecords) -> None:
    await station.parts(WINDOW)
    await station.parts(WINDOW, offset=0.5, verdict=Verdict.HOLD)
    assert not records.alarms
    await station.parts(WINDOW, offset=0.1)
    assert "surface face lies elsewhere" in records.alarms["surface face", "drift"].sentence


async def test_intervals_that_miss_are_an_alarm_that_names_the_characteristic(
    station: Station, records: FakeRecords
) -> None:
    await station.parts(40, measured=0.01)
    assert not records.alarms
    await station.parts(20, measured=0.05)
    assert "The forecast of hole x misses its 90 % interval" in records.alarms["forecast", "coverage"].sentence
    assert station.drift.wary
    await station.parts(60, measured=0.01)
    assert not records.alarms


async def test_measurements_are_counted_on_their_way_to_the_forecaster(station: Station) -> None:
    inner = FakeForecaster(Forecast(("hole_x_mm",), np.array([0.0]), np.array([0.02]), "f" * 64))
    watched = WatchedForecaster(inner, station.drift)
    await station.part()
    twice = [Measurement("hole_x_mm", 0.9, PartSerial("BM-1"), 1, START)] * 2
    watched.learn(twice)
    watched.learn(twice)
    assert len(inner.learned) == 4
    assert station.drift.state()["missed"] == {"hole_x_mm": 1.0}


async def test_a_reference_outlives_a_restart_and_not_its_model(
    station: Station, alarms: Alarms, plan: ControlPlan, file: Path, records: FakeRecords
) -> None:
    await station.parts(WINDOW)
    again = Station(alarms, plan, file)
    for _ in range(WINDOW):
        await again.part(power=float(again.rng.normal(1.5)))
    assert ("reading power_kw", "drift") in records.alarms
    another = Station(alarms, plan, file, models=("a" * 64,))
    await another.parts(WINDOW - 1)
    assert another.drift.state()["series"]["reading power_kw"]["reference"] == "199 parts so far"  # type: ignore[index]  # plain JSON


def test_a_reference_file_that_is_damaged_is_taken_anew(alarms: Alarms, plan: ControlPlan, file: Path) -> None:
    for content in ("{", "[]", '{"models": ["' + "f" * 64 + '"], "series": {"reading power_kw": {}}}'):
        file.write_text(content)
        assert Station(alarms, plan, file).drift.state()["series"] == {}


async def test_a_bundles_own_reference_comes_first(
    alarms: Alarms, plan: ControlPlan, file: Path, records: FakeRecords
) -> None:
    rng = np.random.default_rng(4)
    before = reference([float(value) for value in rng.normal(3.0, size=2000)])
    station = Station(alarms, plan, file)
    station.drift = Drift(alarms, plan, file, (), {"power_kw": before})
    await station.parts(WINDOW)
    assert "median 2.9" in records.alarms["reading power_kw", "drift"].sentence


@pytest.mark.parametrize(("drifts", "verdict"), [(False, Verdict.PASS), (True, Verdict.REVIEW)])
async def test_while_something_drifts_half_the_usual_probability_is_reviewed(
    plan: ControlPlan, clock: FakeClock, *, drifts: bool, verdict: Verdict
) -> None:
    """The chance of being outside is 15 %, and the plan reviews from 20 % on."""
    forecaster = FakeForecaster(Forecast(("hole_x_mm",), np.array([0.0]), np.array([0.125]), "f" * 64))
    judging = Judging(plan, clock, InlineExecutor, forecaster, [], (), deadline_s=2, drifts=lambda: drifts)
    cycle = Cycle(LineId("line-1"), StationId("milling"), 1, 1, PartSerial("BM-1"), START)
    inspection = await judging.judge(cycle, Scan(status(), (), START, 1000.0))
    assert inspection.verdict is verdict
    assert inspection.plan_version == plan.version
