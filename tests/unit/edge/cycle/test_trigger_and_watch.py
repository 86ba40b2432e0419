"""Parts are seen once each, and what is wrong with the equipment is an alarm."""

import asyncio

from edge.cycle.alarms import Alarms
from edge.cycle.trigger import Trigger
from edge.cycle.watch import Watch
from quality.characteristic import LineId, StationId
from quality.ports import EquipmentError
from quality.station import Scan
from tests.fakes import START, FakeClock, FakeGate, FakeRecords, status


def scan(**changes: object) -> Scan:
    return Scan(status(**changes), (), START, 1000.0)


def trigger(last: tuple[int, int] | None = None) -> Trigger:
    return Trigger(LineId("line-1"), StationId("milling"), last)


def test_a_waiting_part_is_seen_once() -> None:
    watching = trigger()
    first = watching.see(scan(cycle_sequence=5))
    assert first is not None
    assert (first.cycle.sequence, first.missed) == (5, 0)
    assert watching.see(scan(cycle_sequence=5)) is None


def test_a_part_that_is_not_ready_is_not_seen_yet() -> None:
    watching = trigger()
    assert watching.see(scan(ready_for_verdict=False)) is None
    assert watching.see(scan(part_present=False)) is None
    assert watching.see(scan()) is not None


def test_a_gap_in_the_sequence_is_counted() -> None:
    watching = trigger((1, 5))
    seen = watching.see(scan(cycle_sequence=9))
    assert seen is not None
    assert seen.missed == 3


def test_what_was_recorded_before_a_restart_is_a_repeat() -> None:
    assert trigger((1, 5)).see(scan(cycle_sequence=5)) is None


def test_after_a_reboot_the_sequence_starts_again_without_a_gap() -> None:
    seen = trigger((1, 500)).see(scan(boot_count=2, cycle_sequence=1))
    assert seen is not None
    assert (seen.cycle.boot_count, seen.missed) == (2, 0)


def test_a_boot_that_is_first_seen_above_1_has_a_gap() -> None:
    seen = trigger((1, 500)).see(scan(boot_count=2, cycle_sequence=3))
    assert seen is not None
    assert seen.missed == 2


def test_under_bypass_passing_parts_are_still_recorded() -> None:
    assert trigger().see(scan(ready_for_verdict=False, bypass=True)) is not None


def watch_of(gate: FakeGate, alarms: Alarms, clock: FakeClock) -> Watch:
    return Watch(gate, trigger(), alarms, clock, scan_s=0.02, most_waiting=2)


async def test_no_waiting_part_is_dropped_and_too_many_overflow(
    gate: FakeGate, alarms: Alarms, clock: FakeClock
) -> None:
    watch = watch_of(gate, alarms, clock)
    for sequence in range(1, 5):
        await watch.see(scan(cycle_sequence=sequence))
    waiting = [watch.waiting.get_nowait() for _ in range(4)]
    assert [part.cycle.sequence for part in waiting] == [1, 2, 3, 4]
    assert [part.overflow for part in waiting] == [False, False, True, True]


async def test_a_silent_plc_is_an_alarm_until_it_answers(
    gate: FakeGate, alarms: Alarms, clock: FakeClock, records: FakeRecords
) -> None:
    watch = watch_of(gate, alarms, clock)
    gate.fails = [EquipmentError("plc: no answer")] * 3
    running = asyncio.create_task(watch.run())
    await clock.advance(0.03)
    assert ("plc", "no answer") in records.alarms
    assert watch.latest is None
    await clock.advance(2)
    running.cancel()
    assert ("plc", "no answer") not in records.alarms
    assert watch.latest is not None


async def test_a_scan_tells_how_the_plc_is_for_half_a_second(
    gate: FakeGate, alarms: Alarms, clock: FakeClock
) -> None:
    watch = watch_of(gate, alarms, clock)
    assert not watch.is_current
    await watch.see(await gate.scan())
    assert watch.is_current
    await clock.advance(0.5)
    assert not watch.is_current


async def test_a_plc_that_was_busy_is_seen_again_within_a_fraction_of_a_second(
    gate: FakeGate, alarms: Alarms, clock: FakeClock
) -> None:
    watch = watch_of(gate, alarms, clock)
    gate.fails = [EquipmentError("plc: exception 6: it is busy")] * 40
    running = asyncio.create_task(watch.run())
    await clock.advance(2)
    assert watch.latest is None
    gate.fails = []
    await clock.advance(0.25)
    running.cancel()
    assert watch.latest is not None


async def test_a_frozen_heartbeat_and_the_line_s_own_states_are_alarms(
    gate: FakeGate, alarms: Alarms, clock: FakeClock, records: FakeRecords
) -> None:
    watch = watch_of(gate, alarms, clock)
    await watch.see(Scan(status(heartbeat=7, bypass=True, line_stopped=True), (), START, 10.0))
    assert {("line", "bypass"), ("line", "line stopped")} <= set(records.alarms)
    for now in (10.4, 10.8):
        await watch.see(Scan(status(heartbeat=7), (), START, now))
        assert not records.alarms
    await watch.see(Scan(status(heartbeat=7, watchdog_tripped=True), (), START, 11.1))
    assert set(records.alarms) == {("plc", "heartbeat frozen"), ("line", "watchdog")}
    await watch.see(Scan(status(heartbeat=8), (), START, 11.2))
    assert not records.alarms


async def test_a_heartbeat_that_nobody_could_look_at_is_not_called_frozen(
    gate: FakeGate, alarms: Alarms, clock: FakeClock, records: FakeRecords
) -> None:
    watch = watch_of(gate, alarms, clock)
    for now in (10.0, 15.0, 15.4, 15.8):
        await watch.see(Scan(status(heartbeat=7), (), START, now))
        assert not records.alarms
    await watch.see(Scan(status(heartbeat=7), (), START, 16.1))
    assert ("plc", "heartbeat frozen") in records.alarms


async def test_missed_parts_are_an_alarm(
    gate: FakeGate, alarms: Alarms, clock: FakeClock, records: FakeRecords
) -> None:
    watch = watch_of(gate, alarms, clock)
    await watch.see(scan(cycle_sequence=1))
    await watch.see(scan(cycle_sequence=4))
    assert "2 part(s)" in records.alarms["plc", "cycles missed"].sentence
