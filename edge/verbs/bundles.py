"""The verbs about bundles: models list, show, verify, keygen, sign, promote, rollback.

Each imports what it needs when it is called, as all verbs about models do.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from edge.answers import NOT_SO, fail, print_json, print_line, print_table
from edge.verbs.line import Json, settings_of

if TYPE_CHECKING:
    from edge.bundles import Bundles
    from inference.bundle import Bundle

T = TypeVar("T")
Answer = dict[str, Any]

app = typer.Typer(help="The bundles that ship, the promoted ones, and any folder with one.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="BUNDLE", help="A bundle's folder, or builtin:NAME.")]
Promoted = Annotated[str, typer.Argument(metavar="NAME", help="As LINE.yaml says it: promoted:NAME.")]
Line = Annotated[Path, typer.Option("--line", metavar="LINE.yaml", help="The line that the models judge for.")]
_HERE = Path("LINE.yaml")


@app.command("list")
def list_bundles(
    line: Annotated[
        Path | None, typer.Option("--line", metavar="LINE.yaml", help="List what was promoted for it, too.")
    ] = None,
    as_json: Json = False,
) -> None:
    """The bundles that ship and, for a line, those in force and the ones before them."""
    from edge.bundles import BUILTIN, PROMOTED, shipped_bundles
    from inference.bundle import load_bundle

    found = [(f"{BUILTIN}{folder.name}", "", folder) for folder in shipped_bundles()]
    if line is not None:
        store = _bundles(line).store
        for promoted in (_sound(partial(store.promoted, name)) for name in store.names()):
            found.append((f"{PROMOTED}{promoted.name}", "in force", promoted.in_force))
            if promoted.before is not None:
                found.append((f"{PROMOTED}{promoted.name}", "before", promoted.before))
    rows = [(name, stands, _sound(partial(load_bundle, folder))) for name, stands, folder in found]
    if as_json:
        print_json({"bundles": [{"bundle": name, "stands": stands} | _facts(b) for name, stands, b in rows]})
    else:
        print_table(
            ("bundle", "", "kind", "version", "digest", "signed with"),
            [(n, stands, b.kind, b.version, b.digest[:12], b.signed_with[:12]) for n, stands, b in rows],
        )


@app.command()
def show(name: Name, as_json: Json = False) -> None:
    """A bundle's card."""
    from edge.bundles import checked_bundle

    bundle = _sound(lambda: checked_bundle(name, Path()))
    if as_json:
        print_json(_facts(bundle) | {"figures": dict(bundle.figures), "card": bundle.card})
    else:
        print_line(bundle.card)


@app.command()
def verify(
    name: Name,
    key: Annotated[
        list[Path] | None, typer.Option("--key", metavar="PUB", help="A public key that must have signed it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Says whether a bundle is what its manifest says, and signed with a key that is trusted."""
    from edge.bundles import bundle_folder, checked_bundle
    from inference.bundle import BundleError, load_bundle
    from inference.signature import SignatureError, trusted_key

    keys = key or []
    try:
        trusted = [trusted_key(path) for path in keys]
        whole = checked_bundle(name, Path())
        bundle = load_bundle(bundle_folder(name, Path()), trusted=trusted) if keys else whole
    except (BundleError, SignatureError) as error:
        if as_json:
            print_json({"ok": False, "sentence": str(error)})
            raise typer.Exit(NOT_SO) from error
        fail(str(error))
    if as_json:
        print_json({"ok": True, "signature_checked": bool(keys)} | _facts(bundle))
        return
    signed = "not signed"
    if bundle.signed_with:
        signed = f"signed with the key {bundle.signed_with[:12]}…" + ("" if keys else ", not checked (--key PUB)")
    print_line(f"{bundle.name} is whole: {bundle.kind}, digest {bundle.digest}, {signed}.")


@app.command()
def keygen(
    path: Annotated[Path, typer.Argument(metavar="DIR|FILE", help="A folder, or the private key's new file.")],
    as_json: Json = False,
) -> None:
    """Makes a pair of keys to sign bundles with: FILE (private) and FILE with .pub at its end."""
    from inference.signature import SignatureError, make_keys

    private = path / "bundles.key" if path.is_dir() else path
    public = private.with_suffix(".pub")
    if private == public:
        fail(f"{private}: is a public key's name; name the private key, {private.with_suffix('.key')} for one.")
    try:
        fingerprint = make_keys(private, public)
    except SignatureError as error:
        fail(str(error))
    if as_json:
        print_json({"private": str(private), "public": str(public), "fingerprint": fingerprint})
    else:
        print_line(
            f"{private} signs; keep it off the edge device and out of backups that others read. Give {public} to"
            f" the lines (models.trusted_keys). Fingerprint {fingerprint}."
        )


@app.command()
def sign(
    name: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A bundle's folder.")],
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The private key.")],
    as_json: Json = False,
) -> None:
    """Signs a bundle, once it has been found sound."""
    from inference.bundle import sign_bundle

    bundle = _sound(lambda: sign_bundle(name, key))
    if as_json:
        print_json(_facts(bundle))
    else:
        print_line(f"{name} is signed with the key {bundle.signed_with[:12]}…; digest {bundle.digest}.")


@app.command()
def promote(name: Promoted, bundle: Name, line: Line = _HERE, as_json: Json = False) -> None:
    """Checks a bundle, runs it once, and puts it in force from the edge's next start on."""
    bundles = _bundles(line)
    _say_in_force(bundles, name, _sound(lambda: bundles.promote(name, bundle)), line, as_json=as_json)


@app.command()
def rollback(name: Promoted, line: Line = _HERE, as_json: Json = False) -> None:
    """Puts the bundle before the promoted one in force again, from the edge's next start on."""
    bundles = _bundles(line)
    _say_in_force(bundles, name, _sound(lambda: bundles.rollback(name)), line, as_json=as_json)


def _say_in_force(bundles: "Bundles", name: str, bundle: "Bundle", line: Path, *, as_json: bool) -> None:
    from edge.bundles import PROMOTED

    used = bundles.uses(name)
    then = f"{line} does not use it; write {PROMOTED}{name} under models there, and restart the edge process."
    if used:
        then = "The edge takes it at its next start: restart it when the line may pause for some seconds."
    if as_json:
        print_json(_facts(bundle) | {"bundle": f"{PROMOTED}{name}", "used": used, "then": then})
    else:
        print_line(f"{PROMOTED}{name} is {bundle.version}, digest {bundle.digest[:12]}…. {then}")


def _facts(bundle: "Bundle") -> Answer:
    return {
        "name": bundle.name,
        "kind": bundle.kind,
        "version": bundle.version,
        "digest": bundle.digest,
        "created_at": bundle.created_at.isoformat(),
        "bytes": len(bundle.model),
        "licence": bundle.licence,
        "signed_with": bundle.signed_with,
    }


def _bundles(line: Path) -> "Bundles":
    from edge.bundles import Bundles

    settings = settings_of(line)
    return _sound(lambda: Bundles(settings, line.resolve().parent))


def _sound(ask: Callable[[], T]) -> T:
    """What was asked for; what is wrong with a bundle is said, and the verb ends with 1."""
    from inference.bundle import BundleError

    try:
        return ask()
    except BundleError as error:
        fail(str(error))
