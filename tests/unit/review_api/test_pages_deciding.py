"""Deciding by plain forms, as a browser without scripts does."""

import re
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from quality.judgement import Verdict
from quality.order import OrderState
from quality.plan import DecisionKind
from review_api.app import create_app
from review_api.settings import ReviewSettings
from tests.unit.review_api.conftest import CHEAP, FakeClock, Store, visitor


def fields(page: str) -> dict[str, str]:
    """The hidden fields of the decision's form."""
    form = page[page.index('class="sheet-form"') :]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[: form.index("</form>")]))


async def asked(client: httpx.AsyncClient, path: str) -> dict[str, str]:
    page = await client.get(path)
    assert page.status_code == 200, page.text
    return fields(page.text)


async def test_a_release_goes_by_a_form_and_comes_back_to_the_case(
    engineer: httpx.AsyncClient, store: Store
) -> None:
    store.make_part(Verdict.HOLD)
    case = store.cases[0].id
    form = await asked(engineer, f"/cases/{case}/decide?kind=RELEASE")
    answer = await engineer.post(f"/cases/{case}/decide", data=form | {"reason_code": "NO_DEFECT_SEEN"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cases/{case}")
    (decision,) = store.edge.pending_decisions()
    assert (decision.kind, decision.reason_code, str(decision.id)) == (
        DecisionKind.RELEASE,
        "NO_DEFECT_SEEN",
        form["decision_id"],
    )


async def test_a_form_sent_twice_is_one_decision(engineer: httpx.AsyncClient, store: Store) -> None:
    store.make_part(Verdict.HOLD)
    case = store.cases[0].id
    form = await asked(engineer, f"/cases/{case}/decide?kind=MEASURE") | {"reason": "to be sure"}
    for _ in range(2):
        assert (await engineer.post(f"/cases/{case}/decide", data=form)).status_code == 303
    assert len(store.edge.pending_decisions()) == 1


async def test_a_refusal_is_told_on_the_form_and_nothing_is_done(
    engineer: httpx.AsyncClient, store: Store
) -> None:
    store.make_part(Verdict.HOLD)
    case = store.cases[0].id
    form = await asked(engineer, f"/cases/{case}/decide?kind=CONFIRM_HOLD")
    without = await engineer.post(f"/cases/{case}/decide", data=form | {"reason": "seen"})
    assert without.status_code == 422
    assert "Say what becomes of the part" in without.text
    stale = form | {"reason": "seen", "disposition": "SCRAP", "case_version": "7"}
    late = await engineer.post(f"/cases/{case}/decide", data=stale)
    assert late.status_code == 409
    assert "The case has moved on" in late.text
    assert store.edge.pending_decisions() == []


async def test_an_adjustment_by_form_is_held_to_its_limits(engineer: httpx.AsyncClient, store: Store) -> None:
    store.make_part(Verdict.HOLD, with_evidence=True)
    store.show_line(parameters={"offset_um": 0.0})
    case = store.cases[0].id
    path = f"/cases/{case}/decide?kind=ADJUST_PARAMETER"
    form = await asked(engineer, path) | {"reason_code": "DRIFT"}
    far = await engineer.post(f"/cases/{case}/decide", data=form | {"value": "140"})
    assert far.status_code == 422
    assert "more than the largest step of 100" in far.text
    near = await engineer.post(f"/cases/{case}/decide", data=form | {"value": "-90"})
    assert near.status_code == 303
    (decision,) = store.edge.pending_decisions()
    assert (decision.parameter, decision.value) == ("offset_um", -90.0)


async def test_the_line_is_stopped_by_a_form(engineer: httpx.AsyncClient, store: Store) -> None:
    store.show_line()
    form = await asked(engineer, "/line/decide?kind=STOP_LINE") | {"reason_code": "TOOL_DAMAGED"}
    answer = await engineer.post("/line/decide", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/line")
    (decision,) = store.edge.pending_decisions()
    assert (decision.kind, decision.case_id) == (DecisionKind.STOP_LINE, None)


@pytest.mark.parametrize("path", ["/cases/{case}/decide?kind=RELEASE", "/line/decide?kind=STOP_LINE"])
async def test_an_operator_is_not_asked_to_decide(app: FastAPI, store: Store, path: str) -> None:
    store.make_part(Verdict.HOLD)
    async with visitor(app, "operator") as operator:
        assert (await operator.get(path.format(case=store.cases[0].id))).status_code == 403


async def test_without_the_sessions_token_nothing_is_done(engineer: httpx.AsyncClient, store: Store) -> None:
    store.make_part(Verdict.HOLD)
    case = store.cases[0].id
    form = await asked(engineer, f"/cases/{case}/decide?kind=RELEASE")
    del engineer.headers["X-CSRF-Token"]
    forged = await engineer.post(f"/cases/{case}/decide", data=form | {"reason": "x", "csrf": "forged"})
    assert forged.status_code == 403
    assert (await engineer.post(f"/cases/{case}/decide", data=form | {"reason": "x"})).status_code == 303


async def test_a_case_that_is_not_there_is_not_found(engineer: httpx.AsyncClient) -> None:
    assert (await engineer.get(f"/cases/{uuid4()}/decide?kind=RELEASE")).status_code == 404


class TestOfTwoPeople:
    """Releases are signed, and of this critical characteristic two people decide."""

    @pytest.fixture
    def app(self, settings: ReviewSettings, store: Store, clock: FakeClock) -> FastAPI:
        plan = settings.plan
        critical = tuple(replace(c, critical=True) for c in plan.characteristics)
        signed = replace(plan.reaction, signed=(DecisionKind.RELEASE,))
        strict = replace(settings, plan=replace(plan, characteristics=critical, reaction=signed))
        return create_app(strict, store.review, clock, CHEAP)

    async def proposed(
        self,
        app: FastAPI,
        store: Store,
        secret: str = "engineer",  # noqa: S107 - the demo's own
    ) -> tuple[str, httpx.Response]:
        store.make_part(Verdict.HOLD)
        case = store.cases[0].id
        async with visitor(app, "engineer") as engineer:
            form = await asked(engineer, f"/cases/{case}/decide?kind=RELEASE")
            sent = form | {"reason_code": "NO_DEFECT_SEEN", "secret": secret}
            return str(case), await engineer.post(f"/cases/{case}/decide", data=sent)

    async def test_a_wrong_pin_signs_nothing(self, app: FastAPI, store: Store) -> None:
        _, answer = await self.proposed(app, store, "wrong")
        assert answer.status_code == 401
        assert store.review.case(store.cases[0].id).decisions == ()  # type: ignore[union-attr]

    async def test_a_proposal_waits_and_its_own_person_cannot_agree(self, app: FastAPI, store: Store) -> None:
        case, answer = await self.proposed(app, store)
        assert answer.status_code == 303
        assert store.edge.pending_decisions() == []
        async with visitor(app, "engineer") as engineer:
            form = await asked(engineer, f"/cases/{case}/second?agrees=true")
            own = await engineer.post(f"/cases/{case}/second", data=form | {"secret": "engineer"})
            assert own.status_code == 403
            assert "another person has to agree" in own.text
        assert store.edge.pending_decisions() == []

    async def test_another_person_agrees_on_the_spot_at_the_first_ones_tablet(
        self, app: FastAPI, store: Store
    ) -> None:
        case, _ = await self.proposed(app, store)
        async with visitor(app, "engineer") as engineer:
            form = await asked(engineer, f"/cases/{case}/second?agrees=true")
            there = form | {"name": "supervisor", "secret": "supervisor"}
            answer = await engineer.post(f"/cases/{case}/second", data=there)
            assert answer.status_code == 303, answer.text
            page = (await engineer.get(f"/cases/{case}")).text
        (decision,) = store.edge.pending_decisions()
        assert decision.kind is DecisionKind.RELEASE
        assert "supervisor agreed" in page

    async def test_who_does_not_agree_says_why_and_the_case_is_open_again(
        self, app: FastAPI, store: Store
    ) -> None:
        case, _ = await self.proposed(app, store)
        async with visitor(app, "supervisor") as supervisor:
            page = (await supervisor.get(f"/cases/{case}")).text
            assert "Quality engineer proposes: Release" in page
            form = await asked(supervisor, f"/cases/{case}/second?agrees=false")
            assert (await supervisor.post(f"/cases/{case}/second", data=form)).status_code == 422
            answer = await supervisor.post(f"/cases/{case}/second", data=form | {"reason": "measure it first"})
            assert answer.status_code == 303
            assert "did not agree: measure it first" in (await supervisor.get(f"/cases/{case}")).text
        (decision,) = store.review.case(store.cases[0].id).decisions  # type: ignore[union-attr]
        assert decision.travel is OrderState.REFUSED

    async def test_nobody_without_a_decision_to_make_speaks_as_second(self, app: FastAPI, store: Store) -> None:
        case, _ = await self.proposed(app, store)
        async with visitor(app, "engineer") as engineer:
            form = await asked(engineer, f"/cases/{case}/second?agrees=true")
            there = form | {"name": "operator", "secret": "operator"}
            answer = await engineer.post(f"/cases/{case}/second", data=there)
            assert answer.status_code == 403
            assert "does not decide" in answer.text
        assert store.edge.pending_decisions() == []
