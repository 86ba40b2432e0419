"""Signatures: that a person entered their PIN or password for this very decision, and when.

A signature is a code over the decision's facts, the person and the time, made with the station's secret. It is
good for the decision of one id alone, which is recorded once: nothing has to be remembered about it.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from quality.case import DecisionKind, Disposition, Refusal, RefusalCode
from quality.ports import Clock
from quality.saying import Saying, saying

GOOD_FOR: Final = timedelta(minutes=15)
LONGEST: Final = 100
"""Characters."""
_TIME_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Signed:
    """What is signed: a decision's id and all that its effect depends on."""

    decision_id: UUID
    kind: DecisionKind
    case_id: UUID | None = None
    case_version: int | None = None
    disposition: Disposition | None = None
    parameter: str | None = None
    value: float | None = None


class Signatures:
    """Makes signatures and reads them."""

    def __init__(self, secret: bytes, clock: Clock) -> None:
        self._key = hmac.digest(secret, b"jidoka signature", "sha256")
        self._clock = clock

    def make(self, signed: Signed, person: str) -> str:
        """The signature of somebody who has just proved to be that person."""
        now = round(self._clock.now().timestamp() * 1e6).to_bytes(_TIME_BYTES, "big")
        return base64.urlsafe_b64encode(now + self._code(signed, person, now)).decode().rstrip("=")

    def when(self, signature: str, signed: Signed, person: str) -> datetime:
        """When that person signed that. Raises Refusal SIGNATURE when they did not, or too long ago."""
        try:
            content = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        except ValueError:
            content = b""
        made, code = content[:_TIME_BYTES], content[_TIME_BYTES:]
        if not hmac.compare_digest(code, self._code(signed, person, made)):
            raise _refused(saying("The signature is for something else; sign this decision."))
        at = datetime.fromtimestamp(int.from_bytes(made, "big") / 1e6, UTC)
        if not timedelta() <= self._clock.now() - at <= GOOD_FOR:
            raise _refused(saying("The signature is too old; sign again."))
        return at

    def _code(self, signed: Signed, person: str, made: bytes) -> bytes:
        facts = [
            *(str(signed.decision_id), signed.kind.value, str(signed.case_id), signed.case_version),
            *(signed.disposition, signed.parameter, None if signed.value is None else float(signed.value), person),
        ]
        return hmac.digest(self._key, made + json.dumps(facts).encode(), hashlib.sha256)


def _refused(said: Saying) -> Refusal:
    return Refusal(RefusalCode.SIGNATURE, said)
