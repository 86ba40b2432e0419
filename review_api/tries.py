"""Wrong tries at signing in, and how long they make one wait. Holding a part never waits for any of this."""

import hashlib
from collections import OrderedDict, deque
from dataclasses import dataclass

from quality.ports import Clock

HOUR_S = 3600.0
TRIES = 10
STRANGERS_TRIES = 6
FREE_TRIES = 5
DEVICE_TRIES = 30
DEVICES = 4096
UNKNOWN_NAMES = 256


@dataclass(frozen=True, slots=True)
class Device:
    """Where somebody tries from: a tablet on which somebody has signed in before is `known`."""

    key: str
    known: bool


class Tries:
    """The wrong tries of the last hour, by account and by device.

    An account takes 10 an hour. From the fifth on each makes it wait, 1 s, 4 s, 16 s, 64 s, 256 s, and after the
    tenth until the oldest is an hour old. What is tried on devices that nobody has signed in at counts up to the
    sixth only, so that a stranger in the network cannot make the shop floor's tablets wait for an hour. A device
    takes 30, whatever accounts it tries. A right secret forgives nothing: whoever tries meanwhile gains nothing.

    Memory is bounded: names that do not exist share 256 counts, and the devices heard from longest ago are
    forgotten beyond 4,096.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._accounts: dict[str, deque[float]] = {}
        self._devices: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, account: str, device: Device) -> float:
        """How long that account has to wait on that device until it may be tried again; 0 for at once."""
        now = self._clock.monotonic()
        wrong = _within_the_hour(self._accounts.get(account), now)
        until = 0.0
        limit = TRIES if device.known else STRANGERS_TRIES
        if len(wrong) >= limit:
            until = wrong[len(wrong) - limit] + HOUR_S
        elif len(wrong) >= FREE_TRIES:
            until = wrong[-1] + 4.0 ** (len(wrong) - FREE_TRIES)
        there = _within_the_hour(self._devices.get(device.key), now)
        if len(there) >= DEVICE_TRIES:
            until = max(until, there[0] + HOUR_S)
        return max(0.0, until - now)

    def wrong(self, account: str, device: Device) -> None:
        """Counts a wrong try."""
        now = self._clock.monotonic()
        self._accounts.setdefault(account, deque(maxlen=TRIES)).append(now)
        there = self._devices.pop(device.key, None) or deque(maxlen=DEVICE_TRIES)
        there.append(now)
        self._devices[device.key] = there
        if len(self._devices) > DEVICES:
            self._devices.popitem(last=False)

    def count(self, account: str) -> int:
        """The account's wrong tries within the last hour."""
        return len(_within_the_hour(self._accounts.get(account), self._clock.monotonic()))


def account_key(name: str, *, exists: bool) -> str:
    """What an account's tries are counted under; names that do not exist share a few, whatever is made up."""
    if exists:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    return f"\0{digest[0] % UNKNOWN_NAMES}"


def _within_the_hour(tries: deque[float] | None, now: float) -> list[float]:
    return [at for at in tries or () if at > now - HOUR_S]
