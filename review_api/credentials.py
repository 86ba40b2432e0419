"""What may be a PIN or a password, and the one-time secrets that somebody is given to begin with."""

import secrets

from quality.plan import Role
from quality.saying import Saying, saying

SHORTEST_PIN, LONGEST_PIN = 4, 8
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 200
PIN_ROLES = frozenset({Role.OPERATOR, Role.ENGINEER, Role.SUPERVISOR})
"""Who stands at a shared tablet. A PIN is too little for who gives access or reads from anywhere."""
_UNMISTAKABLE = "abcdefghjkmnpqrstuvwxyz23456789"
_RUNS = ("0123456789", "9876543210")


def is_pin(secret: str) -> bool:
    """Whether that has the shape of a PIN: 4 to 8 digits."""
    return secret.isascii() and secret.isdigit() and SHORTEST_PIN <= len(secret) <= LONGEST_PIN


def fault_of(secret: str, name: str, role: Role) -> Saying | None:
    """Why that cannot be the secret of the account of that name and role, with the mend; None when it can."""
    if is_pin(secret) and role not in PIN_ROLES:
        return saying("A PIN is too little for this role; choose a password of 10 characters or more.")
    if not is_pin(secret) and not SHORTEST_PASSWORD <= len(secret) <= LONGEST_PASSWORD:
        if role in PIN_ROLES:
            return saying("Choose a PIN of 4 to 8 digits, or a password of 10 to 200 characters.")
        return saying("Choose a password of 10 to 200 characters.")
    if len(set(secret)) == 1 or any(secret in run for run in _RUNS) or secret.casefold() == name.casefold():
        return saying("This is among the first that anyone tries; choose another one.")
    return None


def one_time_secret(role: Role) -> str:
    """What somebody of that role signs in with for the first time: a PIN of 6 digits, or a password of 80 bits."""
    if role in PIN_ROLES:
        while fault_of(pin := f"{secrets.randbelow(10**6):06d}", "", role) is not None:
            pass
        return pin
    groups = ("".join(secrets.choice(_UNMISTAKABLE) for _ in range(4)) for _ in range(4))
    return "-".join(groups)
