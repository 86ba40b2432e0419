"""Start-up is recovery: nothing is judged before PLC and records agree, or a person is told that they do not."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from edge.cycle.alarms import Alarms
from edge.cycle.delivery import Delivery
from edge.cycle.holds import Holds
from edge.cycle.recovery import first_scan, recover
from edge.cycle.writer import Writer
from quality.alarm import Alarm, Priority
from quality.case import Case, CaseKind, CaseState
from quality.characteristic import LineId, PartSerial, StationId
from quality.inspection import Cycle, Evidence, Inspection
from quality.judgement import Verdict
from quality.plan import Role
from quality.ports import EquipmentError, StoreBroken
from quality.station import VerdictAnswer
from tests.fakes import START, FakeClock, FakeGate, FakeRecords, status


def inspection(sequence: int, verdict: Verdict, boot: int = 1) -> Inspection:
    cycle = Cycle(LineId("line-1"), StationId("milling"), boot, sequence, PartSerial(f"BM-{sequence}"), START)
    return Inspection(cycle, Evidence(), (), verdict, START, "plan", ())


def case(sequence: int, kind: CaseKind = CaseKind.SUSPECT_PART) -> Case:
    return Case(
        id=UUID(int=sequence),
        kind=kind,
        line=LineId("line-1"),
        station=StationId("milling"),
        boot_count=1,
        cycle_sequence=sequence,
        serial=PartSerial(f"BM-{sequence}"),
        opened_at=START,
        deadline=START + timedelta(minutes=5),
        asked=Role.ENGINEER,
    )


@pytest.fixture
def delivery(gate: FakeGate, records: FakeRecords, write: Writer, alarms: Alarms, clock: FakeClock) -> Delivery:
    return Delivery(gate, records, write, alarms, clock)


async def restart(gate: FakeGate, records: FakeRecords, write: Writer, holds: Holds, delivery: Delivery) -> None:
    await recover(await gate.scan(), records, write, delivery, holds)


async def test_a_verdict_recorded_and_never_sent_is_sent(
    gate: FakeGate, records: FakeRecords, write: Writer, holds: Holds, delivery: Delivery
) -> None:
    records.record(inspection(4, Verdict.PASS), None, ())
    await restart(gate, records, write, holds, delivery)
    assert gate.verdicts == [(4, "BM-4", Verdict.PASS)]
    assert records.answers == {(1, 4): VerdictAnswer.ACCEPTED}


async def test_a_verdict_the_plc_has_answered_is_not_sent_again(
    gate: FakeGate, records: FakeRecords, write: Writer, holds: Holds, delivery: Delivery
) -> None:
    records.record(inspection(4, Verdict.PASS), None, ())
    gate.status = status(answered_cycle=4, verdict_answer=VerdictAnswer.ACCEPTED)
    await restart(gate, records, write, holds, delivery)
    assert not gate.verdicts
    assert records.answers == {(1, 4): VerdictAnswer.ACCEPTED}


async def test_a_verdict_of_an_earlier_boot_is_never_sent(
    gate: FakeGate, records: FakeRecords, write: Writer, holds: Holds, delivery: Delivery
) -> None:
    records.record(inspection(4, Verdict.PASS), None, ())
    gate.status = status(boot_count=2)
    await restart(gate, records, write, holds, delivery)
    assert not gate.verdicts
    assert records.answers == {(1, 4): VerdictAnswer.PART_GONE}


async def test_open_holds_are_asserted_again_and_a_lost_one_is_an_alarm(
    gate: FakeGate, records: FakeRecords, write: Writer, holds: Holds, delivery: Delivery
) -> None:
    records.open_case(case(2))
    records.open_case(case(3, CaseKind.ESCAPE))
    await restart(gate, records, write, holds, delivery)
    assert gate.verdicts == [(2, "BM-2", Verdict.HOLD)]
    assert not records.alarms
    gate.answer = VerdictAnswer.PART_GONE
    await restart(gate, records, write, holds, delivery)
    assert "BM-2" in records.alarms["part BM-2", "hold lost"].sentence


class BreaksBeforeTheAnswer(FakeRecords):
    """A store that takes everything but what the PLC answered, as if the power went in that moment."""

    def verdict_answered(self, cycle: Cycle, answer: VerdictAnswer, at: datetime) -> None:
        raise StoreBroken(f"power cut at {at}, before {answer} of {cycle.serial} was written")


@pytest.mark.parametrize(
    ("verdict", "source", "kind"),
    [(Verdict.PASS, "plc", "verdict refused"), (Verdict.HOLD, "part BM-4", "hold lost")],
)
async def test_a_refusal_is_told_before_it_is_on_record_so_that_no_end_in_between_hides_it(
    gate: FakeGate, write: Writer, clock: FakeClock, verdict: Verdict, source: str, kind: str
) -> None:
    records = BreaksBeforeTheAnswer()
    delivery = Delivery(gate, records, write, Alarms(records, write, clock), clock)
    gate.answer = VerdictAnswer.PART_GONE
    with pytest.raises(StoreBroken):
        await delivery.deliver(inspection(4, verdict).cycle, verdict, None)
    assert "BM-4" in records.alarms[source, kind].sentence


async def test_new_orders_start_above_what_the_plc_has_answered(
    gate: FakeGate, records: FakeRecords, write: Writer, holds: Holds, delivery: Delivery
) -> None:
    gate.status = status(answered_order=41)
    await restart(gate, records, write, holds, delivery)
    assert records.order_floor == 41


async def test_recovery_waits_for_the_plc(
    gate: FakeGate, records: FakeRecords, alarms: Alarms, clock: FakeClock
) -> None:
    gate.fails = [EquipmentError("plc: no answer")] * 3
    scanning = asyncio.create_task(first_scan(gate, alarms, clock))
    await clock.advance(0.6)
    assert ("plc", "no answer") in records.alarms
    await clock.advance(1)
    assert (await scanning).status == gate.status
    assert not records.alarms


async def test_a_case_whose_answer_is_on_its_way_is_left_to_its_order(
    gate: FakeGate, records: FakeRecords, write: Writer, holds: Holds, delivery: Delivery
) -> None:
    records.open_case(replace(case(2), state=CaseState.ANSWERED))
    await restart(gate, records, write, holds, delivery)
    assert not gate.verdicts


async def test_a_part_that_waits_for_a_second_person_is_still_held(
    gate: FakeGate, records: FakeRecords, write: Writer, holds: Holds, delivery: Delivery
) -> None:
    records.open_case(replace(case(3), state=CaseState.PROPOSED))
    await restart(gate, records, write, holds, delivery)
    assert gate.verdicts == [(3, "BM-3", Verdict.HOLD)]


async def test_alarms_of_an_earlier_run_do_not_stand_for_ever(records: FakeRecords, alarms: Alarms) -> None:
    records.raise_alarm(Alarm("face", "no evidence", Priority.HIGH, "It was frozen.", START))
    await alarms.start_afresh()
    assert not records.alarms


async def test_what_has_happened_is_still_told_of_after_a_restart(records: FakeRecords, alarms: Alarms) -> None:
    await alarms.happened("plc", "cycles missed", Priority.HIGH, "Two parts were never seen.")
    await alarms.start_afresh()
    assert records.alarms["plc", "cycles missed"].sentence == "Two parts were never seen."
    assert not alarms.sentence("plc"), "the PLC itself is all right"


async def test_what_is_wrong_with_a_device_is_found_by_its_name(alarms: Alarms) -> None:
    await alarms.raise_("mill 192.0.2.12:502 unit 1", "no evidence", Priority.HIGH, "mill: no reply.")
    assert alarms.of_device("mill") == "mill: no reply."
    assert not alarms.of_device("gauge")
    await alarms.clear("mill 192.0.2.12:502 unit 1", "no evidence")
    assert not alarms.of_device("mill")
