"""The sheet passes a right PLC whole, and names what is wrong with each wrong one, and nothing else."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.conformance.block_sheet import CHECKS
from edge.conformance.coils import CHECKS as COIL_CHECKS
from edge.conformance.sheet import Outcome
from tests.unit.edge.conformance import wrong
from tests.unit.edge.conformance.cases import LEFT_ALONE, PLCS, RIGHT, Wrong
from tests.unit.edge.conformance.served import Plc, Sheet

GUIDE = Path(__file__).resolve().parents[4] / "docs" / "plc.md"


@pytest.mark.parametrize("plc", RIGHT)
def test_a_right_plc_passes_every_check(plc: Callable[[], Plc], sheets: dict[object, Sheet]) -> None:
    sheet, left = sheets[plc]
    assert {line.outcome for line in sheet.values()} == {Outcome.PASS}, [str(line) for line in sheet.values()]
    assert left == []


@pytest.mark.parametrize("case", PLCS, ids=lambda case: case.plc.__name__)
def test_a_wrong_plc_fails_where_it_is_wrong_and_nowhere_else(case: Wrong, sheets: dict[object, Sheet]) -> None:
    sheet, _ = sheets[case.plc]
    failed = [line for line in sheet.values() if line.outcome is Outcome.FAIL]
    assert [line.number for line in failed] == list(case.fails), [str(line) for line in failed]
    assert case.seen in failed[0].seen
    assert case.mend in failed[0].mend
    skipped = [line.seen for line in sheet.values() if line.outcome is Outcome.SKIPPED]
    assert all("did not pass" in why or "were seen" in why or "no part came" in why for why in skipped), skipped


def test_no_part_is_moved_when_none_is_to_be(sheets: dict[object, Sheet]) -> None:
    sheet, left = sheets[LEFT_ALONE]
    moving = {check.number for check in CHECKS if check.parts}
    assert {
        line.number for line in sheet.values() if line.seen == "not tried, since no part is to be moved"
    } == moving
    assert {sheet[check.number].outcome for check in CHECKS if not check.parts} <= {Outcome.PASS, Outcome.SKIPPED}
    assert sheet["3.1"].outcome is sheet["5.4"].outcome is sheet["5.8"].outcome is Outcome.PASS
    assert left == []


def test_nothing_is_written_while_somebody_else_writes(sheets: dict[object, Sheet]) -> None:
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
