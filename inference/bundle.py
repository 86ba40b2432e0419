"""A bundle: the folder one model lives in, and everything that must be true before it may judge a part.

`model.onnx` is the graph, `manifest.json` says what it takes, gives and was learned from, and `card.md`
tells a person. The bytes that were hashed are the bytes that are handed on: nothing is read twice.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inference.graph import GraphError, Tensor, describe

FORMAT = 1
KINDS = ("forecast", "surface")
LARGEST_BYTES = 50 * 1024 * 1024
MODEL, MANIFEST, CARD = "model.onnx", "manifest.json", "card.md"
_TYPES: dict[str, type] = {
    **dict.fromkeys(("kind", "name", "version", "created_at", "model_sha256", "licence"), str),
    **dict.fromkeys(("inputs", "outputs", "learned_from"), list),
    **dict.fromkeys(("recipe", "figures", "calibration", "fields"), dict),
    **dict.fromkeys(("format", "opset"), int),
}
_JSON_NAMES: dict[type, str] = {str: "string", int: "number", list: "list", dict: "object"}


class BundleError(Exception):
    """The bundle cannot be trusted or written; names the file, what is wrong with it, and the mend."""


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A model as it was loaded and checked.

    `model` is the graph's bytes, `digest` the SHA-256 of the manifest's bytes, which hold the graph's own digest.
    `learned_from` holds the SHA-256 of every source it learned from (see `source_digest`). `recipe`, `figures`,
    `calibration` and `fields` are plain JSON and mean what the bundle's kind says they mean.
    """

    digest: str
    kind: str
    name: str
    version: str
    created_at: datetime
    model: bytes
    model_sha256: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    opset: int
    learned_from: frozenset[str]
    recipe: Mapping[str, Any]
    figures: Mapping[str, Any]
    calibration: Mapping[str, Any]
    fields: Mapping[str, Any]
    licence: str
    card: str

    def has_learned(self, source: str) -> bool:
        """Whether it learned from that source: `part:SERIAL` or `tile:GROUP`."""
        return source_digest(source) in self.learned_from


def source_digest(source: str) -> str:
    """The SHA-256 under which a manifest lists a source, so that it names no serial in clear."""
    return hashlib.sha256(source.encode()).hexdigest()


