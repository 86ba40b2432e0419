"""The verbs that learn and score: train, evaluate, replay.

Each imports what it needs when it is called: the review process starts through the same command line and must not
pay for models.
"""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import typer

from edge.answers import fail, print_json, print_table, progress
from edge.verbs.line import Json

Recording = Annotated[Path, typer.Argument(metavar="RECORDING", help="A folder with a recording of a line.")]
Name = Annotated[str, typer.Argument(metavar="BUNDLE", help="A bundle's folder, or builtin:NAME.")]
Last = Annotated[float, typer.Option("--last", help="Score the last share of the parts or tile groups only.")]
Plot = Annotated[Path | None, typer.Option("--plot", metavar="DIR", help="Draw pictures into this folder.")]
InSample = Annotated[bool, typer.Option("--in-sample", help="Score even what the bundle learned from.")]
Answer = dict[str, Any]


def train(
    kind: Annotated[Literal["forecast", "surface"], typer.Argument(help="What it learns.")],
    recording: Recording,
    out: Annotated[Path, typer.Option("--out", metavar="BUNDLE", help="The bundle's new folder.")],
    first: Annotated[float, typer.Option("--first", help="Learn from the first share of the parts only.")] = 1.0,
    as_json: Json = False,
) -> None:
    """Learns a bundle from a recording and writes it with its card."""
    if find_spec("sklearn") is None:
        fail("Training needs the extra `train`: pip install 'jidoka[train]'.")
    from edge.verbs import learning

    with progress(quiet=as_json) as bar:
        task = bar.add_task("reading", total=100)

        def on_progress(step: str, share: float) -> None:
            bar.update(task, description=step, completed=round(100 * share))

        answer = _so(lambda: learning.train(kind, recording, out, first, on_progress))
    _say(answer, as_json=as_json)


def evaluate(
    name: Name,
    recording: Recording,
    last: Last = 1.0,
    in_sample: InSample = False,
    plot: Plot = None,
    as_json: Json = False,
) -> None:
    """Scores a bundle on parts it did not learn from."""
    if plot is not None and find_spec("matplotlib") is None:
        fail("Drawing needs the extra `train`: pip install 'jidoka[train]'.")
    from edge.verbs import learning

    folder = _folder(name)
    _say(_so(lambda: learning.evaluate(folder, recording, last, in_sample=in_sample, plot=plot)), as_json=as_json)


def replay(
    recording: Recording,
    name: Annotated[str, typer.Option("--bundle", metavar="BUNDLE", help="A bundle's folder, or builtin:NAME.")],
    last: Last = 1.0,
    in_sample: InSample = False,
    measure_share: Annotated[
        float,
        typer.Option("--measure-share", min=0.01, max=1, help="The most parts that may be measured, as a share."),
    ] = 0.3,
    escapes: Annotated[
        float | None,
        typer.Option("--escapes", min=0.0001, max=0.5, help="The most escapes among passed parts, 95 % sure."),
    ] = None,
    plot: Plot = None,
    as_json: Json = False,
) -> None:
    """Asks, on recorded parts, which of them should be measured; beside it the shop's usual rule."""
    if plot is not None and find_spec("matplotlib") is None:
        fail("Drawing needs the extra `train`: pip install 'jidoka[train]'.")
    from edge.verbs import learning

    folder = _folder(name)

    def ask() -> Answer:
        return learning.replay(
            recording,
            folder,
            last,
            in_sample=in_sample,
            measure_share=measure_share,
            escapes=escapes,
            plot=plot,
        )

    _say(_so(ask), as_json=as_json)


def _folder(name: str) -> Path:
    from edge.bundles import bundle_folder
    from inference.bundle import BundleError

    try:
        return bundle_folder(name, Path())
    except BundleError as error:
        fail(str(error))


def _so(ask: Callable[[], Mapping[str, Any]]) -> Answer:
    """The answer; what is wrong with a recording or a bundle is said, and the verb ends with 1."""
    from edge.recording import RecordingError
    from edge.verbs.learning import LearnedFrom
    from inference.bundle import BundleError

    try:
        return dict(ask())
    except (RecordingError, BundleError, LearnedFrom) as error:
        fail(str(error))


def _say(answer: Answer, *, as_json: bool) -> None:
    """One table for the plain values, one for each group of like rows."""
    if as_json:
        print_json(answer)
        return
    plain = [(name, value) for name, value in answer.items() if not isinstance(value, dict | list)]
    print_table(("figure", "value"), plain)
    for name, value in answer.items():
        rows = _rows(value)
        if rows:
            columns = tuple(rows[0])
            print_table(columns, [tuple(row.get(column) for column in columns) for row in rows], name)


def _rows(value: object) -> list[Answer]:
    if isinstance(value, list):
        return [cast(Answer, row) for row in value if isinstance(row, dict)]
    if isinstance(value, dict):
        if value and all(isinstance(inner, dict) for inner in value.values()):
            return [{"": name} | inner for name, inner in value.items()]
        return [value] if value else []
    return []
