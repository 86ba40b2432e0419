"""Tokens of programs, for whoever gives access: made, listed and revoked; what they open is reading alone."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from quality.saying import saying
from records.views import Token
from review_api.accounts import Person
from review_api.api.accounts import Admin, Given
from review_api.collaborators import Collaborators, Handed
from review_api.problems import Problem, documented

router = APIRouter(prefix="/api/v1/tokens", tags=["access"])


class TokenView(BaseModel):
    """A token as an admin sees it. It reads what the role it reads, and changes nothing."""

    id: str
    title: str = Field(description="What it is for")
    made_by: str
    made_at: datetime
    used_at: datetime | None = Field(description="To five minutes")
    revoked_at: datetime | None

    @classmethod
    def of(cls, token: Token) -> "TokenView":
        """The token, without its text."""
        return cls(
            id=token.id,
            title=token.title,
            made_by=token.made_by,
            made_at=token.made_at,
            used_at=token.used_at,
            revoked_at=token.revoked_at,
        )


class TokenList(BaseModel):
    """Every token, newest first, revoked ones too."""

    items: list[TokenView]


class AskedToken(BaseModel):
    """A token to be made."""

    model_config = ConfigDict(extra="forbid")

    title: Given = Field(description="What it is for")


class MadeToken(BaseModel):
    """A token with its text, which is shown this once: Authorization: Bearer TEXT."""

    token: TokenView
    text: str


def make(station: Collaborators, by: Person, title: str) -> MadeToken:
    """A new token."""
    token, text = station.tokens.make(title, by.name)
    return MadeToken(token=TokenView.of(token), text=text)


def revoke(station: Collaborators, by: Person, token_id: str) -> None:
    """Makes a token worthless at once. Raises Problem 404."""
    known = (
        None if "\0" in token_id else station.records.access.revoke_token(token_id, by.name, station.clock.now())
    )
    if known is None:
        raise Problem(404, "NOT_FOUND", saying("There is no token {id}.", id=token_id))


@router.get("", responses=documented(401, 403))
def get_tokens(station: Handed, _: Admin) -> TokenList:
    """Every token."""
    return TokenList(items=[TokenView.of(token) for token in station.records.access.tokens()])


@router.post("", status_code=201, responses=documented(401, 403, 422))
def post_token(station: Handed, admin: Admin, asked: AskedToken) -> MadeToken:
    """Makes a token."""
    return make(station, admin, asked.title)


@router.delete("/{token_id}", status_code=204, response_class=Response, responses=documented(401, 403, 404, 422))
def delete_token(station: Handed, admin: Admin, token_id: Annotated[str, Path(max_length=100)]) -> None:
    """Revokes a token."""
    revoke(station, admin, token_id)
