"""The plant of a trial: what goes wrong with it does, and the chronicle tells the truth about it."""

from collections.abc import Sequence
from random import Random

import pytest

from edge.simulator.plc_program import COMMAND, LAST_SEQUENCE
from edge.simulator.registers import DeviceRefusal, check_word, uint32_of, words_of_serial, words_of_uint32
from edge.trial.chronicle import Chronicle, Cleared, Entered, Kept, Passed, VerdictTaken
from edge.trial.parts import PartMaker
from edge.trial.plc import Plc
from edge.trial.schedule import FaultKind

PASS, HOLD = 1, 3
STATUS_WORDS = 50


class Bench:
    """A PLC whose time the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.beats = 0
        self.chronicle = Chronicle()
        maker = PartMaker(Random(1))
        self.plc = Plc(maker.make, self.chronicle, lambda: self.seconds, Random(2))

    def run(self, seconds: float, *, beating: bool = True) -> None:
        end = self.seconds + seconds
        while self.seconds < end - 1e-9:
            self.seconds = min(end, self.seconds + 0.2)
            self.plc.advance()
            if beating:
                self.beats = (self.beats + 1) & 0xFFFF
                self.plc.write_registers(COMMAND, (self.beats,))

    def status(self) -> Sequence[int]:
        return self.plc.read_registers(0, STATUS_WORDS)

    def give(self, verdict: int) -> None:
        """A verdict on the part that stands there."""
        part = self.chronicle.all(Entered)[-1]
        sequence = (part.sequence - 1) % LAST_SEQUENCE + 1
        body = (*words_of_uint32(sequence), *words_of_serial(part.part.serial), verdict, 0)
        self.plc.write_registers(COMMAND, (self.beats, *body, check_word(body)))


def test_parts_enter_pass_and_are_kept_and_the_chronicle_says_so() -> None:
    bench = Bench()
    bench.run(1)
    bench.give(PASS)
    bench.run(31)
    bench.give(HOLD)
    entered = bench.chronicle.all(Entered)
    assert [fact.sequence for fact in entered] == [1, 2]
    assert [(fact.sequence, fact.by) for fact in bench.chronicle.all(Passed)] == [(1, "PASS")]
    assert [fact.part.serial for fact in bench.chronicle.all(Kept)] == [entered[1].part.serial]
    assert [(fact.verdict, fact.answer) for fact in bench.chronicle.all(VerdictTaken)] == [(PASS, 1), (HOLD, 1)]


def test_how_long_the_heartbeat_has_stood_is_measured_by_the_plant() -> None:
    bench = Bench()
    bench.run(1)
    bench.run(1.4, beating=False)
    bench.give(PASS)
    assert bench.chronicle.all(Passed)[0].silent_s == pytest.approx(1.4, abs=0.01)


def test_a_halted_program_sees_only_what_stands_there_when_it_goes_on() -> None:
    bench = Bench()
    bench.run(1)
    bench.plc.begin(FaultKind.PLC_HALTED, 5.0, 0)
    before = bench.status()[5]
    bench.give(PASS)
    bench.run(4)
    assert bench.status()[5] == before, "its heartbeat stands"
    assert not bench.chronicle.all(Passed)
    bench.run(2)
    assert [fact.by for fact in bench.chronicle.all(Passed)] == ["PASS"]


@pytest.mark.parametrize(("kind", "code"), [(FaultKind.PLC_BUSY, 6), (FaultKind.PLC_EXCEPTION, 10)])
def test_a_refusing_plc_comes_back(kind: FaultKind, code: int) -> None:
    bench = Bench()
    bench.run(1)
    bench.plc.begin(kind, 3.0, 4)
    with pytest.raises(DeviceRefusal) as refusal:
        bench.status()
    assert refusal.value.code == code
    bench.seconds += 3.1
    assert bench.status()[0] == 0x4A44


def test_a_glitch_hits_one_word_of_one_read() -> None:
    bench = Bench()
    bench.run(1)
    sound = bench.status()
    bench.plc.begin(FaultKind.REGISTER_GLITCH, 0.0, 32)
    glitched = bench.status()
    assert [at for at in range(STATUS_WORDS) if glitched[at] != sound[at]] == [32]
    assert bench.status() == sound


def test_the_count_goes_on_where_the_register_starts_again() -> None:
    bench = Bench()
    bench.run(1)
    bench.give(PASS)
    bench.plc.begin(FaultKind.SEQUENCE_ROLLOVER, 0.0, 0)
    for _ in range(4):
        bench.run(31)
        bench.give(PASS)
    counts = [fact.sequence for fact in bench.chronicle.all(Entered)]
    assert counts == [1, LAST_SEQUENCE - 1, LAST_SEQUENCE, LAST_SEQUENCE + 1, LAST_SEQUENCE + 2]
    assert uint32_of(bench.status()[6:8]) == 2
    assert len(bench.chronicle.all(Passed)) == len(counts)


def test_a_slip_takes_one_part_out_and_lets_the_next_in() -> None:
    bench = Bench()
    bench.run(1)
    bench.plc.begin(FaultKind.SLIP, 0.0, 0)
    bench.run(0.4)
    first, second = bench.chronicle.all(Entered)
    assert [(fact.part.serial, fact.by) for fact in bench.chronicle.all(Cleared)] == [(first.part.serial, "hand")]
    assert second.sequence == 2
    assert second.part.serial != first.part.serial