def write_bundle(
    folder: Path,
    *,
    kind: str,
    name: str,
    model: bytes,
    fields: Mapping[str, Any],
    calibration: Mapping[str, Any],
    learned_from: Iterable[str],
    recipe: Mapping[str, Any],
    figures: Mapping[str, Any],
    card: str,
    licence: str = "Apache-2.0",
    replace: bool = False,
) -> Bundle:
    """Writes the folder whole or not at all, and returns it as loaded again.

    `learned_from` are sources in clear (`part:SERIAL`, `tile:GROUP`). Raises BundleError when the folder exists
    and `replace` is not set, or when the bundle would be refused on loading.
    """
    if folder.exists() and not replace:
        raise BundleError(f"{folder}: exists already; choose another folder or say that it may be replaced")
    try:
        graph = describe(model)
    except GraphError as error:
        raise BundleError(f"{folder / MODEL}: {error}") from error
    digest = hashlib.sha256(model).hexdigest()
    now = datetime.now(UTC).replace(microsecond=0)
    manifest = {
        "format": FORMAT,
        "kind": kind,
        "name": name,
        "version": f"{now:%Y.%m.%d}-{digest[:8]}",
        "created_at": now.isoformat(),
        "model_sha256": digest,
        "inputs": [tensor.as_json() for tensor in graph.inputs],
        "outputs": [tensor.as_json() for tensor in graph.outputs],
        "opset": graph.opset,
        "learned_from": sorted(source_digest(source) for source in learned_from),
        "recipe": recipe,
        "figures": figures,
        "calibration": calibration,
        "fields": fields,
        "licence": licence,
    }
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _store(fresh / MODEL, model)
        _store(fresh / MANIFEST, _canonical(manifest, folder / MANIFEST))
        _store(fresh / CARD, card.encode())
        fresh.chmod(0o755)
        bundle = load_bundle(fresh)
        _put_in_place(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return bundle


def load_bundle(folder: Path) -> Bundle:
    """Reads and checks a bundle. Raises BundleError naming the file and the mend when anything is not as said."""
    manifest_bytes = _read(folder / MANIFEST)
    manifest = _parse(manifest_bytes, folder / MANIFEST)
    model = _read(folder / MODEL)
    card = _read(folder / CARD).decode(errors="replace")
    digest = hashlib.sha256(model).hexdigest()
    if digest != manifest["model_sha256"]:
        raise BundleError(
            f"{folder / MODEL}: SHA-256 is {digest[:12]}…, but {manifest['model_sha256'][:12]}… in the manifest; "
            "copy the bundle again from where it was made"
        )
    try:
        graph = describe(model)
    except GraphError as error:
        raise BundleError(f"{folder / MODEL}: {error}") from error
    for key, found in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        if manifest[key] != [tensor.as_json() for tensor in found]:
            raise BundleError(
                f"{folder / MANIFEST}: {key} are not the graph's, which are {', '.join(map(str, found))}; "
                "make the bundle again with `jidoka train`"
            )
    if manifest["opset"] != graph.opset:
        raise BundleError(f"{folder / MANIFEST}: opset is {manifest['opset']}, the graph's is {graph.opset}")
    return Bundle(
        digest=hashlib.sha256(manifest_bytes).hexdigest(),
        kind=manifest["kind"],
        name=manifest["name"],
        version=manifest["version"],
        created_at=datetime.fromisoformat(manifest["created_at"]),
        model=model,
        model_sha256=digest,
        inputs=graph.inputs,
        outputs=graph.outputs,
        opset=graph.opset,
        learned_from=frozenset(manifest["learned_from"]),
        recipe=manifest["recipe"],
        figures=manifest["figures"],
        calibration=manifest["calibration"],
        fields=manifest["fields"],
        licence=manifest["licence"],
        card=card,
    )


def changed_on_disk(folder: Path, bundle: Bundle) -> str:
    """How the folder's files differ from the bundle as it was loaded, in one sentence; "" when they do not."""
    mend = (
        f"what was loaded ({bundle.digest[:12]}…) stays in force. Put it back, or restart the edge process to"
        " judge with the other"
    )
    for name, digest in ((MANIFEST, bundle.digest), (MODEL, bundle.model_sha256)):
        try:
            found = hashlib.sha256(_read(folder / name)).hexdigest()
        except BundleError as error:
            return f"{error}; {mend}."
        if found != digest:
            return f"{folder / name} is another file than the one that was loaded; {mend}."
    return ""


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise BundleError(
            f"{path}: cannot be read ({error.strerror}); a bundle holds {MODEL}, {MANIFEST}, {CARD}"
        ) from error
    if len(content) > LARGEST_BYTES:
        raise BundleError(
            f"{path}: is larger than {LARGEST_BYTES // 2**20} MB; this is no model for an edge device"
        )
    return content


def _parse(content: bytes, path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(content, parse_constant=_no_constant)
    except ValueError as error:
        raise BundleError(
            f"{path}: is not JSON ({error}); copy the bundle again from where it was made"
        ) from error
    if not isinstance(manifest, dict):
        raise BundleError(f"{path}: must be a JSON object")
    if manifest.get("format") != FORMAT:
        raise BundleError(
            f"{path}: format is {manifest.get('format')!r}, this program reads {FORMAT}; update the program"
        )
    if manifest.get("kind") not in KINDS:
        raise BundleError(f"{path}: kind is {manifest.get('kind')!r}, known are {', '.join(KINDS)}")
    if manifest.keys() != _TYPES.keys():
        wrong = ", ".join(sorted(manifest.keys() ^ _TYPES.keys()))
        raise BundleError(f"{path}: missing or unknown keys: {wrong}; make the bundle again with `jidoka train`")
    for key, kind in _TYPES.items():
        if not isinstance(manifest[key], kind):
            raise BundleError(f"{path}: {key} must be a JSON {_JSON_NAMES[kind]}; make the bundle again")
    try:
        datetime.fromisoformat(manifest["created_at"])
    except ValueError as error:
        raise BundleError(f"{path}: created_at is no ISO 8601 time ({error}); make the bundle again") from error
    return manifest


def _no_constant(token: str) -> float:
    raise ValueError(f"{token} is no JSON number")


def _canonical(manifest: Mapping[str, Any], path: Path) -> bytes:
    try:
        text = json.dumps(manifest, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    except (ValueError, TypeError) as error:
        raise BundleError(
            f"{path}: holds what JSON cannot say ({error}); give finite numbers and plain types"
        ) from error
    return f"{text}\n".encode()


def _store(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _put_in_place(fresh: Path, folder: Path) -> None:
    if not folder.exists():
        fresh.rename(folder)
        return
    # A rename cannot replace a folder that has something in it, so the old one steps aside first.
    aside = fresh.with_name(f"{fresh.name}.old")
    folder.rename(aside)
    fresh.rename(folder)
    shutil.rmtree(aside)
