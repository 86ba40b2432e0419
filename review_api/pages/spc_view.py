"""What the SPC page says of a study: rules and marks by their names, and what it all means in a few sentences."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from quality.capability import Capability, Index
from quality.plan import ControlPlan
from quality.run_rules import Rule, RuleSet
from quality.spc import ChartKind
from records.trace_views import MeasuredPart
from review_api.language import N_, Language
from review_api.pages.words import capital, parameter_title, unit
from review_api.study import Mark, MarkKind, Study

ENOUGH_POINTS = 20
"""Limits from fewer points move with every new one (Montgomery asks for 20 to 25)."""
REQUIRED = 1.33
"""What customers usually ask of Cpk: the nearer limit four standard deviations away."""
IMPROBABLE = 0.01
"""Chance of such values, were they normal, below which they are said not to be."""
SHOWN_SHARE = 0.1
"""Values are shown to two digits of this share of a part's standard deviation."""

_BEYOND = N_("beyond the limits")
_ONE_SIDE_9 = N_("9 in a row on one side of the centre")
_ONE_SIDE_8 = N_("8 in a row on one side of the centre")
_TWO = N_("2 of 3 near the same limit")
_FOUR = N_("4 of 5 away from the centre on the same side")

RULES: Mapping[Rule, tuple[str, str]] = {
    Rule.NELSON_1: ("N1", _BEYOND),
    Rule.NELSON_2: ("N2", _ONE_SIDE_9),
    Rule.NELSON_3: ("N3", N_("6 in a row rising or falling")),
    Rule.NELSON_4: ("N4", N_("14 in a row up and down by turns")),
    Rule.NELSON_5: ("N5", _TWO),
    Rule.NELSON_6: ("N6", _FOUR),
    Rule.NELSON_7: ("N7", N_("15 in a row close to the centre")),
    Rule.NELSON_8: ("N8", N_("8 in a row away from the centre, on both sides")),
    Rule.WESTERN_ELECTRIC_1: ("W1", _BEYOND),
    Rule.WESTERN_ELECTRIC_2: ("W2", _TWO),
    Rule.WESTERN_ELECTRIC_3: ("W3", _FOUR),
    Rule.WESTERN_ELECTRIC_4: ("W4", _ONE_SIDE_8),
    Rule.SPREAD: ("R", N_("spread beyond its limits")),
}
"""Each rule's short name, as it stands on the chart, and what it says."""

RULE_SETS: Mapping[RuleSet, str] = {
    RuleSet.WESTERN_ELECTRIC: N_("Western Electric, 4 rules"),
    RuleSet.NELSON: N_("Nelson, 8 rules"),
    RuleSet.LIMITS: N_("Limits only"),
}


@dataclass(frozen=True, slots=True)
class Found:
    """A rule that is broken as the page lists it: how often, and the newest part that broke it."""

    short: str
    words: str
    times: int
    newest: MeasuredPart


@dataclass(frozen=True, slots=True)
class Choice:
    """Something one can choose: what it is asked by, and what it is called."""

    value: str
    words: str


def found(language: Language, answer: Study) -> list[Found]:
    """The rules that are broken, the most recently broken first."""
    times = Counter(signal.rule for signal in answer.signals)
    newest: dict[Rule, int] = {}
    for signal in answer.signals:
        newest[signal.rule] = max(signal.points[-1], newest.get(signal.rule, 0))
    return [
        Found(RULES[rule][0], language.gettext(RULES[rule][1]), times[rule], answer.points[point][-1])
        for rule, point in sorted(newest.items(), key=lambda each: each[1], reverse=True)
    ]


def mark_words(language: Language, mark: Mark, plan: ControlPlan) -> str:
    """What happened, in words."""
    _ = language.gettext
    match mark.kind:
        case MarkKind.RESTARTED:
            return _("PLC restarted")
        case MarkKind.STOPPED:
            return _("line stopped: {reason}").format(reason=mark.subject) if mark.subject else _("line stopped")
        case MarkKind.TOOL_CHANGED:
            title = next((tool.title for tool in plan.tools if tool.reading == mark.subject), mark.subject)
            return _("{tool} changed").format(tool=title)
        case MarkKind.ADJUSTED:
            symbol = next((unit(rule.unit) for rule in plan.parameters if rule.name == mark.subject), "")
            return _("{parameter} from {before} to {after}").format(
                parameter=parameter_title(mark.subject, plan),
                before=language.number(mark.before or 0.0, signed=bool(mark.before)),
                after=f"{language.number(mark.after or 0.0, signed=bool(mark.after))} {symbol}".rstrip(),
            )


def headline(language: Language, answer: Study) -> str:
    """Whether the process is in control, in one sentence."""
    if answer.chart is None:
        return _shortage(language, answer)
    count = len(answer.signals)
    if answer.baseline is not None and answer.baseline.sigma == 0:
        return language.gettext("All values are the same: the gauge does not resolve what the process does.")
    if not count:
        return language.gettext("In control: no rule is broken.")
    return language.ngettext("Not in control: {count} signal.", "Not in control: {count} signals.", count).format(
        count=count
    )


