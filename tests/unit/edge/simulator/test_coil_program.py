import pytest

from edge.simulator.coil_program import CoilProgram
from edge.simulator.registers import DeviceRefusal
from tests.unit.edge.simulator.parts import TICK_S, new_station

HOLD, HEARTBEAT, ACKNOWLEDGED = 0, 1, 2


class CoilEdge:
    def __init__(self) -> None:
        self.program = CoilProgram(new_station())
        self.alive = False
        self.beat()
        self.run(2 * TICK_S)

    def beat(self) -> None:
        self.alive = not self.alive
        self.program.write_bits(HEARTBEAT, [self.alive])

    def run(self, seconds: float, *, beating: bool = True) -> None:
        for _ in range(max(1, round(seconds / 0.1))):
            if beating:
                self.beat()
            self.program.step(min(seconds, 0.1))

    @property
    def last_passed(self) -> int:
        return self.program.read_registers(25, 1)[0]

    @property
    def sequence(self) -> int:
        return self.program.read_registers(7, 1)[0]


def test_a_part_is_kept_until_the_hold_coil_is_written_0_for_it() -> None:
    edge = CoilEdge()
    assert list(edge.program.read_bits(0, 3))[HOLD]
    edge.run(30)
    assert edge.last_passed == 0
    edge.program.write_bits(HOLD, [False])
    assert edge.last_passed == 1


def test_the_answer_to_one_part_does_not_let_the_next_one_pass() -> None:
    edge = CoilEdge()
    edge.program.write_bits(HOLD, [False])
    assert edge.program.read_bits(ACKNOWLEDGED, 1)[0]
    edge.run(5)
    assert (edge.sequence, edge.last_passed) == (2, 1)
    assert list(edge.program.read_bits(0, 3)) == [True, edge.alive, False]


def test_a_kept_part_stays_and_can_be_let_go_later() -> None:
    edge = CoilEdge()
    edge.program.write_bits(HOLD, [True])
    assert edge.program.read_bits(ACKNOWLEDGED, 1)[0]
    edge.run(20)
    assert edge.sequence == 1
    edge.program.write_bits(HOLD, [False])
    fate = edge.program.station.fates["BM-0700001"]
    assert (fate.verdict, fate.held, fate.passed_by) == ("HOLD", True, "release")


def test_a_silent_edge_keeps_the_part() -> None:
    edge = CoilEdge()
    edge.run(2.5, beating=False)
    edge.program.write_bits(HOLD, [False])
    assert edge.last_passed == 0
    edge.beat()
    assert edge.last_passed == 1


def test_a_reboot_keeps_the_part_too() -> None:
    edge = CoilEdge()
    edge.run(2.5, beating=False)
    edge.program.write_bits(HOLD, [False])
    edge.program.reboot()
    edge.run(3)
    assert (edge.sequence, edge.last_passed) == (1, 0)
    assert edge.program.read_bits(HOLD, 1)[0]


def test_no_blocks_and_no_other_coils() -> None:
    program = CoilEdge().program
    for refused in (
        lambda: program.write_registers(200, [1]),
        lambda: program.read_bits(0, 4),
        lambda: program.write_bits(ACKNOWLEDGED, [True]),
    ):
        with pytest.raises(DeviceRefusal):
            refused()
