"""The composition root of the review station: everything is made here and handed on."""

from argon2 import PasswordHasher
from fastapi import FastAPI

from quality.ports import Clock
from records.review_records import ReviewRecords
from review_api.accounts import PASSWORDS, Accounts
from review_api.api import session
from review_api.body_limit import BodyLimit
from review_api.clock import SystemClock
from review_api.collaborators import Collaborators
from review_api.headers import SecurityHeaders
from review_api.problems import answer_with_problems
from review_api.sessions import Sessions
from review_api.settings import ReviewSettings

LARGEST_BODY = 64 * 1024
SYSTEM_CLOCK = SystemClock()


def create_app(
    settings: ReviewSettings,
    records: ReviewRecords,
    clock: Clock = SYSTEM_CLOCK,
    hasher: PasswordHasher = PASSWORDS,
) -> FastAPI:
    """The review station of one line as an ASGI app."""
    app = FastAPI(
        title="Jidoka review station",
        version="1",
        description="What one line made, what is held and why, and the decisions on it.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.state.collaborators = Collaborators(
        settings=settings,
        records=records,
        clock=clock,
        accounts=Accounts(records, clock, hasher),
        sessions=Sessions(settings.secret, records, clock, secure=settings.secure_cookies),
    )
    answer_with_problems(app)
    app.add_middleware(BodyLimit, most=LARGEST_BODY)
    app.add_middleware(SecurityHeaders)
    app.include_router(session.router)
    return app
