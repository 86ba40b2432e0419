"""Statistical process control: one characteristic on a control chart, and whether it keeps its limits."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from quality.characteristic import Characteristic
from quality.run_rules import Rule, RuleSet
from quality.spc import LARGEST_SUBGROUP, ControlChart
from review_api.api.spc import USUAL_COUNT, span_of
from review_api.pages import plots, spc_view
from review_api.pages.visit import Visit, Visited, show
from review_api.study import MOST_PARTS, Question, Study, study

router = APIRouter()

SIZES = range(1, LARGEST_SUBGROUP + 1)
COUNTS = (50, USUAL_COUNT, 250, 1000)
LOCATION_HEIGHT, SPREAD_HEIGHT = 260, 120
HISTOGRAM = (360, 170)


@router.get("/spc")
def spc_page(
    visit: Visited,
    characteristic: Annotated[str | None, Query(max_length=100)] = None,
    size: Annotated[int, Query(ge=1, le=LARGEST_SUBGROUP)] = 1,
    rules: RuleSet = RuleSet.WESTERN_ELECTRIC,
    count: Annotated[int, Query(ge=2, le=MOST_PARTS)] = USUAL_COUNT,
    baseline: Annotated[str, Query(pattern=r"^(\d{1,18}-\d{1,18})?$")] = "",
) -> HTMLResponse:
    """The newest measured parts of a characteristic; the plan's first without one."""
    about = _about(visit, characteristic)
    if about is None:
        return show(visit, "missing.html", status=404, what=visit.language.gettext("characteristic"), back="/spc")
    language, plan = visit.language, visit.plan
    question = Question(about, size, rules, count, span=span_of(baseline or None))
    answer = study(visit.records, visit.line, plan, question)
    capable = answer.capability
    return show(
        visit,
        "spc.html",
        about=about,
        answer=answer,
        headline=spc_view.headline(language, answer),
        meaning=list(spc_view.meaning(language, answer, at_risk=plan.measure_share is not None)),
        signals=spc_view.found(language, answer),
        marks=[(mark, spc_view.mark_words(language, mark, plan)) for mark in answer.marks],
        chart=None if answer.chart is None else _content(visit, answer, answer.chart),
        drawn=None if answer.chart is None else _drawn(answer, answer.chart),
        indices=[] if capable is None else spc_view.indices(language, capable),
        histogram=None
        if capable is None
        else plots.histogram([p.value for p in answer.parts], capable, about.limits, *HISTOGRAM),
        ratio=lambda value: spc_view.ratio(language, value),
        like=_like(answer),
        sizes=spc_view.size_choices(language, SIZES),
        counts=COUNTS if count in COUNTS else sorted((*COUNTS, count)),
        baselines=spc_view.baseline_choices(language, answer, baseline, plan),
        baseline=baseline,
        rule_sets=[(each, language.gettext(words)) for each, words in spc_view.RULE_SETS.items()],
    )


def _about(visit: Visit, name: str | None) -> Characteristic | None:
    if name is None:
        return visit.plan.characteristics[0] if visit.plan.characteristics else None
    return next((each for each in visit.plan.characteristics if each.name == name), None)


def _like(answer: Study) -> float | None:
    """What the digits of a shown value go by."""
    sigma = 0.0 if answer.baseline is None else answer.baseline.sigma
    return sigma * spc_view.SHOWN_SHARE or None


def _short(answer: Study, chart: ControlChart, *, spread: bool, ends: bool = False) -> list[str]:
    """The short names of the rules that each point breaks; or only of the signals that end there."""
    names: list[list[str]] = [[] for _ in chart.location.values]
    for signal in sorted(answer.signals, key=lambda each: each.rule):
        if (signal.rule is Rule.SPREAD) is spread:
            for point in signal.points[-1:] if ends else signal.points:
                names[point].append(spc_view.RULES[signal.rule][0])
    return [" ".join(dict.fromkeys(each)) for each in names]


def _content(visit: Visit, answer: Study, chart: ControlChart) -> dict[str, object]:
    """The chart's content, ready to be JSON."""
    language, like = visit.language, _like(answer)
    location, spread = spc_view.track_titles(language, answer)
    unit = answer.question.characteristic.unit
    return {
        "tracks": [
            {
                "title": title,
                "values": track.values,
                "centre": track.centre,
                "lower": track.lower,
                "upper": track.upper,
                "lines": [language.number(value, like) for value in (track.lower, track.centre, track.upper)],
                "rules": _short(answer, chart, spread=track is chart.spread),
                "names": _short(answer, chart, spread=track is chart.spread, ends=True),
            }
            for title, track in ((location, chart.location), (spread, chart.spread))
        ],
        "labels": [str(parts[-1].cycle_sequence) for parts in answer.points],
        "links": [f"/passages/{parts[-1].inspection_id}" for parts in answer.points],
        "says": [
            f"{parts[-1].serial} · {language.number(value or 0.0, like)} {unit} · {language.moment(parts[-1].at)}"
            for parts, value in zip(answer.points, chart.location.values, strict=True)
        ],
        "marks": [{"at": m.at, "says": spc_view.mark_words(language, m, visit.plan)} for m in answer.marks],
    }


def _drawn(answer: Study, chart: ControlChart) -> list[tuple[plots.TrackPlot, list[str], list[float]]]:
    """The two tracks as SVG: each with the rules its points break, and where the marks stand."""
    count = len(answer.points)
    marks = [plots.x_of(mark.at, count) for mark in answer.marks]
    return [
        (plots.track_plot(chart.location, LOCATION_HEIGHT), _short(answer, chart, spread=False), marks),
        (plots.track_plot(chart.spread, SPREAD_HEIGHT), _short(answer, chart, spread=True), marks),
    ]
