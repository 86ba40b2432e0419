"""Learning one head of the forecast: a plain exponential average, corrected only as far as the past supports it.

For each characteristic the exponential average that served best is the base; a ridge regression shrinks what
other averages, readings and other characteristics add towards nothing. Which of them, how strongly, and what share
of the mean is forecast by likeness instead, is decided by forecasting forward inside the learning share, so that
where nothing helps the base remains.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.recipes.forecast_graph import RATES, Array, Head
from models.recipes.forecast_scale import fit_scale

PENALTIES = (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)
FIRST_FOLD, FOLDS = 0.4, 4
"""Forward validation starts after this share of the samples' time and advances in so many steps."""
WORTH = 0.01
"""A correction has to lower the validated loss by this share for each group of its inputs to be preferred."""
OUTLYING = 30.0
"""A residual counts for at most so many robust standard deviations of the base's residuals."""
BASES_TRIED, NEARLY = 3, 0.03
FAST, SLOW = RATES.index(0.3), RATES.index(0.06)
SHARES, PREMIUM = (0.0, 0.5, 0.75), 0.05
"""Of the mean that may be forecast by likeness; never all of it, as two unlike forecasts averaged are seldom far
off (Bates and Granger, 1969). The largest one whose loss is within the premium of the best is taken: likeness goes
on learning on the line, which no past can show the worth of."""
MAD_TO_SD = 1.4826


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Features and targets of one density of measuring, standardised, in the order of time.

    `part` [N] is the part's index; `target` [N, C] is NaN where unmeasured; `averages` [N, A, C],
    `moved`, `leapt` [N, A, Q, C], `likeness` [N, C] and `scale_features` [N, SCALE_FEATURES, C] are the graph's.
    """

    density: float
    part: NDArray[np.int64]
    target: Array
    averages: Array
    moved: Array
    leapt: Array
    likeness: Array
    scale_features: Array


@dataclass(frozen=True, slots=True)
class Choice:
    """How one characteristic is forecast: the base rate, what corrects it, and how strongly that is shrunk.

    `loss` is the validated robust squared error of the choice, `base_loss` of the plain average.
    """

    base: int
    groups: tuple[str, ...]
    penalty: float
    loss: float
    base_loss: float


_GROUPS: tuple[tuple[str, ...], ...] = (
    ("own",),
    ("readings",),
    ("own", "readings"),
    ("own", "others"),
    ("own", "readings", "others"),
)


def choose(
    samples: Samples,
    characteristic: int,
    *,
    groups: tuple[tuple[str, ...], ...] = _GROUPS,
    bases: int = BASES_TRIED,
) -> tuple[Choice, ...]:
    """The choices to be averaged for that characteristic, the one with the least validated loss first.

    Bases whose loss is within NEARLY of the best take part: which smoothing suits is never certain.
    """
    target = samples.target[:, characteristic]
    known = np.isfinite(target)
    usable = [g for g in groups if samples.moved.shape[2] or "readings" not in g]
    losses = [
        _robust_loss(target[known] - samples.averages[known, rate, characteristic]) for rate in range(len(RATES))
    ]
    tried = [
        _choose_for_base(samples, characteristic, int(base), known, usable) for base in np.argsort(losses)[:bases]
    ]
    tried.sort(key=lambda choice: choice.loss)
    return tuple(choice for choice in tried if choice.loss <= (1 + NEARLY) * tried[0].loss)


def _choose_for_base(
    samples: Samples, c: int, base: int, known: NDArray[np.bool_], groups: list[tuple[str, ...]]
) -> Choice:
    residual, bound = _residual(samples, c, base)
    folds = list(_folds(samples, known))
    plain = sum(float((residual[check] ** 2).sum()) for _, check in folds)
    best = Choice(base, (), 0.0, plain, plain)
    for chosen in groups:
        design = _design(samples, c, base, chosen)
        losses = np.zeros(len(PENALTIES))
        for learn, check in folds:
            weights = _ridge(design[learn], residual[learn])
            missed = np.clip(residual[check][:, None] - design[check] @ weights, -bound, bound)
            losses += (missed**2).sum(axis=0)
        at = int(np.argmin(losses))
        if losses[at] < best.loss and losses[at] < (1 - WORTH * len(chosen)) * plain:
            best = Choice(base, chosen, PENALTIES[at], float(losses[at]), plain)
    return best


@dataclass(frozen=True, slots=True)
class Blend:
    """The share of one characteristic's mean that is forecast by likeness, and what that saves.

    `loss` is the validated robust squared error with it, `base_loss` that of the choices alone.
    """

    share: float
    loss: float
    base_loss: float


def blend(samples: Samples, c: int, averaged: tuple[Choice, ...]) -> Blend:
    """How much of that characteristic is best forecast by likeness, next to those choices."""
    forward = _forward(samples, c, averaged)
    alike = samples.target[:, c] - samples.likeness[:, c]
    known = np.isfinite(forward) & np.isfinite(alike)
    bound = OUTLYING * _robust_sd(forward[known])
    losses = np.array(
        [
            float((np.clip(forward[known] + share * (alike - forward)[known], -bound, bound) ** 2).sum())
            for share in SHARES
        ]
    )
    best = int(np.flatnonzero(losses <= (1 + PREMIUM) * losses.min())[-1])
    return Blend(SHARES[best], float(losses[best]), float(losses[0]))


def fit_head(samples: Samples, choices: Sequence[tuple[Choice, ...]], blends: Sequence[Blend]) -> Head:
    """The head that carries out those choices, its scale calibrated on forward residuals to COVERAGE."""
    rates, count = samples.averages.shape[1:]
    averages = np.zeros((rates, count, count))
    moved = np.zeros((rates, samples.moved.shape[2], count))
    leapt = np.zeros_like(moved)
    bias = np.zeros(count)
    scales = []
    for c, (averaged, blended) in enumerate(zip(choices, blends, strict=True)):
        known = np.isfinite(samples.target[:, c])
        for choice in averaged:
            part = 1.0 / len(averaged)
            averages[choice.base, c, c] += part
            if choice.groups:
                residual, _ = _residual(samples, c, choice.base)
                design = _design(samples, c, choice.base, choice.groups)
                weights = part * _ridge(design[known], residual[known], (choice.penalty,))[:, 0]
                _place(weights, choice, c, averages, moved, leapt, bias)
        forward = _forward(samples, c, averaged)
        if blended.share:
            forward += blended.share * (samples.target[:, c] - samples.likeness[:, c] - forward)
        scales.append(fit_scale(samples.scale_features[:, :, c], forward, blended.share))
    return Head(
        density=samples.density,
        averages=averages,
        moved=moved,
        leapt=leapt,
        bias=bias,
        likeness=np.array([blended.share for blended in blends]),
        log_scale=np.stack([weights for weights, _ in scales], axis=-1),
        least=np.array([least for _, least in scales]),
    )


def _design(samples: Samples, c: int, base: int, groups: tuple[str, ...]) -> Array:
    """Regressors [N, p] of those groups, in the order in which `_place` takes their weights apart."""
    averages = samples.averages
    columns: list[Array] = []
    if "own" in groups:
        others = [rate for rate in range(len(RATES)) if rate != base]
        columns.append(averages[:, others, c] - averages[:, base, c][:, None])
        columns.append(averages[:, base, c][:, None])
        columns.append(np.ones((len(averages), 1)))
    if "readings" in groups:
        columns.append(samples.moved[:, base, :, c])
        columns.append(samples.leapt[:, base, :, c])
    if "others" in groups:
        rest = [other for other in range(averages.shape[2]) if other != c]
        columns.append(averages[:, FAST][:, rest] - averages[:, SLOW][:, rest])
        columns.append(averages[:, SLOW][:, rest])
    return np.concatenate(columns, axis=1)


def _place(
    weights: Array, choice: Choice, c: int, averages: Array, moved: Array, leapt: Array, bias: Array
) -> None:
    rates, count, _ = averages.shape
    left = weights
    if "own" in choice.groups:
        others = [rate for rate in range(rates) if rate != choice.base]
        averages[others, c, c] += left[: rates - 1]
        averages[choice.base, c, c] += left[rates - 1] - left[: rates - 1].sum()
        bias[c] += left[rates]
        left = left[rates + 1 :]
    if "readings" in choice.groups:
        readings = moved.shape[1]
        moved[choice.base, :, c] += left[:readings]
        leapt[choice.base, :, c] += left[readings : 2 * readings]
        left = left[2 * readings :]
    if "others" in choice.groups:
        rest = [other for other in range(count) if other != c]
        quick, slow = left[: count - 1], left[count - 1 :]
        averages[FAST, rest, c] += quick
        averages[SLOW, rest, c] += slow - quick


def _residual(samples: Samples, c: int, base: int) -> tuple[Array, float]:
    """What the base missed by, gross misses cut at the bound that is returned with it."""
    missed = samples.target[:, c] - samples.averages[:, base, c]
    bound = OUTLYING * _robust_sd(missed[np.isfinite(missed)])
    return np.clip(missed, -bound, bound), bound


def _ridge(design: Array, residual: Array, penalties: tuple[float, ...] = PENALTIES) -> Array:
    """Ridge weights [p, len(penalties)], every regressor scaled to unit power before it is shrunk."""
    power = np.sqrt((design**2).mean(axis=0)) + 1e-9
    scaled = design / power
    values, vectors = np.linalg.eigh(scaled.T @ scaled)
    inner = vectors.T @ (scaled.T @ residual)
    shrunk = inner[:, None] / (np.maximum(values, 0.0)[:, None] + np.asarray(penalties))
    weights: Array = (vectors @ shrunk) / power[:, None]
    return weights


def _folds(samples: Samples, known: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Earlier and following samples, advancing in time."""
    first, last = samples.part[0], samples.part[-1] + 1
    edges = first + (last - first) * np.linspace(FIRST_FOLD, 1.0, FOLDS + 1)
    for begin, end in itertools.pairwise(edges):
        yield known & (samples.part < begin), known & (samples.part >= begin) & (samples.part < end)


