"""The reference function block of docs/plc.md, run as it stands there, keeps the contract it illustrates."""

from collections.abc import Callable, Iterator

import pytest

from edge.conformance.sheet import Outcome
from edge.simulator.registers import check_word, uint32_of, words_of_serial, words_of_uint32
from tests.structured_text.plant import COMMAND, ORDER, PLACES, ReferencePlc, reference_block, reference_text
from tests.structured_text.values import Array
from tests.unit.edge.conformance.cases import BROKEN
from tests.unit.edge.conformance.served import Sheet

SCAN_S = 0.01
PASS, HOLD = 1, 3
RELEASE, SET_PARAMETER = 3, 5


def test_it_passes_the_whole_sheet(sheets: dict[object, Sheet]) -> None:
    sheet, left = sheets[reference_text()]
    assert {line.outcome for line in sheet.values()} == {Outcome.PASS}, [str(line) for line in sheet.values()]
    assert left == []


@pytest.mark.parametrize(("right", "wrong", "number"), BROKEN, ids=[number for _, _, number in BROKEN])
def test_each_of_these_lines_is_needed(right: str, wrong: str, number: str, sheets: dict[object, Sheet]) -> None:
    text = reference_text()
    assert right in text
    sheet, _ = sheets[text.replace(right, wrong)]
    failed = [line.number for line in sheet.values() if line.outcome is Outcome.FAIL]
    assert number in failed, failed


def test_the_check_word_is_that_of_the_document() -> None:
    words = [0, 0, 0x11, 0x4242, 0x2D30, 0x3030, 0x3132, 0x3300, 0, 0, 0, 3, 5, 0]
    compute = reference_block(reference_text())["JD_CheckWord"]
    assert compute(Words=Array(0, words), First=1, Count=12) == 0x83C8
    assert compute(Words=Array(0, [0] * 14), First=1, Count=12) == 0xF77A


class Edge:
    """Beats, gives verdicts and orders between the scans."""

    def __init__(self, plc: ReferencePlc) -> None:
        self.plc = plc
        self._beats = 0

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        for _ in range(round(seconds / SCAN_S)):
            self._beats = (self._beats + 1) & 0xFFFF
            self.plc.write_registers(COMMAND, [self._beats])
            self.plc.step(SCAN_S)
            if until():
                return

    def status(self, offset: int, words: int = 1) -> int:
        read = self.plc.read_registers(offset, words)
        return read[0] if words == 1 else uint32_of(read)

    @property
    def waiting(self) -> bool:
        return self.status(16) & 3 == 3

    def tell(self, sequence: int, serial: str, verdict: int) -> tuple[int, int]:
        body = [*words_of_uint32(sequence), *words_of_serial(serial), verdict, 0]
        self.plc.write_registers(COMMAND + 1, [*body, check_word(body)])
        self.run(2 * SCAN_S)
        return self.status(17, 2), self.status(19)

    def order(self, sequence: int, code: int, target: int, value: int = 0) -> tuple[int, int]:
        body = [*words_of_uint32(sequence), code, *words_of_uint32(target), *words_of_uint32(value & 0xFFFFFFFF)]
        self.plc.write_registers(ORDER, [*body, check_word(body)])
        self.run(2 * SCAN_S)
        return self.status(20, 2), self.status(22)

    def hold_next(self) -> tuple[int, str]:
        self.run(1, lambda: self.waiting)
        part = (self.status(6, 2), self.plc.part)
        held = self.status(23)
        assert self.tell(*part, HOLD) == (part[0], 1)
        self.run(1, lambda: self.status(23) == held + 1)
        return part


@pytest.fixture
def edge() -> Iterator[Edge]:
    edge = Edge(ReferencePlc())
    edge.run(0.1)
    yield edge
    assert not edge.plc.passed_unasked


def test_a_restart_forgets_the_answer_and_keeps_lane_orders_and_stop(edge: Edge) -> None:
    held, _ = edge.hold_next()
    assert edge.order(7, SET_PARAMETER, 1, 20) == (7, 1)
    edge.run(1, lambda: edge.waiting)
    boot, part = edge.status(4), edge.plc.part
    assert edge.tell(edge.status(6, 2), "nobody", HOLD)[1] == 17
    edge.plc.restart()
    edge.run(0.1)
    assert edge.status(4) == boot + 1
    assert (edge.status(17, 2), edge.status(19)) == (0, 0)
    assert (edge.status(6, 2), edge.plc.part, edge.waiting) == (1, part, True)
    assert (edge.status(20, 2), edge.status(22), edge.status(23)) == (7, 1, 1)
    assert edge.order(8, RELEASE, held) == (8, 1)


def test_two_held_parts_of_one_number_are_an_unknown_target(edge: Edge) -> None:
    """One of them is from before a restart."""
    sequence, before = edge.hold_next()
    edge.plc.restart()
    edge.run(0.1)
    assert edge.hold_next()[0] == sequence
    assert edge.order(1, RELEASE, sequence) == (1, 19)
    assert edge.tell(sequence, before, HOLD) == (sequence, 1)
    assert edge.plc.left == []


def test_a_full_lane_stops_the_line_until_a_place_is_free(edge: Edge) -> None:
    first, *_ = [edge.hold_next()[0] for _ in range(PLACES)]
    edge.run(0.5)
    assert (edge.status(23), edge.status(16) & 0b1001) == (PLACES, 0b1000)
    assert edge.order(1, RELEASE, first) == (1, 1)
    edge.run(0.5, lambda: edge.waiting)
    assert edge.status(16) & 0b1001 == 0b0001


def test_the_sequence_behind_the_greatest_is_1(edge: Edge) -> None:
    edge.run(1, lambda: edge.waiting)
    edge.plc.block.Sequence = 0xFFFF_FFFF
    edge.run(0.1)
    assert edge.tell(0xFFFF_FFFF, edge.plc.part, PASS) == (0xFFFF_FFFF, 1)
    edge.run(1, lambda: edge.status(6, 2) != 0xFFFF_FFFF)
    assert edge.status(6, 2) == 1


def test_with_the_key_on_parts_pass_and_a_held_one_is_kept(edge: Edge) -> None:
    edge.run(1, lambda: edge.waiting)
    kept = edge.plc.part
    assert edge.tell(edge.status(6, 2), kept, HOLD)[1] == 1
    edge.plc.bypass = True
    edge.run(0.5)
    assert edge.status(16) >> 5 & 1
    assert kept not in edge.plc.left
    assert len(edge.plc.left) > 3
    assert edge.status(23) == 1
    edge.plc.passed_unasked.clear()


def test_a_heartbeat_that_stands_keeps_what_was_let_pass(edge: Edge) -> None:
    edge.run(1, lambda: edge.waiting)
    part, sequence = edge.plc.part, edge.status(6, 2)
    for _ in range(210):
        edge.plc.step(SCAN_S)
    assert (edge.status(16) >> 4 & 1, edge.plc.block.Alarm) == (1, True)
    body = [*words_of_uint32(sequence), *words_of_serial(part), PASS, 0]
    edge.plc.write_registers(COMMAND + 1, [*body, check_word(body)])
    for _ in range(50):
        edge.plc.step(SCAN_S)
    assert edge.plc.left == []
    edge.run(0.2)
    assert edge.plc.left == [part]
