"""Parts and a PLC for the tests of the simulated line."""

import numpy as np

from edge.simulator.part import NOMINAL, Defect, Part
from edge.simulator.plc_program import COMMAND, ORDER, PlcProgram
from edge.simulator.process import Offsets, Process
from edge.simulator.registers import (
    check_word,
    serial_of,
    uint32_of,
    words_of_serial,
    words_of_uint32,
)
from edge.simulator.station import Station

PASS, REVIEW, HOLD = 1, 2, 3
STOP_LINE, RESUME, RELEASE, DIVERT, SET_PARAMETER = 1, 2, 3, 4, 5
TICK_S = 0.005


def make_parts(seed: int, count: int, **options: float) -> list[Part]:
    process, offsets = Process(seed, **options), Offsets()
    return [process.make(offsets) for _ in range(count)]


def ideal_part(number: int = 1, defect: Defect | None = None) -> Part:
    return Part(number, f"BM-07{number:05d}", 1, 60.0, NOMINAL.copy(), np.zeros(9), defect, ())


def new_station(seed: int = 7, lane: int = 3, takt_s: float = 0.0, parts: int = 1000) -> Station:
    process = Process(seed)
    made = iter(range(parts))
    return Station(
        lambda offsets: process.make(offsets) if next(made, None) is not None else None,
        lane_places=lane,
        takt_s=takt_s,
    )


class Edge:
    """Speaks to a PLC program the way the contract says an edge process does, without a wire."""

    def __init__(self, program: PlcProgram) -> None:
        self.program = program
        self.heartbeat = 0

    def run(self, seconds: float, *, beating: bool = True) -> None:
        for _ in range(round(seconds / 0.1)):
            if beating:
                self.beat()
            self.program.step(0.1)

    def tick(self, times: int = 2) -> None:
        for _ in range(times):
            self.program.step(TICK_S)

    def beat(self) -> None:
        self.heartbeat = (self.heartbeat + 1) & 0xFFFF
        self.program.write_registers(COMMAND, [self.heartbeat])

    def status(self, offset: int, words: int = 1) -> int:
        read = self.program.read_registers(offset, words)
        return read[0] if words == 1 else uint32_of(read)

    @property
    def sequence(self) -> int:
        return self.status(6, 2)

    @property
    def serial(self) -> str:
        return serial_of(self.program.read_registers(8, 8))

    def bit(self, number: int) -> bool:
        return bool(self.status(16) >> number & 1)

    @property
    def part_present(self) -> bool:
        return self.bit(0)

    @property
    def gate_closed(self) -> bool:
        return self.bit(2)

    @property
    def line_stopped(self) -> bool:
        return self.bit(3)

    @property
    def tripped(self) -> bool:
        return self.bit(4)

    @property
    def answered(self) -> tuple[int, int]:
        return self.status(17, 2), self.status(19)

    @property
    def ordered(self) -> tuple[int, int]:
        return self.status(20, 2), self.status(22)

    @property
    def held_count(self) -> int:
        return self.status(23)

    @property
    def last_passed(self) -> int:
        return self.status(24, 2)

    def command(
        self,
        verdict: int,
        sequence: int | None = None,
        serial: str | None = None,
        reason: int = 0,
        flaw: int = 0,
    ) -> tuple[int, int]:
        body = [
            *words_of_uint32(self.sequence if sequence is None else sequence),
            *words_of_serial(self.serial if serial is None else serial),
            verdict,
            reason,
        ]
        self.program.write_registers(COMMAND, [self.heartbeat, *body, check_word(body) ^ flaw])
        return self.answered

    def order(self, sequence: int, code: int, target: int = 0, value: int = 0, flaw: int = 0) -> tuple[int, int]:
        body = [
            *words_of_uint32(sequence),
            code,
            *words_of_uint32(target),
            *words_of_uint32(value & 0xFFFFFFFF),
        ]
        self.program.write_registers(ORDER, [*body, check_word(body) ^ flaw])
        return self.ordered


def new_edge(**station: float) -> Edge:
    edge = Edge(PlcProgram(new_station(**station)))
    edge.beat()
    edge.tick()
    return edge
