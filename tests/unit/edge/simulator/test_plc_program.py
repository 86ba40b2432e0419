from itertools import pairwise

import pytest

from edge.simulator.registers import DeviceRefusal, words_of_float32
from tests.unit.edge.simulator.parts import (
    DIVERT,
    HOLD,
    PASS,
    RELEASE,
    RESUME,
    REVIEW,
    SET_PARAMETER,
    STOP_LINE,
    new_edge,
)

ACCEPTED, WRONG_SEQUENCE, WRONG_SERIAL, BAD_VERDICT, PART_GONE = 1, 16, 17, 18, 19
DONE, BAD_CHECK_WORD, OLD_SEQUENCE, UNKNOWN_CODE, UNKNOWN_TARGET, OUT_OF_RANGE, NOT_HELD = (
    1,
    16,
    17,
    18,
    19,
    20,
    21,
)


def test_the_status_block_begins_with_contract_version_and_probe() -> None:
    edge = new_edge()
    assert list(edge.program.read_registers(0, 5)) == [0x4A44, 1, 0x0102, 0x0304, 1]
    assert list(edge.program.read_registers(26, 6)) == [0] * 6


def test_a_part_enters_with_serial_readings_and_a_sequence_grown_by_one() -> None:
    edge = new_edge()
    assert (edge.sequence, edge.serial) == (1, "BM-0700001")
    assert edge.part_present
    assert edge.bit(1)
    assert edge.gate_closed
    part = edge.program.station.fates["BM-0700001"].part
    assert list(edge.program.read_registers(32, 14)) == words_of_float32(part.readings[:7])
    assert list(edge.program.read_registers(46, 2)) == [int(part.readings[7]), int(part.readings[8])]


def test_the_plc_heartbeat_changes_at_least_every_200_ms() -> None:
    edge = new_edge()
    seen = []
    for _ in range(10):
        for _ in range(40):
            edge.program.step(0.005)
        seen.append(edge.status(5))
    assert all(before != after for before, after in pairwise(seen))


def test_without_a_verdict_the_gate_stays_closed() -> None:
    edge = new_edge()
    edge.run(60)
    assert edge.gate_closed
    assert (edge.sequence, edge.last_passed) == (1, 0)


def test_pass_opens_the_gate_at_once_for_that_part_alone_and_closes_it_behind_it() -> None:
    edge = new_edge()
    assert edge.command(PASS) == (1, ACCEPTED)
    assert not edge.gate_closed
    assert not edge.part_present
    assert edge.last_passed == 1
    edge.tick()
    assert edge.gate_closed
    assert (edge.sequence, edge.part_present) == (2, True)
    edge.run(10)
    assert edge.last_passed == 1


def test_the_station_is_seen_empty_between_two_parts() -> None:
    edge = new_edge()
    edge.command(PASS)
    edge.program.step(0.001)
    assert not edge.part_present


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"sequence": 2}, WRONG_SEQUENCE),
        ({"serial": "BM-0700002"}, WRONG_SERIAL),
        ({"flaw": 1}, BAD_VERDICT),
        ({"sequence": 9, "serial": "BM-0700009"}, PART_GONE),
    ],
)
def test_a_pass_that_does_not_match_is_refused(change: dict[str, int], answer: int) -> None:
    edge = new_edge()
    assert edge.command(PASS, **change)[1] == answer
    edge.run(5)
    assert edge.gate_closed
    assert edge.last_passed == 0


def test_a_verdict_nobody_knows_is_no_pass() -> None:
    edge = new_edge()
    assert edge.command(7)[1] == BAD_VERDICT
    assert edge.part_present


@pytest.mark.parametrize("verdict", [REVIEW, HOLD])
def test_review_and_hold_move_the_part_to_the_hold_lane(verdict: int) -> None:
    edge = new_edge()
    assert edge.command(verdict, reason=5) == (1, ACCEPTED)
    assert edge.held_count == 1
    edge.tick()
    assert (edge.sequence, edge.last_passed) == (2, 0)


def test_a_hold_can_be_asserted_again_and_a_pass_never_frees_a_held_part() -> None:
    edge = new_edge()
    edge.command(HOLD, 1, "BM-0700001")
    edge.tick()
    assert edge.command(PASS, 1, "BM-0700001") == (1, PART_GONE)
    assert edge.command(HOLD, 1, "BM-0700001") == (1, ACCEPTED)
    assert edge.held_count == 1
    assert edge.gate_closed


