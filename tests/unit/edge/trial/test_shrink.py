"""The shortest story: no fault in it that the violation does not need."""

from collections.abc import Sequence

from edge.trial.invariants.rule import Violation
from edge.trial.schedule import Fault, FaultKind, draw
from edge.trial.shift import Outcome
from edge.trial.shrink import MOST_RUNS, shrink

NEEDED = frozenset({FaultKind.PLC_REBOOT, FaultKind.EDGE_KILLED, FaultKind.LINK_CUT})


class Planted:
    """A line with a defect that shows when all the needed faults have come; another one shows with any fault."""

    def __init__(self, needed: frozenset[FaultKind], invariant: int = 1) -> None:
        self._needed = needed
        self._invariant = invariant
        self.runs = 0

    def __call__(self, faults: Sequence[Fault], hours: float) -> Outcome:
        self.runs += 1
        came: set[FaultKind] = set()
        for fault in faults:
            came.add(fault.kind)
            if came >= self._needed and fault.at < hours * 3600:
                return outcome(Violation(fault.at + 5, self._invariant, "a part has passed"))
        return outcome(Violation(1.0, 12, "something else")) if came else outcome()


def outcome(*violations: Violation) -> Outcome:
    return Outcome(0, {}, {}, violations, ())


def test_of_all_the_faults_of_a_shift_the_needed_ones_are_left_at_its_start() -> None:
    faults = draw(3, 8.0)
    line = Planted(NEEDED)
    story = shrink(faults, 8.0, line(faults, 8.0), line)
    assert {fault.kind for fault in story.faults} == NEEDED
    assert len(story.faults) == len(NEEDED)
    assert story.faults[0].at <= 120
    assert story.hours < 8
    assert story.outcome.violations[0].invariant == 1
    assert story.runs <= MOST_RUNS


def test_a_line_that_breaks_by_itself_needs_no_fault() -> None:
    faults = draw(3, 8.0)
    always = Planted(frozenset())

    def run(faults: Sequence[Fault], hours: float) -> Outcome:
        return always(faults, hours) if faults else outcome(Violation(40.0, 1, "a part has passed"))

    story = shrink(faults, 8.0, run(faults, 8.0), run)
    assert story.faults == ()


def test_the_schedule_is_the_seeds_and_leaving_a_kind_out_moves_no_other() -> None:
    assert draw(5, 8.0) == draw(5, 8.0) != draw(6, 8.0)
    assert {fault.kind for fault in draw(5, 8.0)} == set(FaultKind)
    some = draw(5, 8.0, [FaultKind.LINK_CUT, FaultKind.PLC_BUSY])
    assert some == tuple(f for f in draw(5, 8.0) if f.kind in {FaultKind.LINK_CUT, FaultKind.PLC_BUSY})
    assert all(fault.at + fault.seconds <= 8 * 3600 - 600 for fault in draw(5, 8.0))
