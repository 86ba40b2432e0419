"""The risk of the next part: the regime, what is unusual, what happened to the line, and the forecast."""

from collections import deque
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from quality.cues import COUNTS_FROM, Cue, Interruptions, PartSeen
from quality.novelty import LEAST, MOST, NEEDED, USUAL, RecentReadings, TellingReading, distance
from quality.regime import Regime
from quality.risk import REMEMBERED, LineRisk, Trust, pooled

REGIME = Regime(bad_when_good=0.1, bad_when_bad=0.5, usually_bad=0.2, change=0.5, cue=1.5, most_change=0.6)
NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)


def part(number: int, **known: object) -> PartSeen:
    return PartSeen(f"P{number}", number, **known)  # type: ignore[arg-type] # each test says which it knows


def test_the_regime_fades_to_what_is_usual_and_faster_on_a_cue() -> None:
    assert REGIME.ahead(0.6, cue=False) == pytest.approx(0.5 * 0.6 + 0.5 * 0.2)
    # 0.5 · 1.5 would be 0.75; at most 0.6 counts.
    assert REGIME.ahead(0.6, cue=True) == pytest.approx(0.4 * 0.6 + 0.6 * 0.2)


def test_a_measured_part_moves_the_regime_by_bayes_rule() -> None:
    assert REGIME.risk(0.4) == pytest.approx(0.6 * 0.1 + 0.4 * 0.5)
    assert REGIME.learned(0.4, nonconforming=True) == pytest.approx(0.2 / 0.26)
    assert REGIME.learned(0.4, nonconforming=False) == pytest.approx(0.4 * 0.5 / 0.74)


def test_what_something_else_explains_says_less_about_the_regime() -> None:
    alone = REGIME.learned(0.4, nonconforming=True)
    assert 0.4 < REGIME.learned(0.4, nonconforming=True, ratio=20.0) < alone
    # Odds 1:9 and 1:1, twice as likely: 2/11 and 2/3.
    assert REGIME.risk(0.4, ratio=2.0) == pytest.approx(0.6 * 2 / 11 + 0.4 * 2 / 3)


def test_distance_is_in_robust_standard_deviations() -> None:
    # Median 3, median absolute deviation 1; the outlier does not widen it.
    assert distance(3 + 1.4826 * 2, deque([1.0, 2.0, 3.0, 4.0, 50.0])) == pytest.approx(2)
    assert distance(7.0, deque([0.0, 0.0])) == 0.0


def test_a_reading_is_unusual_only_against_enough_others() -> None:
    recent = RecentReadings()
    for value in range(NEEDED):
        assert recent.kinds({"kg": float(value)}) == {"kg": USUAL}
    assert recent.kinds({"kg": -100.0, "mm": 5.0}) == {"kg": 0, "mm": USUAL}
    assert recent.kinds({"kg": np.nan}) == {}


def test_a_reading_that_tells_nothing_is_soon_believed_to_tell_nothing() -> None:
    reading = TellingReading()
    assert reading.ratio(0) > 5
    rng = np.random.default_rng(1)
    for _ in range(400):
        reading.learn(int(rng.choice([0, USUAL])), nonconforming=bool(rng.random() < 0.3))
    assert 0.6 < reading.ratio(0) < 1.6


def test_a_reading_that_tells_is_learned() -> None:
    reading = TellingReading()
    for _ in range(20):
        reading.learn(5, nonconforming=True)
        reading.learn(USUAL, nonconforming=False)
    assert reading.ratio(5) == MOST
    assert reading.ratio(USUAL) == LEAST


def test_a_step_that_is_not_usual_is_a_gap() -> None:
    line = Interruptions()
    serials = [100 * bar + place for bar in range(1, 9) for place in range(1, 5)]
    cues = [line.before(PartSeen(str(serial), i)) for i, serial in enumerate(serials, 1)]
    # The first change of bar is new; from then on it is usual.
    assert set().union(*cues[8:]) == set()
    assert line.before(PartSeen("817", len(serials) + 1)) == {Cue.GAP}
    assert line.before(PartSeen("818", len(serials) + 3)) == {Cue.GAP}


