"""How great a risk must be for a part to be measured, so that a share of the parts is measured in the long run.

Every part brings a share of a measurement, every measured part costs one. The richer the balance, the less risk
is enough. A run of nonconforming parts may overdraw it, to be paid back afterwards: a budget that must hold over
a few parts is spent on conforming ones. This is a token bucket with a price, as in the pacing of budgets
(S. Balseiro and Y. Gur, "Learning in Repeated Auctions with Budgets", Management Science 65 (9), 2019).
"""

import math
from dataclasses import dataclass, replace

MOST_SAVED = 30.0
"""Measurements that can be saved up for a bad time."""
MOST_OWED = 20.0
"""Measurements by which a bad time may overdraw."""
_STEEPNESS = 0.03
_PRICE, _FALL = 0.3, 3.0
"""Together, the risk from which a part is measured at a balance of zero: `_PRICE` · exp(-`_FALL` · share)."""


@dataclass(frozen=True, slots=True)
class Budget:
    """At most `share` (0..1) of the parts are measured in the long run.

    Among any n parts in a row, at most `share` · n + `MOST_SAVED` + `MOST_OWED` are. `balance` is in measurements.
    The numbers were set on made-up lines of 300 parts, a tenth to a half of them nonconforming: tighter limits
    hold the share closer and let more nonconforming parts pass.
    """

    share: float
    balance: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError(f"measured share: {self.share:g} must be above 0 and at most 1")

    @property
    def threshold(self) -> float:
        """The risk from which the next part is measured, above 1 when nothing is left."""
        if self.share == 1:
            return 0.0
        if self.balance - 1 < -MOST_OWED:
            return math.inf
        return _PRICE * math.exp(-_FALL * self.share - _STEEPNESS * self.balance)

    def arrived(self) -> "Budget":
        """With another part there to be measured or not."""
        return replace(self, balance=min(MOST_SAVED, self.balance + self.share))

    def spent(self) -> "Budget":
        """After a part was measured."""
        return replace(self, balance=self.balance - 1)
