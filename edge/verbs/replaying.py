"""Replays recorded parts to ask which of them should have been measured, beside the shop's usual rule."""

import copy
import math
from collections.abc import Callable
from typing import Any

from edge.verbs.walking import RecordedLine
from inference.bundle import Bundle
from quality.evidence import Forecast, NoEvidence
from quality.judge import probability_outside
from quality.measuring import MeasuringPolicy
from quality.promise import Promise, Tried
from quality.recording import PartHistory
from quality.risk import LineRisk
from quality.sampling import CostWeights, Occasion, SamplingScore, score_sampling
from quality.shop import ShopRules

SHARES = (0.30, 0.45, 0.60)
"""The measured shares at which the policy is set beside the shop's rule."""
CURVE = (0.01, 0.02, 0.03, 0.045, 0.06, 0.08, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Risks from which parts are measured, for the risk-effort curve."""
WARM_UP = 300
"""Parts before the scored ones, all measured, from which the risk learns how the line behaves."""
CURVE_EXPLORED = 0.02
PROMISING = (0.02, 0.05, 0.1, 0.2)
"""Risks from which parts are measured, among which one that keeps a promise is looked for."""

Occasions = list[Occasion | None]


class Replay:
    """The parts from index `start` on; every part before it was measured, after it only what is chosen."""

    def __init__(self, bundle: Bundle, history: PartHistory, start: int) -> None:
        """Raises BundleError when the recording lacks a characteristic or reading the bundle needs."""
        self._bundle = bundle
        self._line = RecordedLine(bundle, history)
        self._history = history
        self._start = start
        self._limits = {c.name: c.limits for c in history.characteristics}
        self._warm = LineRisk()
        begin = max(0, start - WARM_UP)
        self._walk(MeasuringPolicy(self._warm, 0.0, 0.0), begin, start)

    def scorecard(
        self, share: float, weights: CostWeights, on_progress: Callable[[str, float], None]
    ) -> dict[str, Any]:
        """What the policy comes to at that share and along the curve, and what the shop's rules come to."""
        nonconforming = self._history.nonconforming
        scored = nonconforming[self._start :]
        shop = ShopRules(nonconforming, self._start)
        shares = sorted({*SHARES, share})
        steps = len(CURVE) + len(shares)
        curve = []
        for index, threshold in enumerate(CURVE):
            on_progress(f"replaying with parts measured from a risk of {threshold:g}", index / steps)
            curve.append((threshold, score_sampling(self.from_risk(threshold), scored, weights)))
        kept: dict[float, SamplingScore] = {}
        for index, wanted in enumerate(shares):
            on_progress(f"replaying at a measured share of {wanted:g}", (len(CURVE) + index) / steps)
            kept[wanted] = score_sampling(self.within(wanted), scored, weights)
        return {
            "parts": len(scored),
            "nonconforming": int(scored.sum()),
            "history": "every part before the scored ones was measured; after that only what each method measures",
            "cost_weights": {
                "escape": weights.escape,
                "measuring": weights.measuring,
                "false_hold": weights.false_hold,
            },
            "policy": {"measure_share": share, **kept[share].as_json()},
            "at_share": {f"{wanted:.2f}": _beside(wanted, kept[wanted], curve, shop) for wanted in shares},
            "curve": [{"threshold": threshold, **_point(score)} for threshold, score in curve],
            "shop_rule": {name: dict(score.as_json()) for name, score in shop.usual(weights).items()},
        }

    def promised(self, promise: Promise, weights: CostWeights) -> dict[str, Any]:
        """Whether the parts before the scored ones support a promise, and what keeping it comes to on the scored.

        Every part before was measured, so that it is known what would have passed and been nonconforming. When
        they do not support it every part is measured. `learned_before` of those parts the bundle learned from:
        there its forecasts flatter.
        """
        begin = min(WARM_UP, self._start // 3)
        first = LineRisk()
        self._walk(MeasuringPolicy(first, 0.0, 0.0), 0, begin)
        bad = self._history.nonconforming
        tried = []
        for threshold in PROMISING:
            policy = MeasuringPolicy(copy.deepcopy(first), threshold, CURVE_EXPLORED)
            occasions = self._walk(policy, begin, self._start)
            passed = [begin + i for i, occasion in enumerate(occasions) if occasion is None]
            tried.append(Tried(threshold, len(passed), int(bad[passed].sum())))
        answer = promise.answer(tried)
        occasions = self.from_risk(answer.chosen.threshold if answer.chosen else 0.0)
        score = score_sampling(occasions, bad[self._start :], weights)
        learned = [self._bundle.has_learned(f"part:{serial}") for serial in self._history.serials[: self._start]]
        return {
            "escapes_allowed": promise.escapes,
            "sure": promise.sure,
            "kept": answer.chosen is not None,
            "learned_before": sum(learned),
            **answer.as_json(),
            "scored": dict(score.as_json()),
        }

    def within(self, share: float) -> Occasions:
        """Why each part is measured when at most that share may be; None for a part that passes."""
        return self._replayed(MeasuringPolicy.within(share, copy.deepcopy(self._warm)))

    def from_risk(self, threshold: float) -> Occasions:
        """Why each part is measured from that risk on; None for a part that passes."""
        return self._replayed(MeasuringPolicy(copy.deepcopy(self._warm), threshold, CURVE_EXPLORED))

    def _replayed(self, policy: MeasuringPolicy) -> Occasions:
        return self._walk(policy, self._start, len(self._history))

    def _walk(self, policy: MeasuringPolicy, begin: int, end: int) -> Occasions:
        self._line.take_up(begin)
        occasions = []
        for part in range(begin, end):
            forecast = self._line.forecast(part)
            seen = self._line.seen(part, self._chances(forecast))
            occasion = policy.choose(seen, must=isinstance(forecast, NoEvidence)).occasion
            occasions.append(occasion)
            if occasion is not None:
                self._line.measure(part)
                policy.learn(seen.serial, seen.sequence, self._nonconforming(part))
        return occasions

    def _chances(self, forecast: Forecast | NoEvidence) -> dict[str, float]:
        if isinstance(forecast, NoEvidence):
            return {}
        return {
            name: probability_outside(*forecast.of(name), self._limits[name])
            for name in forecast.characteristics
            if name in self._limits
        }

    def _nonconforming(self, part: int) -> list[str]:
        return [
            characteristic.name
            for characteristic, value in zip(
                self._history.characteristics, self._history.measured[part], strict=True
            )
            if not (math.isnan(value) or characteristic.limits.contain(value))
        ]


def _beside(
    share: float, policy: SamplingScore, curve: list[tuple[float, SamplingScore]], shop: ShopRules
) -> dict[str, Any]:
    """The policy kept to a share, beside the rule tuned to it and, to the share it came to, with hindsight.

    Also the least that the policy measures along its curve for no more escapes than that.
    """
    before, hindsight = shop.tuned_before(share), shop.best_in_hindsight(policy.measured_share)
    as_good = [score.measured_share for _, score in curve if score.escapes <= hindsight.escapes]
    return {
        "measured_share": policy.measured_share,
        "escapes": policy.escapes,
        "shop_tuned_before": before and dict(before.as_json()),
        "shop_best_in_hindsight": dict(hindsight.as_json()),
        "fewer_escapes_than_tuned_before": before and _fewer(policy.escapes, before.escapes),
        "fewer_escapes_than_best_in_hindsight": _fewer(policy.escapes, hindsight.escapes),
        "measured_share_at_escapes_of_best_in_hindsight": min(as_good, default=None),
    }


def _fewer(escapes: int, than: int) -> float | None:
    """The share of the escapes that is spared; None where there was none to spare."""
    return 1 - escapes / than if than else None


def _point(score: SamplingScore) -> dict[str, Any]:
    """A point of the curve: `share` is the measured share."""
    return {
        "share": score.measured_share,
        "escapes": score.escapes,
        "escapes_share": score.escapes_share,
        "false_holds": score.false_holds,
        "cost": score.cost,
    }
