"""Programs: they read with a token, or with the name and password of an account with the role it."""

import base64
import binascii
from http import HTTPStatus

from starlette.requests import Request

from quality.plan import Role
from quality.saying import saying
from review_api.accounts import Person, person_of
from review_api.collaborators import Collaborators
from review_api.problems import NOT_SIGNED_IN, Problem

_BASIC = {"WWW-Authenticate": 'Basic realm="jidoka", charset="UTF-8"'}
_EITHER = {"WWW-Authenticate": 'Bearer realm="jidoka", Basic realm="jidoka", charset="UTF-8"'}


async def program(authorization: str, request: Request, station: Collaborators) -> Person:
    """The program that sent that Authorization header. Raises Problem 401, 403 or 429."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return await station.tokens.prove(credentials.strip())
    if scheme.lower() == "basic":
        return await _basic(credentials, request, station)
    raise Problem(
        401,
        NOT_SIGNED_IN,
        saying("Send a token (Authorization: Bearer jdk_...), or HTTP Basic of an account with the role it."),
        _EITHER,
    )


async def _basic(encoded: str, request: Request, station: Collaborators) -> Person:
    try:
        name, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if not colon:
        raise Problem(401, NOT_SIGNED_IN, saying("HTTP Basic wants name:password in base64."), _BASIC)
    try:
        account = await station.accounts.prove_again(name, password, station.devices.of(request))
    except Problem as problem:
        problem.headers.update(_BASIC if problem.status == HTTPStatus.UNAUTHORIZED else {})
        raise
    if account.role is not Role.IT:
        raise Problem(
            403,
            "NOT_ALLOWED",
            saying("HTTP Basic is for accounts with the role it; others sign in on the page."),
        )
    return person_of(account)
