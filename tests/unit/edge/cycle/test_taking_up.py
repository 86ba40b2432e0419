"""A restarted edge gives the forecast model its history, and stands by it when the model fails at that."""

from collections.abc import Sequence

import numpy as np
import pytest

from edge.cycle.judging import Judging
from quality.characteristic import LineId, PartSerial, StationId
from quality.evidence import Forecast
from quality.inspection import Cycle
from quality.plan import ControlPlan
from quality.ports import Forecaster, HistoryRow
from tests.fakes import START, FakeClock, FakeForecaster, InlineExecutor

ROWS: list[HistoryRow] = [(Cycle(LineId("l"), StationId("s"), 1, 1, PartSerial("P1"), START), (), ())]


class Failing(FakeForecaster):
    """Takes the history, and fails at forecasting it over again."""

    def restore(self, rows: Sequence[HistoryRow]) -> None:
        super().restore(rows)
        raise RuntimeError("non-zero status code")


def _judging(plan: ControlPlan, forecaster: Forecaster | None) -> Judging:
    return Judging(plan, FakeClock(START), InlineExecutor, forecaster, (), (), deadline_s=2.0)


@pytest.mark.parametrize("kind", [FakeForecaster, Failing])
async def test_the_forecaster_has_its_history_even_if_it_fails_at_it(
    plan: ControlPlan, kind: type[FakeForecaster]
) -> None:
    forecaster = kind(Forecast(("hole_x_mm",), np.zeros(1), np.ones(1), "f" * 64))
    await _judging(plan, forecaster).take_up(ROWS)
    assert forecaster.restored == ROWS


async def test_without_a_forecaster_there_is_nothing_to_take_up(plan: ControlPlan) -> None:
    await _judging(plan, None).take_up(ROWS)
