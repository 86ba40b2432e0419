"""A shift over the API: what was made, decided, alarmed and changed in it, and the note it leaves."""

from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import uuid4

import httpx
from fastapi import FastAPI

from quality.alarm import Alarm, Priority
from quality.case import Case, CaseKind, Decision, DecisionKind, Disposition
from quality.characteristic import PartSerial
from quality.evidence import Measurement
from quality.inspection import Inspection
from quality.judgement import Verdict
from quality.order import OrderCode, OrderResult, OrderState
from quality.plan import Role
from tests.unit.review_api.conftest import BEGAN, HOLE, LINE, PLAN, STATION, Store, visitor

EARLY = BEGAN - timedelta(hours=1)
"""The early shift begins at 6 in Berlin; BEGAN is an hour later."""


def path(at: datetime = BEGAN) -> str:
    return f"/api/v1/shifts/{quote(at.isoformat())}"


async def shift(client: httpx.AsyncClient, at: datetime = BEGAN) -> dict[str, object]:
    answer = await client.get(path(at))
    assert answer.status_code == 200, answer.text
    told: dict[str, object] = answer.json()
    return told


def decide(store: Store, case: Case | None, kind: DecisionKind, at: datetime, **more: object) -> Decision:
    decision = Decision(
        id=uuid4(), kind=kind, line=LINE, decided_by="vera", role=Role.ENGINEER, decided_at=at, reason="as seen"
    )
    if case is not None:
        decision = replace(decision, case_id=case.id, case_version=case.version)
    decision = replace(decision, **more)  # type: ignore[arg-type] - the tests name the fields
    store.review.decide(decision, PLAN, 0.0)
    return decision


def close(store: Store, decision: Decision, code: OrderCode = OrderCode.DIVERT) -> None:
    order = store.edge.record_order(decision, code, 1, 0)
    store.edge.settle_order(order.sequence, OrderState.DONE, OrderResult.DONE, "Acknowledged.")


def measure(store: Store, inspection: Inspection, value: float) -> None:
    cycle = inspection.cycle
    measured = Measurement(HOLE.name, value, cycle.serial, cycle.sequence, cycle.triggered_at)
    store.edge.record_measurements([measured], conforming=HOLE.limits.contain(value))


async def test_a_shift_counts_what_was_made_and_says_what_waits(engineer: httpx.AsyncClient, store: Store) -> None:
    for verdict in (Verdict.PASS, Verdict.PASS, Verdict.HOLD, Verdict.REVIEW):
        store.make_part(verdict)
    held, reviewed = store.cases
    close(
        store,
        decide(
            store,
            held,
            DecisionKind.CONFIRM_HOLD,
            held.opened_at + timedelta(minutes=8),
            disposition=Disposition.REWORK,
        ),
    )
    told = await shift(engineer)
    assert (told["start"], told["end"]) == ("2026-11-24T05:00:00Z", "2026-11-24T13:00:00Z")
    assert (told["before"], told["after"]) == ("2026-11-23T21:00:00Z", None)
    record: dict[str, list[dict[str, object]]] = told["record"]  # type: ignore[assignment] - it is a JSON object
    assert record["verdicts"] == {"PASS": 2, "REVIEW": 1, "HOLD": 1}
    assert [(row["serial"], row["late"]) for row in record["waiting"]] == [(reviewed.serial, True)]
    (decided,) = record["decided"]
    assert (decided["waited_s"], decided["late"], decided["disposition"]) == (480.0, True, "REWORK")
    assert record["decisions"] == [{"decided_by": "vera", "kind": "CONFIRM_HOLD", "count": 1}]


async def test_what_was_decided_in_the_next_shift_was_waiting_at_the_end_of_this_one(
    app: FastAPI, store: Store
) -> None:
    store.make_part(Verdict.HOLD)
    store.clock.advance(timedelta(hours=8).total_seconds())
    close(store, decide(store, store.cases[0], DecisionKind.RELEASE, store.clock.now()), OrderCode.RELEASE_PART)
    store.clock.advance(1)
    async with visitor(app, "engineer") as client:
        early = (await shift(client))["record"]
        late = (await shift(client, store.clock.now()))["record"]
    assert (len(early["waiting"]), len(early["decided"])) == (1, 0)  # type: ignore[index]
    assert (len(late["waiting"]), len(late["decided"])) == (0, 1)  # type: ignore[index]


