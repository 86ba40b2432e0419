"""The verbs about models: train, evaluate, replay, and models list, show, verify.

Each imports what it needs when it is called: the review process starts through the same command line and must not
pay for models.
"""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from edge.answers import NOT_SO, fail, print_json, print_line, print_table, progress
from edge.verbs.line import Json

if TYPE_CHECKING:
    from inference.bundle import Bundle

app = typer.Typer(help="The bundles that ship, and any folder with one.", no_args_is_help=True)

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
    as_json: Json = False,
) -> None:
    """Asks, on recorded parts, which of them should be measured; beside it the shop's usual rule."""
    from edge.verbs import learning

    folder = _folder(name)

    def ask() -> Answer:
        return learning.replay(recording, folder, last, in_sample=in_sample, measure_share=measure_share)

    _say(_so(ask), as_json=as_json)


@app.command("list")
def list_bundles(as_json: Json = False) -> None:
    """The bundles that ship."""
    from edge.equipment import BUILTIN, shipped_bundles
    from inference.bundle import load_bundle

    found = [(f"{BUILTIN}{folder.name}", load_bundle(folder)) for folder in shipped_bundles()]
    if as_json:
        print_json({"bundles": [{"bundle": name} | _facts(bundle) for name, bundle in found]})
    else:
        rows = [(name, bundle.kind, bundle.version, bundle.digest[:12]) for name, bundle in found]
        print_table(("bundle", "kind", "version", "digest"), rows)


@app.command()
def show(name: Name, as_json: Json = False) -> None:
    """A bundle's card."""
    bundle = _loaded(name)
    if as_json:
        print_json(_facts(bundle) | {"figures": dict(bundle.figures), "card": bundle.card})
    else:
        print_line(bundle.card)


@app.command()
def verify(name: Name, as_json: Json = False) -> None:
    """Says whether a bundle is what its manifest says."""
    from inference.bundle import BundleError, load_bundle

    folder = _folder(name)
    try:
        bundle = load_bundle(folder)
    except BundleError as error:
        if as_json:
            print_json({"ok": False, "sentence": str(error)})
            raise typer.Exit(NOT_SO) from error
        fail(str(error))
    if as_json:
        print_json({"ok": True} | _facts(bundle))
    else:
        print_line(f"{bundle.name} is whole: {bundle.kind}, digest {bundle.digest}.")


def _facts(bundle: "Bundle") -> Answer:
    return {
        "name": bundle.name,
        "kind": bundle.kind,
        "version": bundle.version,
        "digest": bundle.digest,
        "created_at": bundle.created_at.isoformat(),
        "bytes": len(bundle.model),
        "licence": bundle.licence,
    }


def _loaded(name: str) -> "Bundle":
    from inference.bundle import BundleError, load_bundle

    try:
        return load_bundle(_folder(name))
    except BundleError as error:
        fail(str(error))


def _folder(name: str) -> Path:
    from edge.equipment import bundle_folder
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
