"""Replays recorded parts to ask which of them should have been measured, beside the shop's usual rule."""

from collections.abc import Callable
from typing import Any

from edge.verbs.walking import RecordedLine
from inference.bundle import Bundle
from quality.evidence import NoEvidence
from quality.judge import judge_forecast, judge_missing, verdict_of
from quality.judgement import Verdict
from quality.plan import ControlPlan, ReactionPlan, Thresholds
from quality.recording import PartHistory
from quality.sampling import (
    CostWeights,
    Occasion,
    Progress,
    SamplingPolicy,
    SamplingScore,
    ShopRule,
    apply_shop_rule,
    score_sampling,
)

CURVE = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Review thresholds at which the policy is replayed."""
SHOP_RULES = tuple(ShopRule(every, clear_after) for every in (2, 3, 5, 10, 20) for clear_after in (3, 5))
POLICY = SamplingPolicy(at_least_every=5, clear_after=3)
"""With no signal at all it is the shop rule of the same numbers, so that the two can be compared."""


class Replay:
    """The parts from index `start` on; every part before it was measured, after it only what is chosen."""

    def __init__(self, bundle: Bundle, history: PartHistory, start: int) -> None:
        """Raises BundleError when the recording lacks a characteristic or reading the bundle needs."""
        self._line = RecordedLine(bundle, history)
        self._history = history
        self._start = start

    def scorecard(
        self, thresholds: Thresholds, weights: CostWeights, on_progress: Callable[[str, float], None]
    ) -> dict[str, Any]:
        """What the policy comes to at these thresholds and along the curve, and what each shop rule comes to."""
        nonconforming = self._history.nonconforming[self._start :]
        policy = score_sampling(self.decide(thresholds), nonconforming, weights)
        curve = []
        for index, review in enumerate(CURVE):
            on_progress(f"replaying with review from {review:g}", index / len(CURVE))
            at = Thresholds(review, max(review, thresholds.hold))
            curve.append((review, score_sampling(self.decide(at), nonconforming, weights)))
        shop = {
            f"every_{rule.every}_clear_{rule.clear_after}": score_sampling(
                apply_shop_rule(rule, nonconforming), nonconforming, weights
            )
            for rule in SHOP_RULES
        }
        return {
            "parts": len(nonconforming),
            "nonconforming": int(nonconforming.sum()),
            "history": "every part before the scored ones was measured; after that only what each method measures",
            "cost_weights": {
                "escape": weights.escape,
                "measuring": weights.measuring,
                "false_hold": weights.false_hold,
            },
            "policy": {
                "review": thresholds.review,
                "hold": thresholds.hold,
                "at_least_every": POLICY.at_least_every,
                "clear_after": POLICY.clear_after,
                **policy.as_json(),
            },
            "curve": [{"threshold": review, **_point(score)} for review, score in curve],
            "shop_rule": {name: dict(score.as_json()) for name, score in shop.items()},
        }

    def decide(self, thresholds: Thresholds) -> list[Occasion | None]:
        """Why each part is measured, decided before its measurement is known; None for a part that passes."""
        plan = ControlPlan(
            part="recorded part",
            characteristics=self._history.characteristics,
            forecast=thresholds,
            surface=thresholds,
            measure_every=POLICY.at_least_every,
            reaction=ReactionPlan(),
        )
        nonconforming = self._history.nonconforming
        self._line.take_up(self._start)
        progress = Progress(since_measured=0 if self._start else None)
        occasions = []
        for part in range(self._start, len(self._history)):
            forecast = self._line.forecast(part)
            judgements = (
                (judge_missing(forecast),) if isinstance(forecast, NoEvidence) else judge_forecast(forecast, plan)
            )
            occasion = POLICY.occasion(progress, suspect=verdict_of(judgements) is not Verdict.PASS)
            occasions.append(occasion)
            if occasion is None:
                progress = progress.passed()
            else:
                self._line.measure(part)
                progress = progress.measured(conforming=not nonconforming[part], clear_after=POLICY.clear_after)
        return occasions


def _point(score: SamplingScore) -> dict[str, Any]:
    """A point of the curve: `share` is the measured share."""
    return {
        "share": score.measured_share,
        "escapes": score.escapes,
        "escapes_share": score.escapes_share,
        "false_holds": score.false_holds,
        "cost": score.cost,
    }