def meaning(language: Language, answer: Study, *, at_risk: bool) -> Iterator[str]:
    """What follows from it, the most important first."""
    _ = language.gettext
    if answer.signals:
        yield _("Something beside chance moves it: look at what happened there before you adjust.")
    if answer.capability is not None:
        yield _judged(language, answer.capability, stable=not answer.signals)
        if answer.capability.outside:
            yield language.ngettext(
                "{count} of {all} parts was measured outside the limits.",
                "{count} of {all} parts were measured outside the limits.",
                answer.capability.outside,
            ).format(count=answer.capability.outside, all=answer.capability.count)
        if answer.capability.normality < IMPROBABLE:
            yield _(
                "The values are not normally distributed, which all four indices take them for:"
                " trust the histogram and the count of parts outside instead."
            )
    elif answer.chart is not None:
        yield _("Too few parts, no variation or no limits: there are no capability indices.")
    if answer.baseline is not None and answer.baseline.points < ENOUGH_POINTS:
        yield language.ngettext(
            "The control limits come from {count} point only and will still move; {enough} make them steady.",
            "The control limits come from {count} points only and will still move; {enough} make them steady.",
            answer.baseline.points,
        ).format(count=answer.baseline.points, enough=ENOUGH_POINTS)
    if at_risk:
        yield _("Parts are measured where the risk is, not at random: the line is better than these parts look.")


def _shortage(language: Language, answer: Study) -> str:
    if answer.question.span is not None and answer.points:
        return language.gettext("Too few parts were measured in the baseline; take the limits from other parts.")
    needed = 2 * answer.question.size
    have = len(answer.parts) + answer.waiting
    return language.ngettext(
        "Too few parts: {have} measured, a chart needs {needed}.",
        "Too few parts: {have} measured, a chart needs {needed}.",
        have,
    ).format(have=have, needed=needed)


def _judged(language: Language, found_: Capability, *, stable: bool) -> str:
    """What the index that counts says, with what its interval leaves open."""
    _ = language.gettext
    name, index = ("Cpk", found_.cpk) if stable else ("Ppk", found_.ppk)
    if index.low >= REQUIRED:
        said = _("Capable: {name} is {value}, at least {low}, above the {required} that is usually asked for.")
    elif index.high < REQUIRED:
        said = _("Not capable: {name} is {value}, at most {high}, below the {required} that is usually asked for.")
    else:
        said = _(
            "Capable or not is open: {name} is {value}, but anything from {low} to {high} is possible;"
            " {required} is usually asked for."
        )
    return said.format(
        name=name,
        value=ratio(language, index.value),
        low=ratio(language, index.low),
        high=ratio(language, index.high),
        required=ratio(language, REQUIRED),
    )


def ratio(language: Language, value: float) -> str:
    """An index with two decimals."""
    return language.number(value, 0.1)


def indices(language: Language, found_: Capability) -> list[tuple[str, str, Index | None]]:
    """The four indices with what each of them is about."""
    _ = language.gettext
    return [
        ("Cp", _("what it could do, if centred"), found_.cp),
        ("Cpk", _("what it can do, as it lies"), found_.cpk),
        ("Pp", _("what it did, if it had been centred"), found_.pp),
        ("Ppk", _("what it did"), found_.ppk),
    ]


def baseline_choices(language: Language, answer: Study, chosen: str, plan: ControlPlan) -> list[Choice]:
    """Where the limits can come from. What names parts stays the same parts when newer ones come."""
    _ = language.gettext
    choices = [Choice("", _("the parts shown"))]
    parts, size = answer.parts, answer.question.size
    if len(answer.points) >= 2:  # noqa: PLR2004 - what makes limits
        choices.append(Choice(_span(parts), _("keep those of the parts shown")))
    half = len(answer.points) // 2 * size
    if half >= 2 * size:
        oldest = language.ngettext("the oldest {count} part", "the oldest {count} parts", half)
        choices.append(Choice(_span(parts[:half]), oldest.format(count=half)))
    for mark in answer.marks[-1:]:
        since = parts[math.ceil(mark.at) * size :]
        if len(since) >= 2 * size:
            words = _("since: {what}").format(what=mark_words(language, mark, plan))
            choices.append(Choice(_span(since), words))
    if chosen and chosen not in {choice.value for choice in choices}:
        count = 0 if answer.baseline is None else answer.baseline.points
        kept = language.ngettext("kept: from {count} point", "kept: from {count} points", count)
        choices.append(Choice(chosen, kept.format(count=count)))
    return choices


def _span(parts: Sequence[MeasuredPart]) -> str:
    return f"{parts[0].inspection_id}-{parts[-1].inspection_id}"


def size_choices(language: Language, sizes: Sequence[int]) -> list[tuple[int, str]]:
    """What a point can be."""
    return [(size, language.gettext("single parts") if size == 1 else _means(language, size)) for size in sizes]


def _means(language: Language, size: int) -> str:
    return language.gettext("means of {count} in a row").format(count=size)


def track_titles(language: Language, answer: Study) -> tuple[str, str]:
    """What the two charts show, with the unit."""
    about = answer.question.characteristic
    name = f"{capital(about.label)}, {about.unit}"
    if answer.question.kind is ChartKind.INDIVIDUALS:
        return name, language.gettext("Distance from the part before, {unit}").format(unit=about.unit)
    return (
        language.gettext("{name}: mean of {count}").format(name=name, count=answer.question.size),
        language.gettext("Range of {count}, {unit}").format(count=answer.question.size, unit=about.unit),
    )
