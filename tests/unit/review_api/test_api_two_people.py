"""Second persons, signatures, who is on a case, tried adjustments and plans, over the API."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from quality.judgement import Verdict
from quality.plan import DecisionKind, ReactionPlan
from review_api.app import create_app
from review_api.feed import Feed
from review_api.settings import ReviewSettings
from tests.unit.review_api.conftest import CHEAP, LINE, PLAN, FakeClock, Store, visitor

STRICT = replace(
    PLAN,
    characteristics=(replace(PLAN.characteristics[0], critical=True),),
    parameters=(replace(PLAN.parameters[0], alone_within=20.0),),
)
SIGNED = replace(PLAN, reaction=ReactionPlan(signed=(DecisionKind.RELEASE,)))


def _station(settings: ReviewSettings, store: Store, clock: FakeClock, plan: object) -> FastAPI:
    return create_app(replace(settings, plan=plan, idle_minutes=120), store.review, clock, CHEAP)  # type: ignore[arg-type] - a plan


@pytest.fixture
def strict(settings: ReviewSettings, store: Store, clock: FakeClock) -> FastAPI:
    """A station whose plan asks for two people."""
    return _station(settings, store, clock, STRICT)


@pytest.fixture
async def ana(strict: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(strict, "engineer") as client:
        yield client


@pytest.fixture
async def ben(strict: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(strict, "supervisor") as client:
        yield client


@pytest.fixture
async def signing(settings: ReviewSettings, store: Store, clock: FakeClock) -> AsyncIterator[httpx.AsyncClient]:
    """An engineer at a station whose plan wants releases signed."""
    async with visitor(_station(settings, store, clock, SIGNED), "engineer") as client:
        yield client


def _url() -> str:
    return f"/api/v1/decisions/{uuid4()}"


def _release(store: Store, **changes: object) -> dict[str, object]:
    about = {"kind": "RELEASE", "case_id": str(store.cases[-1].id), "case_version": 1}
    return about | {"reason_code": "FALSE_ALARM"} | changes


async def _proposed(ana: httpx.AsyncClient, store: Store) -> str:
    store.make_part(Verdict.HOLD)
    url = _url()
    answer = await ana.put(url, json=_release(store))
    assert (answer.status_code, answer.json()["travel"]) == (201, "PROPOSED"), answer.text
    return url


async def test_a_release_of_what_is_critical_waits_until_another_agrees(
    ana: httpx.AsyncClient, ben: httpx.AsyncClient, store: Store
) -> None:
    url = await _proposed(ana, store)
    own = await ana.put(f"{url}/second", json={"agrees": True})
    assert (own.status_code, own.json()["code"]) == (403, "NOT_ALLOWED")
    assert store.edge.pending_decisions() == []
    agreed = await ben.put(f"{url}/second", json={"agrees": True})
    assert (agreed.status_code, agreed.json()["travel"]) == (200, "RECORDED")
    assert agreed.json()["second"]["by"] == "supervisor"
    assert [str(each.id) in url for each in store.edge.pending_decisions()] == [True]
    assert (await ben.put(f"{url}/second", json={"agrees": True})).json() == agreed.json()
    listed = (await ben.get("/api/v1/decisions")).json()["items"][0]
    assert (listed["second"]["agrees"], listed["reason_code"]) == (True, "FALSE_ALARM")


async def test_whoever_proposed_may_take_it_back(ana: httpx.AsyncClient, store: Store) -> None:
    url = await _proposed(ana, store)
    unsaid = await ana.put(f"{url}/second", json={"agrees": False})
    assert (unsaid.status_code, unsaid.json()["code"]) == (422, "INCOMPLETE")
    back = await ana.put(f"{url}/second", json={"agrees": False, "reason": "wrong part"})
    assert (back.json()["travel"], back.json()["second"]["reason"]) == ("REFUSED", "wrong part")
    again = await ana.put(
        _url(),
        json=_release(store, kind="CONFIRM_HOLD", disposition="SCRAP", case_version=3)
        | {"reason_code": "DEFECT_SEEN"},
    )
    assert again.status_code == 201


async def test_a_third_who_decides_is_told_who_proposed_what(
    ana: httpx.AsyncClient, ben: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    await _proposed(ana, store)
    clock.advance(30)
    answer = await ben.put(_url(), json=_release(store, kind="MEASURE", case_version=2, reason_code="UNCERTAIN"))
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "PROPOSED")
    assert problem["detail"].startswith("engineer proposed 30 s ago: release the part.")
    first = problem["first"]
    assert (first["by"], first["kind"], first["waits_for_second"]) == ("engineer", "RELEASE", True)


async def test_of_two_second_persons_the_later_is_told_of_the_first(
    ana: httpx.AsyncClient, ben: httpx.AsyncClient, store: Store
) -> None:
    url = await _proposed(ana, store)
    agree, decline = await asyncio.gather(
        ben.put(f"{url}/second", json={"agrees": True}),
        ana.put(f"{url}/second", json={"agrees": False, "reason": "taken back"}),
    )
    won, lost = sorted((agree, decline), key=lambda answer: answer.status_code)
    assert (won.status_code, lost.status_code, lost.json()["code"]) == (200, 409, "ALREADY_ANSWERED")
    assert lost.json()["first"]["second"]["by"] == won.json()["second"]["by"]


async def test_a_case_that_was_answered_says_by_whom(engineer: httpx.AsyncClient, store: Store) -> None:
    store.make_part(Verdict.HOLD)
    await engineer.put(_url(), json=_release(store))
    stale = (await engineer.put(_url(), json=_release(store))).json()
    assert (stale["code"], stale["first"]["by"], stale["first"]["kind"]) == ("STALE", "engineer", "RELEASE")
    assert "engineer decided 0 s ago: release the part." in stale["detail"]


async def test_what_is_said_to_nothing_is_told_so(ben: httpx.AsyncClient, store: Store) -> None:
    assert (await ben.put(f"{_url()}/second", json={"agrees": True})).status_code == 404
    store.make_part(Verdict.HOLD)
    url = _url()
    about = _release(store, kind="MEASURE", reason_code=None, reason="doubt")
    await ben.put(url, json=about)
    alone = await ben.put(f"{url}/second", json={"agrees": False, "reason": "no"})
    assert (alone.status_code, alone.json()["code"]) == (409, "ALREADY_ANSWERED")


async def test_what_comes_too_late_is_not_taken(
    ben: httpx.AsyncClient, ana: httpx.AsyncClient, store: Store
) -> None:
    url = await _proposed(ana, store)
    past = (store.clock.now() - timedelta(seconds=1)).isoformat()
    answer = await ben.put(f"{url}/second", json={"agrees": True, "good_until": past})
    assert (answer.status_code, answer.json()["code"]) == (409, "LATE")
    taken = await ben.put(f"{url}/second", json={"agrees": True})
    again = await ben.put(f"{url}/second", json={"agrees": True, "good_until": past})
    assert again.json() == taken.json()


async def _signature(
    client: httpx.AsyncClient, about: dict[str, object], decision: str, secret: str
) -> httpx.Response:
    facts = {key: about[key] for key in ("kind", "case_id", "case_version", "disposition") if key in about}
    return await client.post("/api/v1/signatures", json=facts | {"decision_id": decision, "secret": secret})


async def test_a_signed_decision_says_when_it_was_signed(
    signing: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    store.make_part(Verdict.HOLD)
    decision, about = str(uuid4()), _release(store)
    url = f"/api/v1/decisions/{decision}"
    unsigned = await signing.put(url, json=about)
    assert (unsigned.status_code, unsigned.json()["code"]) == (403, "SIGNATURE")
    made = await _signature(signing, about, decision, "2580")
    assert made.status_code == 201
    clock.advance(60)
    taken = await signing.put(url, json=about | {"signature": made.json()["signature"]})
    assert taken.status_code == 201
    assert taken.json()["signed_at"] == (clock.now() - timedelta(seconds=60)).isoformat().replace("+00:00", "Z")
    clock.advance(3600)
    again = await signing.put(url, json=about | {"signature": made.json()["signature"]})
    assert (again.status_code, again.json()) == (200, taken.json())


@pytest.mark.parametrize(
    ("changed", "minutes"),
    [
        ({"case_version": 2}, 0),
        ({"kind": "CONFIRM_HOLD", "disposition": "USE_AS_IS", "reason_code": "CANNOT_JUDGE"}, 0),
        ({"signature": "forged"}, 0),
        ({"signature": ""}, 0),
        ({"signature": "ü"}, 0),
        ({}, 16),
    ],
)
async def test_a_signature_is_good_for_what_was_signed_and_for_a_while(
    signing: httpx.AsyncClient, store: Store, clock: FakeClock, changed: dict[str, object], minutes: int
) -> None:
    store.make_part(Verdict.HOLD)
    decision, about = str(uuid4()), _release(store)
    signature = (await _signature(signing, about, decision, "2580")).json()["signature"]
    clock.advance(60 * minutes)
    answer = await signing.put(f"/api/v1/decisions/{decision}", json=about | {"signature": signature} | changed)
    assert (answer.status_code, answer.json()["code"]) == (403, "SIGNATURE")
    assert (await signing.get("/api/v1/decisions")).json()["items"] == []


async def test_a_signature_is_for_one_decision_of_one_person(
    settings: ReviewSettings, signing: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    store.make_part(Verdict.HOLD)
    about = _release(store)
    signature = (await _signature(signing, about, str(uuid4()), "2580")).json()["signature"]
    other = await signing.put(_url(), json=about | {"signature": signature})
    assert other.json()["code"] == "SIGNATURE"
    decision = str(uuid4())
    theirs = (await _signature(signing, about, decision, "2580")).json()["signature"]
    async with visitor(_station(settings, store, clock, SIGNED), "supervisor") as another:
        answer = await another.put(f"/api/v1/decisions/{decision}", json=about | {"signature": theirs})
    assert answer.json()["code"] == "SIGNATURE"


async def test_a_wrong_pin_signs_nothing(signing: httpx.AsyncClient, store: Store) -> None:
    store.make_part(Verdict.HOLD)
    wrong = await _signature(signing, _release(store), str(uuid4()), "0000")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "WRONG_PASSWORD")


async def test_the_second_person_signs_the_same_facts(
    settings: ReviewSettings, store: Store, clock: FakeClock
) -> None:
    both = replace(STRICT, reaction=SIGNED.reaction)
    app = _station(settings, store, clock, both)
    store.make_part(Verdict.HOLD)
    decision, about = str(uuid4()), _release(store)
    url = f"/api/v1/decisions/{decision}"
    async with visitor(app, "engineer") as ana, visitor(app, "supervisor") as ben:
        signature = (await _signature(ana, about, decision, "2580")).json()["signature"]
        assert (await ana.put(url, json=about | {"signature": signature})).json()["travel"] == "PROPOSED"
        unsigned = await ben.put(f"{url}/second", json={"agrees": True})
        assert unsigned.json()["code"] == "SIGNATURE"
        mine = (await _signature(ben, about, decision, "3691")).json()["signature"]
        agreed = await ben.put(f"{url}/second", json={"agrees": True, "signature": mine})
    assert (agreed.status_code, agreed.json()["second"]["signed_at"] is not None) == (200, True)


async def test_the_others_see_who_is_on_a_case(
    ana: httpx.AsyncClient, ben: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    store.make_part(Verdict.HOLD)
    url = f"/api/v1/cases/{store.cases[-1].id}"
    feed = Feed(LINE, store.review, clock)
    assert (await ana.post(f"{url}/take")).status_code == 204
    seen = (await ben.get(url)).json()
    assert (seen["taken_by"], seen["case"]["version"]) == ("engineer", 1)
    await ben.post(f"{url}/take")
    assert feed._waiting_cases()[0]["taken_by"] == "supervisor"
    await ana.delete(f"{url}/take")
    assert (await ana.get("/api/v1/cases")).json()["items"][0]["taken_by"] == "supervisor"
    decided = await ana.put(_url(), json=_release(store))
    assert decided.status_code == 201
    clock.advance(600)
    assert (await ben.get(url)).json()["taken_by"] is None
    assert (await ben.post(f"/api/v1/cases/{uuid4()}/take")).status_code == 404


async def test_a_proposal_is_among_what_waits(ana: httpx.AsyncClient, store: Store, clock: FakeClock) -> None:
    await _proposed(ana, store)
    (waiting,) = Feed(LINE, store.review, clock)._waiting_cases()
    assert waiting["state"] == "PROPOSED"


async def test_an_adjustment_is_tried_without_a_trace(ana: httpx.AsyncClient, store: Store) -> None:
    store.make_part(Verdict.HOLD, with_evidence=True)
    store.show_line(parameters={"offset_um": 20.0})
    tried = await ana.post(
        "/api/v1/adjustments/try",
        json={"parameter": "offset_um", "value": -70, "case_id": str(store.cases[-1].id)},
    )
    said = tried.json()
    assert tried.status_code == 200, tried.text
    assert (said["current"], said["lowest"], said["highest"], said["largest_step"]) == (20, -80, 120, 100)
    (effect,) = said["effects"]
    assert effect["mean_before"] == pytest.approx(0.17)
    assert (effect["mean_after"], effect["scale"]) == (pytest.approx(0.08), pytest.approx(0.02))
    assert (said["needs_second"], said["needs_signature"]) == (True, False)
    newest = await ana.post("/api/v1/adjustments/try", json={"parameter": "offset_um", "value": 30})
    assert (newest.json()["needs_second"], len(newest.json()["effects"])) == (False, 1)
    assert (await ana.get("/api/v1/decisions")).json()["items"] == []


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"parameter": "offset_um", "value": 121}, 422, "OUT_OF_LIMITS"),
        ({"parameter": "offset_um", "value": 0.5}, 422, "OUT_OF_LIMITS"),
        ({"parameter": "nothing", "value": 1}, 422, "OUT_OF_LIMITS"),
        ({"parameter": "off\0set", "value": 1}, 422, "VALIDATION"),
        ({"parameter": "offset_um", "value": 1, "case_id": str(uuid4())}, 404, "NOT_FOUND"),
    ],
)
async def test_what_would_be_refused_is_refused_when_tried(
    ana: httpx.AsyncClient, store: Store, asked: dict[str, object], status: int, code: str
) -> None:
    store.show_line(parameters={"offset_um": 20.0})
    answer = await ana.post("/api/v1/adjustments/try", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "a\0b"},
        {"reason": "\x1b[2J"},
        {"reason": "x" * 501},
        {"reason_code": "no such"},
        {"reason": "\ud800"},
    ],
)
async def test_hostile_reasons_are_refused(
    engineer: httpx.AsyncClient, store: Store, changes: dict[str, str]
) -> None:
    store.make_part(Verdict.HOLD)
    answer = await engineer.put(
        _url(), content=json.dumps(_release(store) | changes), headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION")


async def test_a_reason_is_kept_without_what_cannot_be_seen(engineer: httpx.AsyncClient, store: Store) -> None:
    store.make_part(Verdict.HOLD)
    answer = await engineer.put(_url(), json=_release(store, reason="\u202e<b>=1+1</b>\n"))
    assert answer.json()["reason"] == "<b>=1+1</b>"


async def test_a_reason_code_that_the_plan_does_not_have_is_refused(
    engineer: httpx.AsyncClient, store: Store
) -> None:
    store.make_part(Verdict.HOLD)
    answer = await engineer.put(_url(), json=_release(store, reason_code="BY_MISTAKE"))
    assert (answer.status_code, answer.json()["code"]) == (422, "INCOMPLETE")


async def test_plans_are_listed_with_the_one_in_force(
    engineer: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    store.edge.use_plan(PLAN)
    clock.advance(60)
    store.edge.use_plan(STRICT)
    listed = (await engineer.get("/api/v1/plans")).json()
    assert [(each["version"], each["in_force"]) for each in listed] == [
        (STRICT.version, False),
        (PLAN.version, True),
    ]
    one = (await engineer.get(f"/api/v1/plans/{STRICT.version}")).json()
    assert one["content"]["parameters"][0]["alone_within"] == 20
    assert (await engineer.get("/api/v1/plans/none")).status_code == 404
