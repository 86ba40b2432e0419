"""The plant's OpenID provider: where to send people, and who comes back.

OpenID Connect Core 1.0, authorization code flow, with PKCE (RFC 7636), state and nonce. Each is derived from one
random state under the station's secret, so that nothing is kept here while somebody is away.
"""

import base64
import hashlib
import hmac
import secrets
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from quality.ports import Clock
from quality.saying import Saying, saying
from review_api.problems import Problem
from review_api.settings import SingleSignOn

ANSWER_WITHIN_S = 10.0
KNOWN_FOR_S = 3600.0
CLOCKS_DIFFER_S = 60
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
"""Signatures by the provider's private key; `none`, and secrets that we know too, prove nothing."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the provider says of itself, and until when that is believed."""

    description: Mapping[str, Any]
    keys: KeySet
    until: float


class Provider:
    """One OpenID provider. Every method raises Problem 502 PLANT when it cannot be used, with the mend."""

    def __init__(
        self,
        settings: SingleSignOn,
        secret: bytes,
        clock: Clock,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = settings
        self._secret = secret
        self._clock = clock
        self._transport = transport
        self._known: _Known | None = None

    @staticmethod
    def new_state() -> str:
        """What binds somebody's leaving to their coming back."""
        return secrets.token_urlsafe(24)

    async def address(self, state: str, back: str) -> str:
        """Where to send somebody to sign in; `back` is where they shall come back to."""
        known = await self._describe()
        async with self._client() as client:
            address, _ = client.create_authorization_url(
                known.description["authorization_endpoint"],
                state=state,
                redirect_uri=back,
                nonce=self._derived("nonce", state),
                code_verifier=self._derived("verifier", state),
            )
        return str(address)

    async def claims(self, code: str, state: str, back: str) -> Mapping[str, Any]:
        """What the provider says of who came back with that code, from its ID token, which has been checked."""
        known = await self._describe()
        try:
            async with self._client() as client:
                answer = await client.fetch_token(
                    known.description["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    redirect_uri=back,
                    code_verifier=self._derived("verifier", state),
                )
        except OAuthError as error:
            raise _trouble(
                saying(
                    "The plant's sign-in refused the code ({error}). Try again; if it stays so, plant IT checks"
                    " client_id, the client's secret and the address to come back to, {back}.",
                    error=str(error.error),
                    back=back,
                )
            ) from error
        except (httpx2.HTTPError, ValueError) as error:
            raise self._silent(error) from error
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise _trouble(saying("The plant's sign-in gave no ID token; plant IT allows the scope openid."))
        return await self._checked(token, state)

    async def _checked(self, token: str, state: str) -> Mapping[str, Any]:
        known = await self._describe()
        try:
            try:
                found = jwt.decode(token, known.keys, algorithms=list(ALGORITHMS))
            except (InvalidKeyIdError, ValueError):
                # A key that was made since: the provider is asked once more, no oftener.
                found = jwt.decode(token, (await self._describe(anew=True)).keys, algorithms=list(ALGORITHMS))
            registry = jwt.JWTClaimsRegistry(
                now=int(self._clock.now().timestamp()),
                leeway=CLOCKS_DIFFER_S,
                iss={"essential": True, "value": self._settings.issuer},
                aud={"essential": True, "value": self._settings.client_id},
                exp={"essential": True},
                iat={"essential": True},
                sub={"essential": True},
                nonce={"essential": True, "value": self._derived("nonce", state)},
            )
            registry.validate(found.claims)
        except ExpiredTokenError as error:
            raise _trouble(
                saying("The plant's ID token is over already; set this machine's clock and the provider's by NTP.")
            ) from error
        except (JoseError, ValueError) as error:
            raise _trouble(
                saying(
                    "The plant's ID token does not hold ({error}). Try again; if it stays so, plant IT checks"
                    " issuer and client_id in LINE.yaml, and the clocks.",
                    error=str(error),
                )
            ) from error
        azp = found.claims.get("azp")
        if azp is not None and azp != self._settings.client_id:
            raise _trouble(saying("The plant's ID token was made for another program, {azp}.", azp=str(azp)))
        return found.claims

    async def _describe(self, *, anew: bool = False) -> _Known:
        now = self._clock.monotonic()
        if self._known is not None and now < self._known.until and not anew:
            return self._known
        try:
            async with self._client() as client:
                description = await _json(
                    client, f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration"
                )
                if description.get("issuer") != self._settings.issuer:
                    raise _trouble(
                        saying(
                            "The plant's sign-in calls itself {found}, LINE.yaml {wanted}; write review."
                            "single_sign_on.issuer as the provider does.",
                            found=str(description.get("issuer")),
                            wanted=self._settings.issuer,
                        )
                    )
                keys = KeySet.import_key_set(await _json(client, description["jwks_uri"]))  # type: ignore[arg-type]  # checked by it
        except (httpx2.HTTPError, JoseError, ValueError, KeyError) as error:
            raise self._silent(error) from error
        self._known = _Known(description, keys, now + KNOWN_FOR_S)
        return self._known

    def _client(self) -> AsyncOAuth2Client:
        ca = self._settings.ca
        return AsyncOAuth2Client(
            client_id=self._settings.client_id,
            client_secret=self._settings.client_secret,
            scope="openid profile",
            code_challenge_method="S256",
            verify=ssl.create_default_context(cafile=None if ca is None else str(ca)),
            timeout=ANSWER_WITHIN_S,
            transport=self._transport,
        )

    def _silent(self, error: Exception) -> Problem:
        return _trouble(
            saying(
                "The plant's sign-in at {issuer} gives no answer that can be used ({error}). Sign in with badge"
                " and PIN, and tell plant IT.",
                issuer=self._settings.issuer,
                error=str(error) or type(error).__name__,
            )
        )

    def _derived(self, purpose: str, state: str) -> str:
        digest = hmac.new(self._secret, f"single sign-on {purpose}\0{state}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def _json(client: AsyncOAuth2Client, address: str) -> dict[str, Any]:
    answer = await client.request("GET", address, withhold_token=True)
    answer.raise_for_status()
    content = answer.json()
    if not isinstance(content, dict):
        raise ValueError(f"{address}: no JSON object")  # noqa: TRY004 - what another program sent, not what we passed
    return content


def _trouble(said: Saying) -> Problem:
    return Problem(502, "PLANT", said)
