"""Who may sign in: passwords under argon2id, and a growing wait after wrong ones."""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from itertools import islice

import anyio
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from starlette.concurrency import run_in_threadpool

from quality.plan import Role
from quality.ports import Clock
from records.review_records import ReviewRecords
from records.views import Account
from review_api.problems import Problem

# OWASP's second argon2id profile: 19 MiB and one lane, so that sign-ins do not dent a small edge computer.
PASSWORDS = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

FREE_TRIES = 5
LONGEST_WAIT_S = 60.0
REMEMBERED_NAMES = 1000
MOST_WAITING = 16
PROVEN_FOR_S = 60.0


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who is signed in."""

    name: str
    display_name: str
    role: Role
    hints_seen: bool = False


def person_of(account: Account) -> Person:
    """The person that account belongs to."""
    return Person(account.name, account.display_name, account.role, account.hints_seen)


class Accounts:
    """Proves who someone is by name and password.

    One password is verified at a time, which bounds memory and makes tries count. After `FREE_TRIES` wrong ones
    the account waits 1 s, 2 s, 4 s ... up to `LONGEST_WAIT_S`, whether the name exists or not.
    """

    def __init__(self, records: ReviewRecords, clock: Clock, hasher: PasswordHasher = PASSWORDS) -> None:
        self._records = records
        self._clock = clock
        self._hasher = hasher
        self._nobodys_hash = hasher.hash(secrets.token_hex())
        self._one_at_a_time = anyio.Semaphore(1)
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._proven: dict[bytes, tuple[str, float]] = {}
        self._proof_key = secrets.token_bytes(32)

    async def prove(self, name: str, password: str) -> Account:
        """The account of that name when the password is its own.

        Raises Problem: 401 WRONG_PASSWORD, or 429 TOO_MANY_TRIES with Retry-After in seconds.
        """
        self._refuse_while_waiting(name)
        if self._one_at_a_time.statistics().tasks_waiting >= MOST_WAITING:
            raise Problem(
                429,
                "TOO_MANY_TRIES",
                "Many people are signing in at once. Try again shortly.",
                {"Retry-After": "1"},
            )
        async with self._one_at_a_time:
            self._refuse_while_waiting(name)
            account = await run_in_threadpool(self._records.account, name)
            good = await run_in_threadpool(self._verify, account, password)
            if account is None or not good:
                self._remember_failure(name)
                raise Problem(401, "WRONG_PASSWORD", "The name or the password is wrong.")
            self._failures.pop(name, None)
            return account

    async def prove_again(self, name: str, password: str) -> Account:
        """As `prove`, for programs that send their password with every request: a proof is good for a minute."""
        digest = hmac.new(self._proof_key, f"{name}\0{password}".encode(), hashlib.sha256).digest()
        proven = self._proven.get(digest)
        if proven is not None and self._clock.monotonic() < proven[1]:
            account = await run_in_threadpool(self._records.account, name)
            if account is not None and account.password_hash == proven[0]:
                return account
        account = await self.prove(name, password)
        now = self._clock.monotonic()
        self._proven = {key: (h, until) for key, (h, until) in self._proven.items() if until > now}
        self._proven[digest] = (account.password_hash, now + PROVEN_FOR_S)
        return account

    def _verify(self, account: Account | None, password: str) -> bool:
        # Verifying against nobody's hash makes an unknown name take as long as a known one.
        encoded = self._nobodys_hash if account is None else account.password_hash
        try:
            return self._hasher.verify(encoded, password)
        except (VerificationError, InvalidHashError):
            return False

    def _refuse_while_waiting(self, name: str) -> None:
        _, until = self._failures.get(name, (0, 0.0))
        left = until - self._clock.monotonic()
        if left > 0:
            seconds = int(left) + 1
            raise Problem(
                429,
                "TOO_MANY_TRIES",
                f"Too many wrong passwords. Try again in {seconds} s.",
                {"Retry-After": str(seconds)},
            )

    def _remember_failure(self, name: str) -> None:
        count = self._failures.pop(name, (0, 0.0))[0] + 1
        over = count - FREE_TRIES
        wait = min(2.0 ** min(over, 30), LONGEST_WAIT_S) if over >= 0 else 0.0
        self._failures[name] = (count, self._clock.monotonic() + wait)
        for oldest in list(islice(self._failures, max(0, len(self._failures) - REMEMBERED_NAMES))):
            del self._failures[oldest]


def seed_demo_accounts(records: ReviewRecords, hasher: PasswordHasher = PASSWORDS) -> list[tuple[str, str, Role]]:
    """Makes the demo's accounts where they are missing; returns (name, password, role) of each, to be printed."""
    demo = [
        ("engineer", "engineer", "Quality engineer", Role.ENGINEER),
        ("supervisor", "supervisor", "Shift supervisor", Role.SUPERVISOR),
        ("operator", "operator", "Operator", Role.OPERATOR),
        ("it", "it-reports", "Plant IT", Role.IT),
    ]
    for name, password, display_name, role in demo:
        if records.account(name) is None:
            records.save_account(Account(name, display_name, role, hasher.hash(password)))
    return [(name, password, role) for name, password, _, role in demo]
