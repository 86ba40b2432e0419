"""A triggered camera's count against the cycles of the PLC."""

from datetime import UTC, datetime

from edge.acquisition.pairing import Pairing
from quality.characteristic import LineId, PartSerial, StationId
from quality.inspection import Cycle


def cycle(sequence: int, boot: int = 1) -> Cycle:
    serial = PartSerial(f"BM-{sequence}")
    return Cycle(LineId("line"), StationId("station"), boot, sequence, serial, datetime(2026, 11, 24, tzinfo=UTC))


def paired(counter: int = 17, sequence: int = 5) -> Pairing:
    """The cycle after `sequence` is the first whose picture counts."""
    pairing = Pairing()
    assert pairing.problem(cycle(sequence), (counter,)) is not None
    assert pairing.problem(cycle(sequence + 1), (counter + 1,)) is None
    return pairing


def test_the_first_count_is_a_guess_that_the_next_cycle_proves() -> None:
    pairing = Pairing()
    problem = pairing.problem(cycle(5), (17,))
    assert problem is not None
    assert "17 came with cycle 5" in problem
    assert "prove with 18" in problem
    assert pairing.problem(cycle(6), (18,)) is None
    assert pairing.due(cycle(9)) == 21


def test_a_guess_asked_about_again_does_not_prove_itself() -> None:
    pairing = Pairing()
    assert pairing.problem(cycle(5), (17,)) is not None
    assert pairing.problem(cycle(5), (17,)) is not None
    assert pairing.problem(cycle(6), (18,)) is None


def test_cycles_that_the_edge_never_saw_are_counted_by_both() -> None:
    assert paired().problem(cycle(11), (23,)) is None


def test_a_missed_trigger_is_named_with_both_numbers_until_two_cycles_agree_again() -> None:
    pairing = paired()
    problem = pairing.problem(cycle(8), (19,))
    assert problem is not None
    assert "cycle 8 is counted 19 where 20 was due: a trigger was missed" in problem
    assert pairing.problem(cycle(9), (20,)) is None


def test_an_extra_trigger_is_named_with_both_numbers_until_two_cycles_agree_again() -> None:
    pairing = paired()
    problem = pairing.problem(cycle(7), (20,))
    assert problem is not None
    assert "cycle 7 is counted 20 where 19 was due: it was triggered too often" in problem
    assert pairing.problem(cycle(8), (22,)) is not None
    assert pairing.problem(cycle(9), (23,)) is None


def test_two_pictures_with_one_cycle_are_no_evidence_even_when_one_is_due() -> None:
    pairing = paired()
    problem = pairing.problem(cycle(7), (19, 20))
    assert problem is not None
    assert "2 pictures, counted 19, 20, came with cycle 7" in problem
    assert pairing.problem(cycle(8), (21,)) is None


def test_a_plc_that_starts_anew_is_paired_anew() -> None:
    pairing = paired()
    assert pairing.problem(cycle(1, boot=2), (19,)) is not None
    assert pairing.problem(cycle(2, boot=2), (20,)) is None
    assert pairing.due(cycle(7, boot=1)) is None


def test_a_camera_that_starts_anew_is_paired_anew() -> None:
    pairing = paired()
    pairing.forget()
    assert pairing.problem(cycle(7), (1,)) is not None
    assert pairing.problem(cycle(8), (2,)) is None
