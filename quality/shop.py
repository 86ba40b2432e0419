"""The shop's rule with its two numbers tuned: as a shop could have, on earlier parts, and with hindsight."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quality.sampling import CostWeights, SamplingScore, ShopRule, apply_shop_rule, score_sampling

USUAL = tuple(ShopRule(every, clear_after) for every in (2, 3, 5, 10, 20) for clear_after in (3, 5))
CANDIDATES = tuple(ShopRule(every, clear_after) for every in range(1, 31) for clear_after in range(13))
NEAR = 0.02
"""Shares no further apart than this are taken for the same."""


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What a rule came to on the scored parts. `escapes` are the nonconforming parts that it did not measure."""

    rule: ShopRule
    measured_share: float
    escapes: int

    def as_json(self) -> Mapping[str, float | int]:
        """Plain values."""
        return {
            "every": self.rule.every,
            "clear_after": self.rule.clear_after,
            "measured_share": self.measured_share,
            "escapes": self.escapes,
        }


class ShopRules:
    """Every candidate rule on the parts before index `start`, and on the scored ones from there on."""

    def __init__(self, nonconforming: NDArray[np.bool_], start: int) -> None:
        self._scored = nonconforming[start:]
        self._before = [_result(rule, nonconforming[:start]) for rule in CANDIDATES] if start else []
        self._results = [_result(rule, self._scored) for rule in CANDIDATES]

    def usual(self, weights: CostWeights) -> dict[str, SamplingScore]:
        """What the rules that shops are used to come to, by name."""
        return {
            f"every_{rule.every}_clear_{rule.clear_after}": score_sampling(
                apply_shop_rule(rule, self._scored), self._scored, weights
            )
            for rule in USUAL
        }

    def tuned_before(self, share: float) -> RuleResult | None:
        """The rule with the fewest escapes at that share on the parts before; None when there were none."""
        if not self._before:
            return None
        best = min(
            range(len(CANDIDATES)),
            key=lambda i: (
                max(0.0, abs(self._before[i].measured_share - share) - NEAR),
                self._before[i].escapes,
                abs(self._before[i].measured_share - share),
            ),
        )
        return self._results[best]

    def best_in_hindsight(self, share: float) -> RuleResult:
        """The rule with the fewest escapes among those that measure no more than about that share."""
        affordable = [r for r in self._results if r.measured_share <= share + NEAR / 2]
        cheapest = min(self._results, key=lambda r: r.measured_share)
        return min(affordable or [cheapest], key=lambda r: (r.escapes, r.measured_share))


def _result(rule: ShopRule, nonconforming: NDArray[np.bool_]) -> RuleResult:
    measured = np.array([o is not None for o in apply_shop_rule(rule, nonconforming)], dtype=bool)
    share = float(measured.mean()) if len(measured) else 0.0
    return RuleResult(rule, share, int((nonconforming & ~measured).sum()))
