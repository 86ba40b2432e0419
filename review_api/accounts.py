"""Who may sign in: PINs and passwords under argon2id, one checked at a time."""

import hashlib
import hmac
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import anyio
import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from starlette.concurrency import run_in_threadpool

from quality.plan import Role
from quality.ports import Clock
from quality.saying import Saying, saying
from records.review_records import ReviewRecords
from records.views import Account
from review_api.credentials import fault_of, is_pin
from review_api.problems import Problem
from review_api.tries import Device, Tries, account_key

# OWASP's second argon2id profile: 19 MiB and one lane, so that sign-ins do not dent a small edge computer.
PASSWORDS = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

MOST_WAITING = 16
MOST_WAITING_OF_A_DEVICE = 4
PROVEN_FOR_S = 60.0


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who is signed in. `must_change`: somebody else knows their secret, and they may only change it."""

    name: str
    display_name: str
    role: Role
    hints_seen: bool = False
    must_change: bool = False


def person_of(account: Account) -> Person:
    """The person that account belongs to."""
    return Person(account.name, account.display_name, account.role, account.hints_seen, account.must_change)


class Accounts:
    """Proves who someone is by name or badge, and PIN or password.

    One secret is verified at a time, which bounds memory and makes tries count. How long wrong ones make one wait
    is `Tries`' to say, whether the name exists or not.
    """

    def __init__(self, records: ReviewRecords, clock: Clock, hasher: PasswordHasher = PASSWORDS) -> None:
        self._records = records
        self._clock = clock
        self._hasher = hasher
        self._nobodys_hash = hasher.hash(secrets.token_hex())
        self._one_at_a_time = anyio.Semaphore(1)
        self._waiting: Counter[str] = Counter()
        self._proven: dict[bytes, tuple[Account, float]] = {}
        self._proof_key = secrets.token_bytes(32)
        self._log = structlog.get_logger("review")
        self.tries = Tries(clock)

    async def prove(self, name: str, secret: str, device: Device) -> Account:
        """The account of that name or badge when the secret is its own.

        Raises Problem: 401 WRONG_PASSWORD, 403 DISABLED, 429 TOO_MANY_TRIES with Retry-After in seconds.
        """
        waiting = self._waiting[device.key]
        if waiting >= MOST_WAITING_OF_A_DEVICE or self._waiting.total() >= MOST_WAITING:
            raise _too_many(saying("Many people are signing in at once. Try again shortly."), 1)
        self._waiting[device.key] += 1
        try:
            async with self._one_at_a_time:
                return await self._prove(name, secret, device)
        finally:
            self._waiting[device.key] -= 1
            if not self._waiting[device.key]:
                del self._waiting[device.key]

    async def prove_self(self, person: Person, secret: str) -> Account:
        """The account of someone who is signed in and proves it once more, to sign. Raises Problem as `prove`."""
        return await self.prove(person.name, secret, Device(f"signed in {person.name}", known=True))

    async def prove_again(self, name: str, secret: str, device: Device) -> Account:
        """As `prove`, for programs that send their password with every request: a proof is good for a minute."""
        digest = hmac.new(self._proof_key, f"{name}\0{secret}".encode(), hashlib.sha256).digest()
        proven = self._proven.get(digest)
        if proven is not None and self._clock.monotonic() < proven[1]:
            account = await run_in_threadpool(self._records.account, proven[0].name)
            if account is not None and account == proven[0]:
                return account
        account = await self.prove(name, secret, device)
        now = self._clock.monotonic()
        self._proven = {key: (a, until) for key, (a, until) in self._proven.items() if until > now}
        self._proven[digest] = (account, now + PROVEN_FOR_S)
        return account

    async def change_own(self, person: Person, old: str, new: str) -> Account:
        """The person's account with its PIN (when `new` is one) or its password changed.

        Where somebody else knew the old one, nothing of it is left. Raises Problem as `prove`, or 422 UNFIT.
        """
        await self.prove_self(person, old)
        fault = fault_of(new, person.name, person.role)
        if fault is None and new == old:
            fault = saying("This is the old one; choose another one.")
        if fault is not None:
            raise Problem(422, "UNFIT", fault)
        changed = await self.changed_to(new)
        after = await run_in_threadpool(
            self._records.access.change, person.name, "secret", changed, person.name, self._clock.now()
        )
        if after is None:
            raise Problem(404, "NOT_FOUND", saying("There is no account {name}.", name=person.name))
        return after

    def hash(self, secret: str) -> str:
        """What is kept of a secret; takes as long as checking one."""
        return self._hasher.hash(secret)

    async def changed_to(self, secret: str) -> Callable[[Account], Account]:
        """What gives an account that secret, as its PIN or its password."""
        encoded = await run_in_threadpool(self.hash, secret)

        def change(account: Account) -> Account:
            kept = replace(account, pin_hash=None, password_hash=None) if account.must_change else account
            if is_pin(secret):
                return replace(kept, pin_hash=encoded, must_change=False)
            return replace(kept, password_hash=encoded, must_change=False)

        return change

    async def _prove(self, name: str, secret: str, device: Device) -> Account:
        account = await run_in_threadpool(self._records.access.known_as, name)
        key = account_key(name if account is None else account.name, exists=account is not None)
        wait = self.tries.wait_s(key, device)
        if wait > 0:
            seconds = int(wait) + 1
            raise _too_many(saying("Too many wrong tries. Try again in {seconds} s.", seconds=seconds), seconds)
        good = await run_in_threadpool(self._verify, account, secret)
        if account is None or not good:
            self.tries.wrong(key, device)
            self._log.warning(
                "wrong secret",
                account=None if account is None else account.name,
                device=device.key,
                tries=self.tries.count(key),
            )
            raise Problem(401, "WRONG_PASSWORD", saying("The name, or the PIN or password, is wrong."))
        if account.disabled:
            raise Problem(403, "DISABLED", saying("This account is switched off; ask an admin."))
        return account

    def _verify(self, account: Account | None, secret: str) -> bool:
        # Verifying against nobody's hash makes an unknown name take as long as a known one.
        encoded = None
        if account is not None:
            encoded = account.pin_hash if account.pin_hash and is_pin(secret) else account.password_hash
        try:
            return self._hasher.verify(encoded or self._nobodys_hash, secret)
        except (VerificationError, InvalidHashError):
            return False


def _too_many(said: Saying, seconds: int) -> Problem:
    return Problem(429, "TOO_MANY_TRIES", said, {"Retry-After": str(seconds)})
