"""Learns a forecast bundle from a recording: the next part's characteristics from history and readings."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from inference.bundle import Bundle, write_bundle
from models.recipes.forecast_card import write_card
from models.recipes.forecast_fit import Blend, Choice, blend, choose, fit_head
from models.recipes.forecast_graph import RATES, Array, Frontend, Head, forecast_graph
from models.recipes.forecast_parity import check_parity
from models.recipes.forecast_samples import counters_of, frontend_of, samples_of, with_forgetting
from quality.conformal import COVERAGE
from quality.drift import WINDOW, reference
from quality.recording import PartHistory
from quality.scorecard import plain_rules

Progress = Callable[[str, float], None]
"""Takes what is being done and the share done (0..1)."""

ROWS = 96
GAPS = (1, 5)
FEWEST_PARTS = 60
OFFSETS = 3
"""Of the ways in which every so-manieth part can be measured, this many are learned from."""
KEPT_AFTER_CHANGE = (0.3, 0.03)
"""Weights tried for what was measured before a tool change."""
RECIPE = "forecast"


def learn_forecast(
    history: PartHistory,
    *,
    out: Path,
    name: str,
    rows: int = ROWS,
    measure_every: tuple[int, ...] = GAPS,
    on_progress: Progress = lambda _step, _share: None,
    seed: int = 0,
    replace: bool = False,
) -> Bundle:
    """Writes the bundle learned from those parts to the folder `out` and returns it.

    `rows` parts of history go in. For each gap in `measure_every` one head is learned from the history as it would
    be if only every so-manieth part had been measured. `seed` picks which parts those are. Raises ValueError when
    there are too few parts, and BundleError when the folder cannot be written.
    """
    if len(history) < FEWEST_PARTS:
        raise ValueError(f"{len(history)} parts are too few to learn from; record at least {FEWEST_PARTS}")
    # A second thread only takes the core from whatever else runs here.
    with threadpool_limits(1):
        frontend, heads, choices = _learn(history, rows, measure_every, np.random.default_rng(seed), on_progress)
    recipe = {"name": RECIPE, "rows": rows, "measure_every": list(measure_every), "seed": seed}
    model = forecast_graph(frontend, heads)
    on_progress("comparing the exported graph with what was learned", 0.95)
    figures = {
        "parts": len(history),
        "nonconforming": int(history.nonconforming.sum()),
        "forward_validation": choices,
        "parity": check_parity(model, history, frontend, heads),
    }
    bundle = write_bundle(
        out,
        kind="forecast",
        name=name,
        model=model,
        fields={
            "rows": rows,
            "characteristics": [c.name for c in history.characteristics],
            "readings": list(history.reading_names),
        },
        calibration={
            "coverage": COVERAGE,
            "on": "forward residuals inside the parts learned from",
            "rules": {c.name: _rules(history.measured[:, i]) for i, c in enumerate(history.characteristics)},
            "reference": _references(history),
        },
        learned_from=[f"part:{serial}" for serial in history.serials],
        recipe=recipe,
        figures=figures,
        card=write_card(name, history, recipe, figures, _resetting(history, frontend)),
        replace=replace,
    )
    on_progress("done", 1.0)
    return bundle


def _learn(
    history: PartHistory, rows: int, gaps: tuple[int, ...], random: np.random.Generator, on_progress: Progress
) -> tuple[Frontend, list[Head], dict[str, dict[str, object]]]:
    """The frontend, a head for each gap, and under each gap what was chosen for each characteristic."""
    offsets = {gap: sorted(random.choice(gap, min(gap, OFFSETS), replace=False).tolist()) for gap in gaps}
    frontend = _remembering(history, frontend_of(history, rows), max(gaps), offsets[max(gaps)][:1], on_progress)
    heads: list[Head] = []
    choices: dict[str, dict[str, object]] = {}
    for index, gap in enumerate(gaps):
        on_progress(f"learning with a measurement every {gap} parts", 0.5 + 0.45 * index / len(gaps))
        samples = samples_of(history, frontend, gap, offsets[gap])
        chosen = [choose(samples, c) for c in range(len(history.characteristics))]
        blends = [blend(samples, c, averaged) for c, averaged in enumerate(chosen)]
        heads.append(fit_head(samples, chosen, blends))
        choices[str(gap)] = {
            c.name: _as_json(choice, blended)
            for c, choice, blended in zip(history.characteristics, chosen, blends, strict=True)
        }
    return frontend, heads, choices


def _remembering(
    history: PartHistory, plain: Frontend, gap: int, offsets: list[int], on_progress: Progress
) -> Frontend:
    """The frontend in which each characteristic forgets, at a tool change, as much as helped its forecasts."""
    count = len(history.characteristics)
    variants: list[tuple[int | None, float]] = [(None, 1.0)]
    variants += [(counter, kept) for counter in counters_of(plain) for kept in KEPT_AFTER_CHANGE]
    if len(variants) == 1:
        return plain
    losses = np.empty((len(variants), count))
    for index, variant in enumerate(variants):
        on_progress("looking for what a tool change does", 0.5 * index / len(variants))
        samples = samples_of(history, with_forgetting(plain, [variant] * count), gap, offsets, likeness=False)
        losses[index] = [choose(samples, c, groups=(("own", "readings"),), bases=1)[0].loss for c in range(count)]
    return with_forgetting(plain, [variants[int(best)] for best in losses.argmin(axis=0)])


def _resetting(history: PartHistory, frontend: Frontend) -> list[str]:
    return [c.name for column, c in enumerate(history.characteristics) if frontend.forget[:, column].any()]


def _references(history: PartHistory) -> dict[str, Mapping[str, object]]:
    """What each reading was like on these parts, for the line to notice when it is so no longer."""
    read = {name: history.readings[:, i] for i, name in enumerate(history.reading_names)}
    finite = {name: values[np.isfinite(values)] for name, values in read.items()}
    return {name: reference(values.tolist()).as_json() for name, values in finite.items() if len(values) >= WINDOW}


def _rules(values: Array) -> dict[str, dict[str, float]]:
    """The plain rules as learned on the same parts, so that a scorecard can set them beside the model."""
    return {name: {"alpha": rule.alpha, "scale": rule.scale} for name, rule in plain_rules(values).items()}


def _as_json(choices: tuple[Choice, ...], blended: Blend) -> dict[str, object]:
    best = choices[0]
    return {
        "rates": [RATES[choice.base] for choice in choices],
        "corrected_by": sorted({group for choice in choices for group in choice.groups}),
        "squared_error_saved": round(1 - best.loss / best.base_loss, 4) if best.base_loss else 0.0,
        "share_of_likeness": blended.share,
        "squared_error_saved_by_likeness": round(1 - blended.loss / blended.base_loss, 4),
    }
