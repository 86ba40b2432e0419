"""What stands behind `jidoka train`, `evaluate` and `replay`: recordings in, bundles and scorecards out.

Every function returns plain values, ready to be printed as JSON or as a table.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge.recording import RecordingError, read_frames, read_parts, read_picture
from edge.verbs.replaying import Replay
from edge.verbs.scoring import ScoredFrames, ScoredParts
from inference.bundle import Bundle, BundleError, load_bundle
from quality.promise import Promise
from quality.sampling import CostWeights
from quality.splitting import first_frames, first_parts, last_frames, last_start

Progress = Callable[[str, float], None]
"""Takes what is being done and the share done (0..1)."""
SIGNAL_AT = 0.3
"""The probability of nonconformance from which `evaluate` counts a part as signalled."""
MEASURE_SHARE = 0.3
"""The share of the parts that `replay` measures unless told otherwise."""


class LearnedFrom(Exception):  # noqa: N818 - it is a fact about the bundle, and no mistake
    """What is to be scored was learned from, so the figures would flatter; says how much of it and the mend."""


def train(
    kind: str,
    recording: Path,
    out: Path,
    first: float = 1.0,
    on_progress: Progress = lambda _step, _share: None,
) -> dict[str, Any]:
    """Learns a bundle from the first share of a recording and writes it to the folder `out`.

    `kind` is forecast (parts, in the order made) or surface (tile groups whole, in order of first appearance).
    Raises RecordingError, also when there is too little to learn from, and BundleError.
    """
    if out.exists():
        # Said before the work, not after it.
        raise BundleError(f"{out}: exists already; choose another folder")
    with _blamed_on(recording):
        bundle, learned = _learn(kind, recording, out, first, on_progress)
    return {
        "bundle": str(out),
        "kind": bundle.kind,
        "name": bundle.name,
        "version": bundle.version,
        "digest": bundle.digest,
        "first": first,
        "learned_from": learned,
        "figures": dict(bundle.figures),
    }


def _learn(
    kind: str, recording: Path, out: Path, first: float, on_progress: Progress
) -> tuple[Bundle, dict[str, int]]:
    # Recipes need the extra `train`, which a machine that only judges does without.
    if kind == "forecast":
        from models.recipes.forecast import learn_forecast

        history = first_parts(read_parts(recording), first)
        bundle = learn_forecast(history, out=out, name=out.name, on_progress=on_progress)
        return bundle, {"parts": len(history), "nonconforming": int(history.nonconforming.sum())}
    if kind == "surface":
        from models.recipes.surface import learn_surface

        frames = first_frames(read_frames(recording), first)
        bundle = learn_surface(
            frames,
            lambda path: read_picture(recording / path, 1),
            lambda path: read_picture(recording / path, 1),
            out=out,
            name=out.name,
            on_progress=on_progress,
        )
        return bundle, {
            "frames": len(frames),
            "tile_groups": len({frame.tile_group for frame in frames}),
            "nonconforming": sum(not frame.conforming for frame in frames),
        }
    raise ValueError(f"{kind!r} is no kind of bundle; say forecast or surface")


def evaluate(
    bundle_folder: Path,
    recording: Path,
    last: float = 1.0,
    *,
    in_sample: bool = False,
    signal_at: float = SIGNAL_AT,
    plot: Path | None = None,
) -> dict[str, Any]:
    """Scores a bundle on the last share of a recording.

    A forecast is scored one step ahead with every earlier part measured, a part counting as signalled from the
    probability `signal_at` on; a surface model on whole tile groups. Pictures go to the folder `plot`. Raises
    LearnedFrom when it learned from any of them and `in_sample` is not set, RecordingError and BundleError.
    """
    bundle = load_bundle(bundle_folder)
    if bundle.kind == "forecast":
        history = read_parts(recording)
        with _blamed_on(recording):
            start = last_start(len(history), last)
        learned = _learned_parts(bundle, history.serials[start:], in_sample=in_sample)
        scored = ScoredParts(bundle, history, start)
        body = scored.scorecard(signal_at)
        if plot is not None:
            from edge.verbs.plotting import plot_forecasts

            body["plots"] = [str(path) for path in plot_forecasts(scored, plot)]
    else:
        with _blamed_on(recording):
            frames = last_frames(read_frames(recording), last)
        groups = dict.fromkeys(frame.tile_group for frame in frames)
        learned = _refuse_learned(
            bundle, [f"tile:{group}" for group in groups], "tile groups", in_sample=in_sample
        )
        seen = ScoredFrames(bundle, recording, frames)
        body = seen.scorecard()
        if plot is not None:
            from edge.verbs.showing import plot_frames

            body["plots"] = [str(path) for path in plot_frames(seen, plot)]
    return {**_heading(bundle, recording, last, learned), **body}


def replay(
    recording: Path,
    bundle_folder: Path,
    last: float = 1.0,
    *,
    in_sample: bool = False,
    measure_share: float = MEASURE_SHARE,
    escapes: float | None = None,
    plot: Path | None = None,
    weights: CostWeights = CostWeights(),  # noqa: B008 - frozen
    on_progress: Progress = lambda _step, _share: None,
) -> dict[str, Any]:
    """Asks which parts of the last share should have been measured, and sets the shop's rule beside the answer.

    All parts before the scored ones count as measured; from there on only what was chosen, at most the share
    `measure_share`, is known to the model. `escapes` asks besides for a way to let at most that share of the
    passed parts be nonconforming; `plot` is a folder for the picture. Raises LearnedFrom as `evaluate` does,
    RecordingError, BundleError, and ValueError for a share that is none.
    """
    bundle = load_bundle(bundle_folder)
    history = read_parts(recording)
    with _blamed_on(recording):
        start = last_start(len(history), last)
    learned = _learned_parts(bundle, history.serials[start:], in_sample=in_sample)
    replayed = Replay(bundle, history, start)
    body = replayed.scorecard(measure_share, weights, on_progress)
    if escapes is not None:
        body["promise"] = replayed.promised(Promise(escapes), weights)
    if plot is not None:
        from edge.verbs.effort import draw_effort

        body["plots"] = [str(draw_effort(body, plot))]
    return {**_heading(bundle, recording, last, learned), **body}


@contextmanager
def _blamed_on(recording: Path) -> Iterator[None]:
    """Names the recording in what splitting and learning refuse."""
    try:
        yield
    except RecordingError:
        raise
    except ValueError as error:
        raise RecordingError(f"{recording}: {error}") from error


def _learned_parts(bundle: Bundle, serials: tuple[str, ...], *, in_sample: bool) -> int:
    return _refuse_learned(bundle, [f"part:{serial}" for serial in serials], "parts", in_sample=in_sample)


def _refuse_learned(bundle: Bundle, sources: list[str], what: str, *, in_sample: bool) -> int:
    learned = sum(bundle.has_learned(source) for source in sources)
    if learned and not in_sample:
        raise LearnedFrom(
            f"{bundle.name} learned from {learned} of the {len(sources)} {what} to be scored; score others"
            " (--last), train on fewer (--first), or say --in-sample"
        )
    return learned


def _heading(bundle: Bundle, recording: Path, last: float, learned: int) -> dict[str, Any]:
    return {
        "bundle": bundle.name,
        "kind": bundle.kind,
        "version": bundle.version,
        "digest": bundle.digest,
        "recording": str(recording),
        "split": {"last": last, "learned_from_among_scored": learned, "in_sample": learned > 0},
    }
