"""What the routes are handed: made once in the composition root, and reached through one dependency."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from quality.ports import Clock
from records.review_records import ReviewRecords
from review_api.accounts import Accounts
from review_api.cursors import Cursors
from review_api.devices import Devices
from review_api.feed import Feed
from review_api.language import Language, Languages
from review_api.metrics import Metrics
from review_api.newest import NewestPages
from review_api.sessions import Sessions
from review_api.settings import ReviewSettings
from review_api.signing import Signatures
from review_api.single_sign_on import SignOn
from review_api.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Collaborators:
    """Everything a route may work with."""

    settings: ReviewSettings
    records: ReviewRecords
    clock: Clock
    accounts: Accounts
    sessions: Sessions
    devices: Devices
    tokens: Tokens
    sign_on: SignOn | None
    cursors: Cursors
    newest: NewestPages
    feed: Feed
    metrics: Metrics
    languages: Languages
    signatures: Signatures


async def handed(connection: HTTPConnection) -> Collaborators:
    """The collaborators of the app that serves this request."""
    return cast(Collaborators, connection.app.state.collaborators)


Handed = Annotated[Collaborators, Depends(handed)]


async def _spoken(connection: HTTPConnection, station: Handed) -> Language:
    return station.languages.of(connection)


Spoken = Annotated[Language, Depends(_spoken)]
"""The language that a request is answered in."""
