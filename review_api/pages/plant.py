"""Signing in with the plant: sent to its OpenID provider, and back with a session here."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from quality.saying import saying
from records.access import AccessRefused
from review_api.api.session import enter
from review_api.collaborators import Collaborators, Handed, Spoken
from review_api.pages.sign_in import sign_in_page
from review_api.pages.visit import inside
from review_api.problems import Problem
from review_api.single_sign_on import AWAY_S, SignOn

router = APIRouter(prefix="/sign-in/plant")
Given = Annotated[str, Query(max_length=4000)]


@router.get("")
async def leave(request: Request, station: Handed, language: Spoken, next: Given = "/line") -> Response:  # noqa: A002 - the query's own name
    """Sends the browser to the plant's provider."""
    plant = _plant(station)
    state = plant.provider.new_state()
    try:
        address = await plant.provider.address(state, plant.back(request))
    except Problem as problem:
        return await run_in_threadpool(sign_in_page, request, station, language, next, "", problem)
    away = RedirectResponse(address, status_code=303)
    away.set_cookie(
        plant.cookie,
        plant.stamp.seal([state, inside(next)]),
        max_age=AWAY_S,
        httponly=True,
        samesite="lax",
        secure=station.settings.secure,
        path="/",
    )
    return away


@router.get("/back")
async def come_back(
    request: Request,
    station: Handed,
    language: Spoken,
    code: Given = "",
    state: Given = "",
    error: Given = "",
) -> Response:
    """Opens a session for whom the provider sent back."""
    plant = _plant(station)
    wanted = "/line"
    try:
        wanted = plant.wanted(request, state)
        _refuse_failure(error, code)
        claims = await plant.provider.claims(code, state, plant.back(request))
        account = await run_in_threadpool(plant.accounts.account, claims)
    except Problem as problem:
        return await run_in_threadpool(sign_in_page, request, station, language, wanted, "", problem)
    except AccessRefused as refused:
        taken = Problem(409, refused.code, refused.said)
        return await run_in_threadpool(sign_in_page, request, station, language, wanted, "", taken)
    welcome = RedirectResponse(wanted, status_code=303)
    enter(request, welcome, station, account)
    welcome.delete_cookie(plant.cookie, path="/", httponly=True, samesite="lax", secure=station.settings.secure)
    return welcome


def _refuse_failure(error: str, code: str) -> None:
    if error or not code:
        raise Problem(
            403,
            "PLANT",
            saying("The plant did not sign you in ({error}). Try again, or use badge and PIN.", error=error[:100]),
        )


def _plant(station: Collaborators) -> SignOn:
    if station.sign_on is None:
        raise Problem(
            404,
            "NOT_FOUND",
            saying("This line has no single sign-on; LINE.yaml sets it up under review.single_sign_on."),
        )
    return station.sign_on
