"""A PLC as `docs/plc.md` describes it, behind the port and on the tests' clock: a station, a gate, a lane."""

from dataclasses import dataclass, field, replace

from quality.characteristic import PartSerial
from quality.evidence import NoEvidence, Reading
from quality.judgement import ReasonCode, Verdict
from quality.order import Order, OrderCode, OrderResult
from quality.ports import EquipmentError
from quality.station import Scan, StationStatus, VerdictAnswer
from tests.fakes import FakeClock, status

GATE_WAITS_S = 2.0


@dataclass
class LittlePlc:
    """Implements `quality.ports.Gate`. The test lets parts enter, and sees what passed and what is held."""

    clock: FakeClock
    boot: int = 1
    sequence: int = 0
    counts_to: int = 0xFFFF_FFFF
    part: PartSerial | None = None
    lane: list[tuple[int, PartSerial]] = field(default_factory=list)
    passed: list[PartSerial] = field(default_factory=list)
    released: list[PartSerial] = field(default_factory=list)
    readings: tuple[Reading | NoEvidence, ...] = ()
    silent: bool = False
    """Takes what is written and answers nothing: the gate waits its 2 s and gives up."""
    down: bool = False
    """Every request fails at once."""
    bypass: bool = False
    lose_answers: int = 0
    """So many answers to verdicts and orders are lost after they were obeyed."""
    answered: tuple[int, VerdictAnswer | None] = (0, None)
    answered_order: tuple[int, OrderResult | None] = (0, None)
    beats: int = 0

    def enter(self, serial: str) -> None:
        """A part comes into the station; one that stands there slips on, nobody knows where to."""
        self.sequence = self.sequence % self.counts_to + 1
        self.part = PartSerial(serial)

    def reboot(self, *, keeps_lane: bool = True) -> None:
        """Counts anew; the part in the station enters again."""
        self.boot += 1
        self.sequence, self.answered = 0, (0, None)
        if not keeps_lane:
            self.lane.clear()
        if self.part is not None:
            self.enter(self.part)

    async def scan(self) -> Scan:
        self._reachable()
        return Scan(self._status(), self.readings, self.clock.now(), self.clock.monotonic())

    async def beat(self) -> None:
        self._reachable()
        self.beats += 1

    async def give_verdict(
        self, sequence: int, serial: PartSerial, verdict: Verdict, reason: ReasonCode | None
    ) -> VerdictAnswer:
        assert reason is None or isinstance(reason, ReasonCode)
        await self._heard()
        answer = self._obey(sequence, serial, verdict)
        self.answered = sequence, answer
        await self._may_lose_it()
        return answer

    async def give_order(self, order: Order) -> OrderResult:
        await self._heard()
        known, result = self.answered_order
        if order.sequence < known:
            return OrderResult.OLD_SEQUENCE
        if order.sequence > known or result is None:
            result = self._carry_out(order)
            self.answered_order = order.sequence, result
        await self._may_lose_it()
        return result

    def _status(self) -> StationStatus:
        return replace(
            status(),
            boot_count=self.boot,
            heartbeat=int(self.clock.monotonic() * 10) & 0xFFFF,
            cycle_sequence=self.sequence,
            serial=self.part or PartSerial(""),
            part_present=self.part is not None,
            ready_for_verdict=self.part is not None,
            held_count=len(self.lane),
            bypass=self.bypass,
            answered_cycle=self.answered[0],
            verdict_answer=self.answered[1],
            answered_order=self.answered_order[0],
            order_result=self.answered_order[1],
        )

    def _obey(self, sequence: int, serial: PartSerial, verdict: Verdict) -> VerdictAnswer:
        if self.part is not None and (sequence, serial) == (self.sequence, self.part):
            if verdict is Verdict.PASS:
                self.passed.append(serial)
            else:
                self.lane.append((sequence, serial))
            self.part = None
            return VerdictAnswer.ACCEPTED
        if verdict is not Verdict.PASS and (sequence, serial) in self.lane:
            return VerdictAnswer.ACCEPTED
        return VerdictAnswer.PART_GONE

    def _carry_out(self, order: Order) -> OrderResult:
        if order.code not in {OrderCode.RELEASE_PART, OrderCode.DIVERT}:
            return OrderResult.DONE
        found = [place for place in self.lane if place[0] == order.target]
        if len(found) != 1:
            return OrderResult.UNKNOWN_TARGET if found else OrderResult.NOT_HELD
        self.lane.remove(found[0])
        if order.code is OrderCode.RELEASE_PART:
            self.released.append(found[0][1])
        return OrderResult.DONE

    async def _heard(self) -> None:
        self._reachable()
        if self.silent:
            await self.clock.sleep(GATE_WAITS_S)
            raise EquipmentError("plc: not acknowledged within 2 s")

    async def _may_lose_it(self) -> None:
        if self.lose_answers:
            self.lose_answers -= 1
            raise EquipmentError("plc: the answer was lost")

    def _reachable(self) -> None:
        if self.down:
            raise EquipmentError("plc: no answer")
