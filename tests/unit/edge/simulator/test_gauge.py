import numpy as np
import pytest

from edge.simulator.gauge import GaugeDevice, measure
from edge.simulator.part import Part
from edge.simulator.registers import DeviceRefusal, words_of_float32, words_of_serial, words_of_uint32
from edge.simulator.truth import Fate
from tests.unit.edge.simulator.parts import ideal_part, make_parts

IDLE, MEASURING, DONE, NO_SUCH_PART = 0, 1, 2, 3


@pytest.fixture
def part() -> Part:
    return ideal_part()


def ask(gauge: GaugeDevice, sequence: int, serial: str) -> int:
    gauge.write_registers(0, [*words_of_uint32(sequence), *words_of_serial(serial)])
    return gauge.read_registers(22, 1)[0]


def test_it_measures_for_its_time_and_then_shows_18_values(part: Part) -> None:
    gauge = GaugeDevice({part.serial: Fate(part, 4, 1)}, seed=7, seconds=2.0)
    assert gauge.read_registers(22, 1)[0] == IDLE
    assert ask(gauge, 4, part.serial) == MEASURING
    gauge.step(1.9)
    assert gauge.read_registers(22, 1)[0] == MEASURING
    gauge.step(0.2)
    assert list(gauge.read_registers(20, 3)) == [0, 4, DONE]
    assert list(gauge.read_registers(23, 36)) == words_of_float32(measure(part, 7))


def test_measuring_again_gives_other_noise_but_each_run_of_the_line_the_same(part: Part) -> None:
    runs = []
    for _ in range(2):
        gauge = GaugeDevice({part.serial: Fate(part, 4, 1)}, seed=7, seconds=0)
        shown = []
        for _ in range(2):
            assert ask(gauge, 4, part.serial) == DONE
            shown.append(list(gauge.read_registers(23, 36)))
        runs.append(shown)
    assert runs[0] == runs[1]
    assert runs[0][0] != runs[0][1]


@pytest.mark.parametrize(("sequence", "serial"), [(4, "BM-0700009"), (5, "BM-0700001"), (4, "")])
def test_a_part_it_does_not_know_is_no_such_part(part: Part, sequence: int, serial: str) -> None:
    gauge = GaugeDevice({part.serial: Fate(part, 4, 1)}, seed=7, seconds=2.0)
    assert ask(gauge, sequence, serial) == NO_SUCH_PART


def test_only_the_whole_request_block_can_be_written() -> None:
    gauge = GaugeDevice({}, seed=7, seconds=2.0)
    for refused in (
        lambda: gauge.write_registers(0, [1]),
        lambda: gauge.write_registers(20, [0] * 10),
        lambda: gauge.read_registers(50, 10),
        lambda: gauge.read_bits(0, 1),
        lambda: gauge.write_bits(0, [True]),
    ):
        with pytest.raises(DeviceRefusal):
            refused()


def test_values_are_close_to_the_truth_but_for_rare_gross_outliers() -> None:
    parts = make_parts(7, 3000)
    error = np.array([measure(part, 7) - part.values for part in parts])
    gross = np.abs(error) > 1
    assert 0.001 < gross.mean() < 0.006
    assert np.abs(error[~gross]).max() < 0.02
    assert gross.any(axis=1).mean() < 0.01