def test_a_pause_a_restart_a_counter_set_back_and_maintenance_are_cues() -> None:
    line = Interruptions()
    for number in range(1, COUNTS_FROM + 3):
        at = NINE + timedelta(minutes=number)
        assert line.before(part(number, at=at, readings={"tool": number, "power": number % 3})) == set()
    at += timedelta(minutes=11)
    assert line.before(part(number + 1, at=at, readings={"tool": number + 1})) == {Cue.PAUSE}
    assert line.before(part(number + 2, readings={"tool": 1})) == {Cue.TOOL}
    assert line.before(part(number + 3, maintained=True)) == {Cue.MAINTENANCE}
    assert Cue.RESTART in line.before(part(1, boot_count=2))


def test_trust_is_what_came_true_of_what_was_said() -> None:
    trust = Trust(said=4.0, came=2.0)
    assert trust.believed(0.5) == 0.25
    trust = Trust()
    for _ in range(200):
        trust.learn(0.4, nonconforming=False)
    assert trust.believed(0.4) < 0.05
    assert Trust(said=1.0, came=9.0).believed(0.9) == 1.0


def test_after_a_bad_part_the_risk_is_high_and_falls_with_each_that_conforms() -> None:
    line, risks = LineRisk(), []
    for number in range(1, 9):
        risks.append(line.see(part(number)).probability)
        line.learn(f"P{number}", number, ["x"] if number == 2 else [])
    assert risks[2] > 3 * risks[1]
    assert all(later < earlier for earlier, later in pairwise(risks[2:]))


def test_a_part_that_was_not_measured_lets_the_doubt_grow() -> None:
    line = LineRisk()
    line.see(part(1))
    line.learn("P1", 1, [])
    risks = [line.see(part(number)).probability for number in range(2, 12)]
    assert all(later > earlier for earlier, later in pairwise(risks))
    assert risks[-1] < LineRisk().see(part(1)).probability


def test_a_measurement_that_comes_late_counts_as_if_it_had_come_at_once() -> None:
    at_once, late = LineRisk(), LineRisk()
    for number in range(1, 7):
        at_once.see(part(number))
        if number in {2, 3}:
            at_once.learn(f"P{number}", number, ["x"])
        late.see(part(number))
    for number in (3, 2):
        late.learn(f"P{number}", number, ["x"])
    assert late.see(part(7)).probability == pytest.approx(at_once.see(part(7)).probability)


def test_a_measurement_counts_once_and_one_of_an_unknown_part_not_at_all() -> None:
    once, again = LineRisk(), LineRisk()
    for line in (once, again):
        line.see(part(1, chances={"x": 0.3}))
        line.learn("P1", 1, ["x"])
    again.learn("P1", 1, ["x"])
    again.learn("P9", 9, ["x"])
    assert again.see(part(2, chances={"x": 0.3})) == once.see(part(2, chances={"x": 0.3}))


def test_what_is_forgotten_has_moved_the_belief_all_the_same() -> None:
    line = LineRisk(Regime(change=1e-6))
    for number in range(1, REMEMBERED + 10):
        line.see(part(number))
        if number <= 5:
            line.learn(f"P{number}", number, ["x"])
    assert line.see(part(number + 1)).regime > 0.99


def test_regime_and_forecast_are_weighed_in_log_odds_around_what_is_usual() -> None:
    assert pooled(0.1, 0.1, 0) == pytest.approx(0.1)
    # Odds of 1:1 are nine times the usual 1:9; 9 ** 0.4 of the usual, and 9 ** 0.8.
    assert pooled(0.1, 0.5, 0) == pytest.approx(1 / (1 + 9 / 9**0.4))
    assert pooled(0.5, 0.1, 0) == pytest.approx(1 / (1 + 9 / 9**0.8))
    assert pooled(0.5, 0.5, 9) == pooled(0.5, 0.5, 0)
    assert pooled(0.3, 0.0, 0) == pooled(0.3, 0.02, 0)


def test_a_forecast_that_all_is_well_fades_while_nothing_is_measured() -> None:
    risks = [pooled(0.2, 0.02, age) for age in range(40)]
    assert all(later > earlier for earlier, later in pairwise(risks))
    assert risks[-1] == pytest.approx(pooled(0.2, 0.1, 0), rel=0.01)


def test_a_line_weighs_its_forecast_by_the_parts_since_one_was_measured() -> None:
    line = LineRisk()
    line.see(part(1))
    line.learn("P1", 1, [])
    for age in range(3):
        risk = line.see(part(2 + age, chances={"x": 0.5, "y": 0.2} if age < 2 else {"x": 0.0}))
    assert risk.forecast == 0.0
    assert risk.probability == pytest.approx(pooled(Regime().risk(risk.regime), 0.0, 2))
