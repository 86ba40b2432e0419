"""The reasons that can be chosen by one touch when something is decided: the plan's own, or else these."""

from typing import Final

from quality.plan import ControlPlan, DecisionKind, ReasonChoice

_RELEASE, _HOLD, _ADJUST = DecisionKind.RELEASE, DecisionKind.CONFIRM_HOLD, DecisionKind.ADJUST_PARAMETER
_MEASURE, _STOP, _RESUME = DecisionKind.MEASURE, DecisionKind.STOP_LINE, DecisionKind.RESUME

USUAL: Final = (
    ReasonChoice(_RELEASE, "MEASURED_WITHIN", "Measured, within limits", "測定済み・規格内"),
    ReasonChoice(_RELEASE, "NO_DEFECT_SEEN", "Looked at, no defect", "目視確認・不良なし"),
    ReasonChoice(_RELEASE, "FALSE_ALARM", "False alarm of the model", "モデルの誤検知"),
    ReasonChoice(_HOLD, "DEFECT_SEEN", "Defect seen", "不良を確認"),
    ReasonChoice(_HOLD, "MEASURED_OUT", "Measured out of limits", "測定値が規格外"),
    ReasonChoice(_HOLD, "CANNOT_JUDGE", "Cannot be judged here", "ここでは判定できない"),
    ReasonChoice(_ADJUST, "DRIFT", "Drifts towards the limit", "規格限界に近づいている"),
    ReasonChoice(_ADJUST, "TOOL_WEAR", "Tool wears", "工具の摩耗"),
    ReasonChoice(_ADJUST, "TOOL_CHANGED", "After a tool change", "工具交換後"),
    ReasonChoice(_MEASURE, "UNCERTAIN", "Forecast is uncertain", "予測が不確か"),
    ReasonChoice(_MEASURE, "DISAGREE", "Model and eye disagree", "モデルと目視が不一致"),
    ReasonChoice(_MEASURE, "ADJUSTED", "After an adjustment", "調整後の確認"),
    ReasonChoice(_STOP, "SAME_FAULT", "Same fault on several parts", "同じ不良が続く"),
    ReasonChoice(_STOP, "TOOL_DAMAGED", "Tool damaged", "工具の破損"),
    ReasonChoice(_STOP, "WRONG_MATERIAL", "Wrong material", "材料違い"),
    ReasonChoice(_RESUME, "CAUSE_REMOVED", "Cause removed", "原因を除去した"),
    ReasonChoice(_RESUME, "LANE_CLEARED", "Hold lane cleared", "保留レーンを空にした"),
    ReasonChoice(_RESUME, "BY_MISTAKE", "Stopped by mistake", "誤って停止した"),
)


def choices(plan: ControlPlan, kind: DecisionKind) -> tuple[ReasonChoice, ...]:
    """The reasons for a decision of that kind, in the order in which they are offered."""
    own = tuple(choice for choice in plan.reaction.reasons if choice.kind is kind)
    return own or tuple(choice for choice in USUAL if choice.kind is kind)


def choice(plan: ControlPlan, kind: DecisionKind, code: str) -> ReasonChoice | None:
    """The reason of that code; None when the plan offers no such one for that kind of decision."""
    return next((each for each in choices(plan, kind) if each.code == code), None)
