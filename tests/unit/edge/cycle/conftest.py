"""What the tests of the edge process share."""

from collections.abc import Iterator

import pytest

from edge.cycle.alarms import Alarms
from edge.cycle.holds import Holds
from edge.cycle.writer import Writer
from quality.characteristic import Characteristic, Limits
from quality.plan import ControlPlan, ParameterRule, ReactionPlan, Thresholds
from tests.fakes import FakeClock, FakeGate, FakeRecords, InlineWriter


@pytest.fixture
def plan() -> ControlPlan:
    hole = Characteristic("hole_x_mm", "mm", Limits(-0.18, 0.18), 0.0, "hole x")
    rule = ParameterRule("x_um", "x offset", "µm", 3, Limits(-150, 150), 100, {"hole_x_mm": 0.001})
    return ControlPlan("beam", (hole,), Thresholds(0.2, 0.6), Thresholds(0.3, 0.7), 5, ReactionPlan(), (rule,))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def gate(clock: FakeClock) -> FakeGate:
    return FakeGate(clock)


@pytest.fixture
def records() -> FakeRecords:
    return FakeRecords()


@pytest.fixture
def write() -> Iterator[Writer]:
    writer = InlineWriter()
    yield writer
    writer.close()


@pytest.fixture
def alarms(records: FakeRecords, write: Writer, clock: FakeClock) -> Alarms:
    return Alarms(records, write, clock)


@pytest.fixture
def holds(gate: FakeGate, records: FakeRecords, write: Writer, alarms: Alarms, clock: FakeClock) -> Holds:
    return Holds(gate, records, write, alarms, clock, every_s=0.25)
