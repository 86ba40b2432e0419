"""After a restart the records and the PLC tell different stories: nothing passes by it, and a person hears."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from edge.store import ledger_heads
from quality.case import Case, CaseState, Decision, DecisionKind
from quality.order import OrderState
from quality.plan import Role
from records.backup import backup, restore
from records.ledger_head import read_head
from records.pictures import Pictures
from tests.system.running import RunningLine, inspections, wait_until

FULL_SPEED = ("--takt", "0", "--lane", "100000", "--gauge-seconds", "0")

pytestmark = pytest.mark.slow


def open_cases(line: RunningLine) -> list[Case]:
    with line.records() as records:
        return [row.case for row in records.cases(line.settings.line, frozenset({CaseState.OPEN}), None, 500).rows]


def released(line: RunningLine, case: Case) -> bool:
    """Decides so; True once the PLC has let the part go."""
    made = Decision(
        id=uuid4(),
        kind=DecisionKind.RELEASE,
        line=case.line,
        decided_by="engineer",
        role=Role.ENGINEER,
        decided_at=datetime.now(UTC),
        reason="looked at",
        case_id=case.id,
        case_version=case.version,
    )
    with line.records() as records:
        records.decide(made, line.settings.control_plan(), None)

    def done() -> bool:
        with line.records() as records:
            found = records.decision(made.id)
        return found is not None and found.travel is OrderState.DONE

    wait_until(done, "the release carried out")
    return {part["serial"]: part["passed_by"] for part in line.truth()}[case.serial] == "release"


def standing(line: RunningLine) -> dict[str, str]:
    with line.records() as records:
        return {each.kind: each.sentence for each in records.alarms(line.settings.line, standing_only=True)}


def test_edge_and_plc_disagree_after_restart(make_line: Callable[..., RunningLine]) -> None:
    """An older store was put back while the PLC kept its lane: what is held stays held; each gap is an alarm."""
    line = make_line("--seed", "33", *FULL_SPEED)
    edge = line.start("edge")
    wait_until(lambda: len(open_cases(line)) >= 2, "two held parts", 90)
    pictures = Pictures(line.settings.store.frames)
    with line.database() as database:
        copied = backup(database, pictures, line.folder / "backup")
    gone, kept = open_cases(line)[-2:]
    assert released(line, gone)
    known = len(open_cases(line))
    wait_until(lambda: len(open_cases(line)) >= known + 2, "parts held after the backup", 90)
    (head,) = ledger_heads(line.settings)
    wait_until(lambda: (read_head(head) or copied).sequence > copied.sequence, "the ledger's head kept")
    edge.terminate()
    edge.wait()
    held = {part["serial"] for part in line.truth() if part["held"] and not part["passed_by"]}

    for file in (line.folder / "var").glob("jidoka.db*"):
        file.unlink()
    restore(line.folder / "backup", line.folder / "var" / "jidoka.db", pictures)
    line.start("edge")
    wait_until(lambda: {"ledger cut", "unknown part held", "hold lost"} <= set(standing(line)), "the alarms", 90)
    alarms = standing(line)
    assert "an older store was put back" in alarms["ledger cut"]
    assert "decide on the others by hand" in alarms["unknown part held"]
    assert gone.serial in alarms["hold lost"]

    with line.records() as records:
        count = len(inspections(records))
    made = len(line.truth())
    wait_until(lambda: len(line.truth()) >= made + 5, "parts are judged again", 60)
    assert released(line, kept), "orders go on above what the PLC has answered"
    parts = {part["serial"]: part for part in line.truth()}
    assert all(parts[serial]["passed_by"] is None for serial in held - {kept.serial}), "a held part passed"
    with line.records() as records:
        assert len(inspections(records)) > count
