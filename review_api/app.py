"""The composition root of the review station: everything is made here and handed on."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from argon2 import PasswordHasher
from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from quality.ports import Clock
from records.review_records import ReviewRecords
from review_api import pages
from review_api.accounts import PASSWORDS, Accounts
from review_api.api import (
    accounts,
    adjustments,
    alarms,
    cases,
    decisions,
    description,
    events,
    exports,
    health,
    listings,
    pictures,
    plans,
    session,
    shifts,
    signatures,
    spc,
    tokens,
)
from review_api.body_limit import BodyLimit
from review_api.clock import SystemClock
from review_api.collaborators import Collaborators
from review_api.cursors import Cursors
from review_api.devices import Devices
from review_api.feed import Feed
from review_api.headers import SecurityHeaders
from review_api.language import Languages
from review_api.metrics import Metrics
from review_api.newest import NewestPages, Shortcut
from review_api.observation import Observation
from review_api.problems import answer_with_problems
from review_api.sessions import Sessions
from review_api.settings import ReviewSettings
from review_api.shell import SHELL
from review_api.signing import Signatures
from review_api.single_sign_on import SignOn
from review_api.tokens import Tokens

LARGEST_BODY = 64 * 1024
WORTH_COMPRESSING = 1024
"""Bytes."""
SYSTEM_CLOCK = SystemClock()


def create_app(
    settings: ReviewSettings,
    records: ReviewRecords,
    clock: Clock = SYSTEM_CLOCK,
    hasher: PasswordHasher = PASSWORDS,
    plant_transport: httpx2.AsyncBaseTransport | None = None,
) -> FastAPI:
    """The review station of one line as an ASGI app; `plant_transport` leads to the plant's provider."""
    cursors = Cursors(settings.secret)
    plant = settings.single_sign_on
    station = Collaborators(
        settings=settings,
        records=records,
        clock=clock,
        accounts=Accounts(records, clock, hasher),
        sessions=Sessions(
            settings.secret,
            records,
            clock,
            secure=settings.secure,
            idle_s=settings.idle_minutes * 60,
            lax=settings.single_sign_on is not None,
        ),
        devices=Devices(settings.secret, secure=settings.secure),
        tokens=Tokens(settings.secret, records, clock),
        sign_on=None if plant is None else SignOn(plant, settings, records, clock, plant_transport),
        cursors=cursors,
        newest=NewestPages(records, lambda below: cursors.seal("inspections", below)),
        feed=Feed(settings.line, records, clock),
        metrics=Metrics(settings.line, records, clock),
        languages=Languages(settings.time_zone, settings.language),
        signatures=Signatures(settings.secret, clock),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        station.feed.start()
        yield
        await station.feed.stop()

    app = FastAPI(
        title="Jidoka review station",
        version="1",
        description="What one line made, what is held and why, and the decisions on it.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.collaborators = station
    answer_with_problems(app, station.languages)
    # A stream of events goes through as it is. A page tells no secret of another site beside what that site asked:
    # the cookie does not come along from there.
    app.add_middleware(GZipMiddleware, minimum_size=WORTH_COMPRESSING, compresslevel=5)
    app.add_middleware(Shortcut, newest=station.newest, sessions=station.sessions)
    app.add_middleware(BodyLimit, most=LARGEST_BODY)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Observation, metrics=station.metrics, clock=clock)
    # The listings come before single things, so that their fixed paths are met first.
    for subject in (
        *(health, session, accounts, tokens, listings, alarms, shifts),
        *(signatures, adjustments, plans),
        *(cases, decisions, spc, exports, events, pictures, description),
    ):
        app.include_router(subject.router)
    app.include_router(pages.router)
    app.mount("/static", SHELL, name="static")
    return app
