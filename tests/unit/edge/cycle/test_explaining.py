"""What moved a suspect part's forecast is put on record behind the verdict, or not at all."""

from collections.abc import Sequence

import numpy as np
import pytest

from edge.cycle.explaining import Explaining
from edge.cycle.model_thread import ModelThread
from edge.cycle.writer import Writer
from quality.characteristic import LineId, PartSerial, StationId
from quality.evidence import Forecast, Reading
from quality.influence import Influence
from quality.inspection import Cycle, Evidence, Inspection
from quality.judgement import Judgement, Verdict
from tests.fakes import START, FakeClock, FakeRecords, InlineExecutor

CYCLE = Cycle(LineId("l"), StationId("s"), 1, 7, PartSerial("P7"), START)
HOT = Influence("coolant_c", 31.0, 20.0, 0.05)


class Explains:
    """Says the same of every part, and remembers what it was asked about."""

    def __init__(self, answer: Sequence[Influence] | Exception) -> None:
        self._answer = answer
        self.about: list[str] = []

    def explain(self, cycle: Cycle, readings: Sequence[Reading], characteristic: str) -> Sequence[Influence]:
        assert (cycle, readings) == (CYCLE, ())
        self.about.append(characteristic)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def judged(*judgements: Judgement) -> Inspection:
    forecast = Forecast(("x_mm", "y_mm"), np.zeros(2), np.ones(2), "f" * 64)
    return Inspection(CYCLE, Evidence(forecast=forecast), judgements, Verdict.HOLD, START, "plan", ())


def suspect(subject: str, probability: float) -> Judgement:
    return Judgement(subject, probability, Verdict.HOLD, marginal=False)


async def explained(explainer: Explains, inspection: Inspection) -> FakeRecords:
    records = FakeRecords(inspections={(1, 7): inspection})
    thread = ModelThread("explanation", InlineExecutor, FakeClock(START), within_s=5.0)
    await Explaining(explainer, thread, records, Writer(InlineExecutor())).explain(inspection)
    return records


async def test_the_gravest_characteristic_is_explained() -> None:
    explainer = Explains((HOT,))
    records = await explained(
        explainer, judged(suspect("surface:face", 0.99), suspect("x_mm", 0.6), suspect("y_mm", 0.8))
    )
    assert explainer.about == ["y_mm"]
    assert records.influences == {(1, 7): ("y_mm", (HOT,))}


@pytest.mark.parametrize(
    "judgements",
    [
        (suspect("surface:face", 0.99),),
        (Judgement("x_mm", 0.1, Verdict.PASS, marginal=False),),
    ],
)
async def test_what_is_not_suspect_for_its_forecast_is_not_explained(judgements: tuple[Judgement, ...]) -> None:
    explainer = Explains((HOT,))
    assert (await explained(explainer, judged(*judgements))).influences == {}
    assert explainer.about == []


@pytest.mark.parametrize("answer", [(), RuntimeError("the graph fails")])
async def test_without_an_answer_nothing_is_recorded(answer: tuple[()] | RuntimeError) -> None:
    explainer = Explains(answer)
    assert (await explained(explainer, judged(suspect("x_mm", 0.9)))).influences == {}
    assert explainer.about == ["x_mm"]
