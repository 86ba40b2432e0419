"""Signing: PIN or password once more, for one decision as it is shown."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from review_api.access import DECIDING, allowed
from review_api.accounts import Person
from review_api.api.decisions import AskedEffect
from review_api.collaborators import Handed
from review_api.problems import documented
from review_api.signing import GOOD_FOR

router = APIRouter(prefix="/api/v1/signatures", tags=["decisions"])


class AskedSignature(AskedEffect):
    """What is signed, as the decision itself says or will say it, and the PIN or password of who is signed in."""

    decision_id: UUID
    secret: str = Field(min_length=1, max_length=1000)


class SignatureMade(BaseModel):
    """A signature for that decision alone, to be sent along with it before `good_until`."""

    signature: str
    good_until: datetime


@router.post("", status_code=201, responses=documented(401, 403, 422, 429))
async def post_signature(
    asked: AskedSignature, station: Handed, person: Annotated[Person, Depends(allowed(*DECIDING))]
) -> SignatureMade:
    """Proves once more who decides. 401 WRONG_PASSWORD counts towards 429 TOO_MANY_TRIES, as at the sign-in.

    A second person signs the same facts as the first did.
    """
    await station.accounts.prove_self(person, asked.secret)
    signature = station.signatures.make(asked.signed(asked.decision_id), person.name)
    return SignatureMade(signature=signature, good_until=station.clock.now() + GOOD_FOR)