def test_a_command_is_answered_once_each_time_its_content_changes() -> None:
    edge = new_edge()
    edge.command(PASS, 1, "BM-0700001")
    edge.tick()
    assert edge.command(PASS, 1, "BM-0700001") == (1, ACCEPTED), "the same words are not answered anew"
    edge.command(PASS, 0, "")
    assert edge.answered == (0, PART_GONE)
    assert edge.command(PASS, 1, "BM-0700001") == (1, PART_GONE)


def test_the_heartbeat_may_be_written_alone() -> None:
    edge = new_edge()
    edge.command(PASS)
    before = edge.answered
    edge.beat()
    assert edge.answered == before


def test_a_silent_edge_trips_the_watchdog_and_nothing_opens_the_gate() -> None:
    edge = new_edge()
    edge.run(1.9, beating=False)
    assert not edge.tripped
    edge.run(0.2, beating=False)
    assert edge.tripped
    assert edge.command(PASS) == (1, ACCEPTED)
    edge.run(5, beating=False)
    assert edge.gate_closed
    assert edge.part_present
    edge.beat()
    assert not edge.tripped
    assert edge.last_passed == 1


def test_a_release_under_a_tripped_watchdog_waits_unanswered_until_it_is_reset() -> None:
    edge = new_edge()
    edge.command(HOLD)
    edge.run(2.5, beating=False)
    assert edge.order(1, RELEASE, target=1) == (0, 0)
    assert edge.held_count == 1
    edge.beat()
    assert edge.ordered == (1, DONE)
    assert edge.last_passed == 1


def test_a_full_hold_lane_stops_the_line_until_a_place_is_free() -> None:
    edge = new_edge(lane=2)
    for _ in range(2):
        edge.command(HOLD)
        edge.run(0.1)
    assert edge.line_stopped
    assert not edge.part_present
    edge.run(10)
    assert edge.sequence == 2
    assert edge.order(1, DIVERT, target=2) == (1, DONE)
    assert not edge.line_stopped
    edge.tick()
    assert edge.sequence == 3


def test_release_opens_the_gate_for_the_held_part_only() -> None:
    edge = new_edge(takt_s=4)
    edge.command(HOLD)
    assert edge.order(1, RELEASE, target=1) == (1, DONE)
    assert not edge.gate_closed
    assert (edge.held_count, edge.last_passed) == (0, 1)
    fate = edge.program.station.fates["BM-0700001"]
    assert (fate.verdict, fate.passed_by, fate.held) == ("HOLD", "release", True)
    edge.run(1)
    assert edge.gate_closed


def test_divert_takes_the_part_out_without_opening_the_gate() -> None:
    edge = new_edge()
    edge.command(HOLD)
    assert edge.order(1, DIVERT, target=1) == (1, DONE)
    assert edge.gate_closed
    assert (edge.held_count, edge.last_passed) == (0, 0)
    assert edge.program.station.fates["BM-0700001"].diverted


@pytest.mark.parametrize("code", [RELEASE, DIVERT])
def test_what_is_not_held_can_be_neither_released_nor_diverted(code: int) -> None:
    edge = new_edge()
    assert edge.order(1, code, target=1) == (1, NOT_HELD)
    assert edge.part_present


def test_an_order_is_carried_out_once_and_a_lower_one_never() -> None:
    edge = new_edge()
    assert edge.order(5, SET_PARAMETER, target=1, value=40) == (5, DONE)
    assert edge.order(6, SET_PARAMETER, target=1, value=0) == (6, DONE)
    assert edge.order(5, SET_PARAMETER, target=1, value=40) == (5, OLD_SEQUENCE)
    assert edge.status(48) == 0
    assert edge.order(6, SET_PARAMETER, target=1, value=99) == (6, DONE), "the same sequence, the same answer"
    assert edge.status(48) == 0


def test_the_same_release_again_does_not_release_the_next_part_of_that_number() -> None:
    edge = new_edge()
    edge.command(HOLD)
    edge.order(1, RELEASE, target=1)
    assert edge.order(1, RELEASE, target=1) == (1, DONE)


def test_stop_lets_no_part_enter_and_resume_lets_them_enter_again() -> None:
    edge = new_edge()
    edge.order(1, STOP_LINE)
    assert edge.line_stopped
    edge.command(PASS)
    edge.run(5)
    assert (edge.sequence, edge.part_present) == (1, False)
    edge.order(2, RESUME)
    edge.tick()
    assert edge.sequence == 2