async def test_a_shift_knows_its_escapes_and_its_false_holds(engineer: httpx.AsyncClient, store: Store) -> None:
    for value in (0.01, 0.3):
        measure(store, store.make_part(Verdict.HOLD), value)
    measure(store, store.make_part(), 0.01)
    store.make_part(Verdict.HOLD)
    passed = store.make_part().cycle
    at = passed.triggered_at
    number, serial = passed.sequence, PartSerial("B000005")
    case = Case(uuid4(), CaseKind.ESCAPE, LINE, STATION, 1, number, serial, at, at, Role.ENGINEER)
    store.edge.open_case(case)
    record = (await shift(engineer))["record"]
    assert record["held_measured"] == 2  # type: ignore[index]
    assert [row["serial"] for row in record["false_holds"]] == ["B000001"]  # type: ignore[index]
    assert [row["serial"] for row in record["escapes"]] == ["B000005"]  # type: ignore[index]


async def test_a_shift_tells_of_alarms_adjustments_and_changed_plans(
    engineer: httpx.AsyncClient, store: Store
) -> None:
    for number in range(11):
        source = "face" if number < 8 else "plc"
        store.edge.raise_alarm(
            Alarm(source, "camera", Priority.HIGH, "No picture.", BEGAN + timedelta(seconds=number), latched=True)
        )
    decide(
        store, None, DecisionKind.ADJUST_PARAMETER, BEGAN + timedelta(hours=1), parameter="offset_um", value=40.0
    )
    store.make_part()
    newer = store.make_part()
    cycle = replace(newer.cycle, sequence=99, triggered_at=newer.cycle.triggered_at + timedelta(minutes=5))
    store.edge.record(replace(newer, cycle=cycle, plan_version="newer"), None, ())
    told = await shift(engineer)
    record: dict[str, list[dict[str, object]]] = told["record"]  # type: ignore[assignment] - it is a JSON object
    assert [(row["source"], row["count"]) for row in record["alarms"]] == [("face", 8), ("plc", 3)]
    assert record["unacknowledged"] == 11
    assert (told["flooded_minutes"], sum(told["alarm_counts"])) == (10, 11)  # type: ignore[call-overload]
    assert [(row["parameter"], row["value"]) for row in record["adjustments"]] == [("offset_um", 40.0)]
    assert [row["plan_version"] for row in record["in_force"]] == [PLAN.version, "newer"]


async def test_the_note_is_written_by_whoever_has_read_it(engineer: httpx.AsyncClient, app: FastAPI) -> None:
    first = await engineer.put(f"{path()}/note", json={"text": " Spindle B\nrumbles. ", "version": 0})
    assert (first.status_code, first.json()["text"], first.json()["version"]) == (200, "Spindle B\nrumbles.", 1)
    async with visitor(app, "operator") as operator:
        late = await operator.put(f"{path()}/note", json={"text": "All quiet.", "version": 0})
        assert (late.status_code, late.json()["code"]) == (409, "STALE")
        assert "engineer has written this note meanwhile" in late.json()["detail"]
        again = await operator.put(f"{path()}/note", json={"text": "Spindle B rumbles less.", "version": 1})
        assert again.json()["version"] == 2
    record = (await shift(engineer))["record"]
    assert record["note"]["written_by"] == "operator"  # type: ignore[index]


async def test_plant_it_writes_no_note(app: FastAPI) -> None:
    async with visitor(app, "it", "it-reports") as client:
        assert (await client.put(f"{path()}/note", json={"text": "x", "version": 0})).status_code == 403


async def test_a_shift_that_has_not_begun_is_unknown(engineer: httpx.AsyncClient) -> None:
    for at in ("2026-11-25T06:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        assert (await engineer.get(f"/api/v1/shifts/{at}")).status_code == 404
    assert (await engineer.get("/api/v1/shifts/2026-11-24T06:00:00")).status_code == 422
