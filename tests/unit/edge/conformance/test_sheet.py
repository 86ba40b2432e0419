"""The sheet passes a right PLC whole, and names what is wrong with each wrong one, and nothing else."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.conformance.block_sheet import CHECKS
from edge.conformance.coils import CHECKS as COIL_CHECKS
from edge.conformance.sheet import Line, Outcome
from tests.unit.edge.conformance import wrong
from tests.unit.edge.conformance.served import Plc, coil_sheet_of, sheet_of

GUIDE = Path(__file__).resolve().parents[4] / "docs" / "plc.md"
SHEETS_WITHIN_S = 90


@dataclass(frozen=True)
class Wrong:
    """A PLC, the checks that must fail and no others, and what the sheet says of the first of them."""

    plc: Callable[[], Plc]
    fails: tuple[str, ...]
    seen: str
    mend: str


PLCS = (
    Wrong(wrong.WordsSwapped, ("1.5",), "two words of a 32-bit value are swapped", "set plc.word_order: little"),
    Wrong(wrong.BytesSwapped, ("1.3", "1.5"), "two bytes of each register are swapped", "exchange the bytes"),
    Wrong(
        wrong.FalseEcho, ("1.8",), "the reply confirms 00 c9 00 01, a write of 1 at 200", "nothing but the device"
    ),
    Wrong(wrong.Beaten, ("1.7",), "somebody else writes the edge heartbeat", "stop the edge"),
    Wrong(wrong.FrozenHeartbeat, ("2.1",), "the PLC heartbeat stood at 7 for 2 s", "every 200 ms"),
    Wrong(wrong.Silent, ("3.1", "5.1"), "was not answered within 2 s", "let the program answer each"),
    Wrong(wrong.NoSequence, ("3.3",), "was answered 1 (accepted), and cycle 1 went through", "both words"),
    Wrong(wrong.HalfSequence, ("3.3",), "(65537 for 1) was answered 1 (accepted), and cycle 1 went", "both words"),
    Wrong(wrong.NoSerial, ("3.4",), "was answered 1 (accepted), and cycle 1 went through", "all eight words"),
    Wrong(
        wrong.HalfSerial, ("3.4",), "(word 7 differs) was answered 1 (accepted), and cycle 1", "all eight words"
    ),
    Wrong(wrong.Gullible, ("3.5", "5.5"), "was answered 1 (accepted), and cycle 1 went through", "check word"),
    Wrong(wrong.Skips, ("3.9",), "the cycle sequence went on to 4", "exactly 1"),
    Wrong(wrong.OpenBehind, ("3.11",), "went through the gate without a verdict", "forget the permission"),
    Wrong(wrong.ObeysAnew, ("3.12",), "changed the answer to cycle 2", "each time its words 1 to 13 change"),
    Wrong(wrong.NoWatchdog, ("4.1",), "the watchdog bit was not set 2.25 s after", "trip the watchdog"),
    Wrong(wrong.LateWatchdog, ("4.1",), "the watchdog bit was not set 2.25 s after", "trip the watchdog"),
    Wrong(wrong.HastyWatchdog, ("4.1",), "the watchdog tripped 1.", "trip it after 2 s"),
    Wrong(wrong.OpensUnderTrip, ("4.3",), "while the watchdog had tripped: cycle 3 went through", "whatever is"),
    Wrong(wrong.Twice, ("5.7",), "was carried out twice: the line was stopped", "remember the sequence"),
    Wrong(wrong.KeepsOldParameter, ("5.8",), "was set to 1 and read 0 after the answer", "value in force"),
    Wrong(wrong.ForgetsTheSwitch, ("5.11",), "entered the stopped line", "no part enter"),
    Wrong(wrong.ReleasesUnderTrip, ("5.12",), "went through the gate", "until the heartbeat changes again"),
    Wrong(
        wrong.SerialRaces, ("6.1",), "were read half told: cycle sequence 2 came while", "write the serial, then"
    ),
    Wrong(wrong.AnswerRaces, ("6.2",), "while verdict answer still read 19", "write the verdict answer first"),
    Wrong(wrong.ResultRaces, ("6.3",), "while order result still read", "write the order result first"),
    Wrong(wrong.Restarts, ("7.1",), "the boot count went from 1 to", "find out why"),
    Wrong(wrong.HoldForgotten, ("8.6", "8.10"), "cycle 2 left the station", "open the gate for one part"),
    Wrong(wrong.CoilsUnwatched, ("8.8",), "2.25 s after the last heartbeat", "under a living heartbeat"),
    Wrong(wrong.CoilsSilent, ("8.5",), "(acknowledged) still reads 0 after 2 s", "set acknowledged"),
)
RIGHT = (wrong.Program, wrong.Coils)
LEFT_ALONE = wrong.LeftAlone


@pytest.fixture(scope="module")
def sheets() -> dict[Callable[[], Plc], tuple[dict[str, Line], list[str]]]:
    """Every sheet, filled in at the same time: what takes long is waiting for watchdogs."""

    async def fill_in() -> list[tuple[dict[str, Line], list[str]]]:
        async with asyncio.timeout(SHEETS_WITHIN_S):
            return await asyncio.gather(*map(_sheet, plcs))

    plcs = [*RIGHT, LEFT_ALONE, *(case.plc for case in PLCS)]
    return dict(zip(plcs, asyncio.run(fill_in()), strict=True))


async def _sheet(plc: Callable[[], Plc]) -> tuple[dict[str, Line], list[str]]:
    made = plc()
    if isinstance(made, wrong.Coils):
        return await coil_sheet_of(made)
    if isinstance(made, wrong.FalseEcho):
        return await sheet_of(made, wrong.EchoServer)
    return await sheet_of(made, parts=plc is not LEFT_ALONE)


@pytest.mark.parametrize("plc", RIGHT)
def test_a_right_plc_passes_every_check(plc: Callable[[], Plc], sheets: dict) -> None:
    sheet, left = sheets[plc]
    assert {line.outcome for line in sheet.values()} == {Outcome.PASS}, [str(line) for line in sheet.values()]
    assert left == []


@pytest.mark.parametrize("case", PLCS, ids=lambda case: case.plc.__name__)
def test_a_wrong_plc_fails_where_it_is_wrong_and_nowhere_else(case: Wrong, sheets: dict) -> None:
    sheet, _ = sheets[case.plc]
    failed = [line for line in sheet.values() if line.outcome is Outcome.FAIL]
    assert [line.number for line in failed] == list(case.fails), [str(line) for line in failed]
    assert case.seen in failed[0].seen
    assert case.mend in failed[0].mend
    skipped = [line.seen for line in sheet.values() if line.outcome is Outcome.SKIPPED]
    assert all("did not pass" in why or "were seen" in why or "no part came" in why for why in skipped), skipped


def test_no_part_is_moved_when_none_is_to_be(sheets: dict) -> None:
    sheet, left = sheets[LEFT_ALONE]
    moving = {check.number for check in CHECKS if check.parts}
    assert {
        line.number for line in sheet.values() if line.seen == "not tried, since no part is to be moved"
    } == moving
    assert {sheet[check.number].outcome for check in CHECKS if not check.parts} <= {Outcome.PASS, Outcome.SKIPPED}
    assert sheet["3.1"].outcome is sheet["5.4"].outcome is sheet["5.8"].outcome is Outcome.PASS
    assert left == []


def test_nothing_is_written_while_somebody_else_writes(sheets: dict) -> None:
    """What beats is the edge, and what stands in its blocks is its own."""
    sheet, left = sheets[wrong.Beaten]
    assert left == []
    assert {sheet[number].outcome for number in ("1.8", "1.9", "1.10", "3.1", "5.1")} == {Outcome.SKIPPED}
    assert wrong.Beaten.written == []


def test_the_guide_has_every_check_and_every_rule() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", guide, re.MULTILINE)
    for check in (*CHECKS, *COIL_CHECKS):
        assert re.search(rf"^\| {re.escape(check.number)} \|", guide, re.MULTILINE), check.number
        section = re.sub(r" \d+$", "", check.rule)
        assert any(heading.lower().startswith(section.lower()) for heading in headings), check.rule


def test_a_check_needs_only_what_comes_before_it() -> None:
    for checks in (CHECKS, COIL_CHECKS):
        known: set[str] = set()
        for check in checks:
            assert known.issuperset(check.needs), check.number
            assert check.number not in known
            known.add(check.number)