def test_a_parameter_is_set_read_back_and_kept_within_its_range() -> None:
    edge = new_edge()
    assert edge.order(1, SET_PARAMETER, target=3, value=-120) == (1, DONE)
    assert list(edge.program.read_registers(48, 4)) == [0, 0, 0x10000 - 120, 0]
    assert edge.order(2, SET_PARAMETER, target=3, value=501) == (2, OUT_OF_RANGE)
    assert edge.order(3, SET_PARAMETER, target=5, value=1) == (3, UNKNOWN_TARGET)
    assert edge.order(4, 9) == (4, UNKNOWN_CODE)
    assert edge.status(50) == 0x10000 - 120


def test_an_order_with_a_bad_check_word_is_not_carried_out_and_spoils_no_sequence() -> None:
    edge = new_edge()
    edge.order(1, RESUME)
    assert edge.order(70_000, STOP_LINE, flaw=1) == (1, BAD_CHECK_WORD)
    assert not edge.line_stopped
    assert edge.order(2, STOP_LINE) == (2, DONE)


def test_bypass_lets_parts_pass_without_a_verdict_and_shows_itself() -> None:
    edge = new_edge()
    edge.program.bypass = True
    edge.run(1)
    assert edge.bit(5)
    assert edge.last_passed > 1
    fate = edge.program.station.fates["BM-0700001"]
    assert (fate.verdict, fate.passed_by) == (None, "bypass")
    edge.program.bypass = False
    passed = edge.last_passed
    edge.run(3)
    assert edge.last_passed == passed


def test_a_reboot_restarts_the_sequence_and_keeps_lane_orders_stop_and_parameters() -> None:
    edge = new_edge()
    edge.command(HOLD)
    edge.tick()
    edge.order(7, SET_PARAMETER, target=1, value=25)
    edge.program.reboot()
    assert (edge.status(4), edge.sequence, edge.held_count) == (2, 0, 1)
    assert edge.ordered == (7, DONE)
    edge.tick()
    assert (edge.sequence, edge.serial) == (1, "BM-0700002"), "the part in the station enters anew"
    assert edge.answered == (0, 0)
    assert edge.status(48) == 25
    assert edge.command(HOLD, 1, "BM-0700001") == (1, ACCEPTED), "the hold of the earlier boot stands"
    assert edge.order(7, RELEASE, target=1) == (7, DONE)
    assert edge.held_count == 1


def test_a_reboot_forgets_a_verdict_so_that_the_part_is_judged_again() -> None:
    edge = new_edge()
    edge.run(2.5, beating=False)
    edge.command(PASS)
    edge.program.reboot()
    edge.run(1)
    assert edge.part_present
    assert edge.last_passed == 0


def test_a_release_that_names_two_held_parts_frees_neither() -> None:
    edge = new_edge()
    edge.command(HOLD)
    edge.program.reboot()
    edge.tick()
    edge.command(HOLD)
    assert edge.held_count == 2
    assert edge.order(1, RELEASE, target=1) == (1, UNKNOWN_TARGET)
    assert edge.held_count == 2


def test_the_line_ends_after_its_last_part() -> None:
    edge = new_edge(parts=2)
    for _ in range(3):
        edge.command(PASS)
        edge.tick()
    edge.run(5)
    assert (edge.sequence, edge.part_present) == (2, False)


def test_the_takt_runs_from_entry_to_entry() -> None:
    edge = new_edge(takt_s=4)
    edge.command(PASS)
    edge.run(3.8)
    assert edge.sequence == 1
    edge.run(0.4)
    assert edge.sequence == 2


@pytest.mark.parametrize(("address", "count"), [(0, 1), (199, 2), (212, 3), (214, 1), (219, 1), (227, 2)])
def test_only_the_two_blocks_can_be_written(address: int, count: int) -> None:
    with pytest.raises(DeviceRefusal) as refusal:
        new_edge().program.write_registers(address, [0] * count)
    assert refusal.value.code == 2


def test_there_is_nothing_beyond_the_last_register_and_no_coil() -> None:
    program = new_edge().program
    for refused in (
        lambda: program.read_registers(250, 7),
        lambda: program.read_bits(0, 1),
        lambda: program.write_bits(0, [True]),
    ):
        with pytest.raises(DeviceRefusal):
            refused()