def forward_residuals(samples: Samples, c: int, choice: Choice) -> Array:
    """Residuals [N] of forecasts made by what was learned before; NaN where there is none."""
    missed = samples.target[:, c] - samples.averages[:, choice.base, c]
    forward = np.full(len(missed), np.nan)
    known = np.isfinite(missed)
    if choice.groups:
        residual, _ = _residual(samples, c, choice.base)
        design = _design(samples, c, choice.base, choice.groups)
    for learn, check in _folds(samples, known):
        forward[check] = missed[check]
        if choice.groups:
            weights = _ridge(design[learn], residual[learn], (choice.penalty,))[:, 0]
            forward[check] -= design[check] @ weights
    return forward


def _forward(samples: Samples, c: int, averaged: tuple[Choice, ...]) -> Array:
    """The forward residuals [N] of choices whose means are averaged."""
    residuals: Array = np.mean([forward_residuals(samples, c, choice) for choice in averaged], axis=0)
    return residuals


def _robust_sd(values: Array) -> float:
    sd = MAD_TO_SD * float(np.median(np.abs(values - np.median(values))))
    return max(sd, 1e-6)


def _robust_loss(missed: Array) -> float:
    bound = OUTLYING * _robust_sd(missed)
    return float((np.clip(missed, -bound, bound) ** 2).mean())
