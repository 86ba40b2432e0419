"""The accounts that are there before anybody has made one: the demo's, or a plant's first admin."""

from argon2 import PasswordHasher

from quality.plan import Role
from records.review_records import ReviewRecords
from records.views import Account
from review_api.accounts import PASSWORDS
from review_api.credentials import one_time_secret

FIRST_ADMIN = "admin"
DEMO = (
    ("engineer", "engineer", "2580", "Quality engineer", Role.ENGINEER),
    ("supervisor", "supervisor", "3691", "Shift supervisor", Role.SUPERVISOR),
    ("operator", "operator", "1470", "Operator", Role.OPERATOR),
    ("it", "it-reports", None, "Plant IT", Role.IT),
    ("admin", "admin-access", None, "Administrator", Role.ADMIN),
)
"""Name, password, PIN, what the tablet calls them, role. The badge is BADGE- and the name in capitals."""


def seed_demo_accounts(records: ReviewRecords, hasher: PasswordHasher = PASSWORDS) -> list[tuple[str, str, Role]]:
    """Makes the demo's accounts where they are missing; returns (name, PIN or password, role), to be shown."""
    for name, password, pin, display_name, role in DEMO:
        if records.account(name) is None:
            pin_hash = None if pin is None else hasher.hash(pin)
            badge = f"BADGE-{name.upper()}"
            records.save_account(
                Account(name, display_name, role, hasher.hash(password), badge=badge, pin_hash=pin_hash)
            )
    return [(name, pin or password, role) for name, password, pin, _, role in DEMO]


def make_first_admin(records: ReviewRecords, hasher: PasswordHasher = PASSWORDS) -> str | None:
    """Where nobody has an account, makes `FIRST_ADMIN`; returns their one-time password, else None.

    It has to be changed at the first sign-in, and is kept nowhere: whoever starts the station is shown it once.
    """
    if records.accounts():
        return None
    password = one_time_secret(Role.ADMIN)
    records.save_account(
        Account(FIRST_ADMIN, "Administrator", Role.ADMIN, hasher.hash(password), must_change=True)
    )
    return password
