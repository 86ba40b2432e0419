"""People of the plant: from what its OpenID provider says of somebody to their account here, or a refusal."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from quality.plan import Role
from quality.ports import Clock
from quality.saying import saying
from quality.text import plain
from records.review_records import ReviewRecords
from records.views import Account
from review_api.credentials import PIN_ROLES
from review_api.problems import Problem
from review_api.settings import SingleSignOn

BY = "single sign-on"
"""Who changed an account, in the ledger."""
LONGEST_NAME = 100


def awaited(name: str) -> str:
    """The subject of an account whose person an admin lets sign in with the plant from now on."""
    return f"awaited {name}"


class PlantAccounts:
    """Finds, makes and keeps up to date the accounts of people who sign in with the plant.

    Somebody is known by issuer and `sub`, which never change; their name is only what they are called. So nobody
    gets a local account by being called like it at the provider, unless an admin said so (`awaited`).
    """

    def __init__(self, settings: SingleSignOn, records: ReviewRecords, clock: Clock) -> None:
        self._settings = settings
        self._records = records
        self._clock = clock

    def account(self, claims: Mapping[str, Any]) -> Account:
        """The account of whom the claims are about. Raises Problem 403 NO_ACCOUNT or DISABLED."""
        role = self._role(claims)
        subject = f"{self._settings.issuer} {claims['sub']}"
        known = self._records.access.of_subject(subject)
        if known is None:
            name = self._name(claims)
            local = self._records.account(name)
            if local is None:
                called = str(claims.get("name") or name)
                made = Account(name, _tidy(called) or name, role, None, subject=subject)
                return self._records.access.add(made, BY, self._clock.now())
            if local.subject != awaited(name):
                raise Problem(
                    403,
                    "NO_ACCOUNT",
                    saying(
                        "There is a local account {name}. An admin says whether it is yours (accounts: signs in"
                        " with the plant); until then sign in with badge and PIN.",
                        name=name,
                    ),
                )
            known = local
        if known.disabled:
            raise Problem(403, "DISABLED", saying("This account is switched off; ask an admin."))
        if (known.role, known.subject) == (role, subject):
            return known

        def up_to_date(account: Account) -> Account:
            pin_hash = account.pin_hash if role in PIN_ROLES else None
            return replace(account, role=role, subject=subject, pin_hash=pin_hash, must_change=False)

        changed = self._records.access.change(known.name, f"role {role}", up_to_date, BY, self._clock.now())
        return changed or known

    def _role(self, claims: Mapping[str, Any]) -> Role:
        settings = self._settings
        said = claims.get(settings.claim)
        groups = [str(one) for one in said] if isinstance(said, list) else [] if said is None else [str(said)]
        for group, role in settings.roles.items():
            if group in groups:
                return role
        if said is None:
            raise Problem(
                403,
                "NO_ACCOUNT",
                saying(
                    "The plant does not say what you may do: its ID token has no claim {claim}. Plant IT adds it.",
                    claim=settings.claim,
                ),
            )
        raise Problem(
            403,
            "NO_ACCOUNT",
            saying(
                "You have no account here: none of your groups has a role on this line. Plant IT puts you into one"
                " of {groups}.",
                groups=", ".join(settings.roles),
            ),
        )

    def _name(self, claims: Mapping[str, Any]) -> str:
        name = _tidy(str(claims.get(self._settings.name_claim) or claims["sub"])).replace("/", "-").lstrip(".")
        if not name:
            raise Problem(
                403,
                "NO_ACCOUNT",
                saying(
                    "The plant does not say who you are: the claim {claim} is empty. Plant IT mends it.",
                    claim=self._settings.name_claim,
                ),
            )
        return name


def _tidy(text: str) -> str:
    try:
        return plain(text)[:LONGEST_NAME]
    except ValueError:
        return ""
