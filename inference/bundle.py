"""A bundle: the folder one model lives in, and everything that must be true before it may judge a part.

`model.onnx` is the graph, `manifest.json` says what it takes, gives and was learned from, `card.md` tells a
person, and `manifest.sig`, where there is one, says who vouches for it. The bytes that were hashed are the bytes
that are handed on: nothing is read twice.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inference.graph import GraphError, Tensor, describe
from inference.manifest import CARD_DIGEST, FORMAT, Manifest, ManifestError, canonical, parse
from inference.signature import SignatureError, TrustedKey, check_signature, signature_of, signed_with

LARGEST_BYTES = 50 * 1024 * 1024
MODEL, MANIFEST, CARD, SIGNATURE = "model.onnx", "manifest.json", "card.md", "manifest.sig"


class BundleError(Exception):
    """The bundle cannot be trusted or written; names the file, what is wrong with it, and the mend."""


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A model as it was loaded and checked.

    `model` is the graph's bytes, `digest` the SHA-256 of the manifest's bytes, which hold the others' digests.
    `signed_with` is the fingerprint of the key that its signature names ("" without one); it has been checked only
    when the bundle was loaded with trusted keys.
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
    signed_with: str = ""

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
        CARD_DIGEST: hashlib.sha256(card.encode()).hexdigest(),
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
    try:
        manifest_bytes = canonical(manifest)
    except ManifestError as error:
        raise BundleError(f"{folder / MANIFEST}: {error}") from error
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _store(fresh / MODEL, model)
        _store(fresh / MANIFEST, manifest_bytes)
        _store(fresh / CARD, card.encode())
        fresh.chmod(0o755)
        bundle = load_bundle(fresh)
        _put_in_place(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return bundle


def load_bundle(folder: Path, *, trusted: Sequence[TrustedKey] = ()) -> Bundle:
    """Reads and checks a bundle. Raises BundleError naming the file and the mend when anything is not as said.

    With `trusted` keys, the bundle must be signed with one of them.
    """
    manifest_bytes = _read(folder / MANIFEST)
    signed_by = _signer(manifest_bytes, folder, trusted)
    manifest = _parsed(manifest_bytes, folder / MANIFEST)
    model, card_bytes = _read(folder / MODEL), _read(folder / CARD)
    digest = _as_said(model, manifest["model_sha256"], folder / MODEL)
    if CARD_DIGEST in manifest:
        _as_said(card_bytes, manifest[CARD_DIGEST], folder / CARD)
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
        card=card_bytes.decode(errors="replace"),
        signed_with=signed_by,
    )


def sign_bundle(folder: Path, key_file: Path) -> Bundle:
    """Signs a sound bundle with that private key, in place of an earlier signature. Raises BundleError."""
    digest = load_bundle(folder).digest
    manifest = _read(folder / MANIFEST)
    if hashlib.sha256(manifest).hexdigest() != digest:
        raise BundleError(f"{folder / MANIFEST}: was changed while it was signed; sign it again")
    if CARD_DIGEST not in _parsed(manifest, folder / MANIFEST):
        raise BundleError(
            f"{folder / MANIFEST}: does not hold the card's digest, so a signature would not cover it; make the"
            " bundle again with `jidoka train`"
        )
    try:
        signature = signature_of(manifest, key_file)
    except SignatureError as error:
        raise BundleError(str(error)) from error
    fresh = folder / f".{SIGNATURE}.new"
    try:
        _store(fresh, signature)
        fresh.replace(folder / SIGNATURE)
    except OSError as error:
        raise BundleError(
            f"{folder / SIGNATURE}: cannot be written ({error.strerror}); copy the bundle"
        ) from error
    return load_bundle(folder)


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


def _parsed(manifest: bytes, path: Path) -> Manifest:
    try:
        return parse(manifest)
    except ManifestError as error:
        raise BundleError(f"{path}: {error}") from error


def _signer(manifest: bytes, folder: Path, trusted: Sequence[TrustedKey]) -> str:
    where = folder / SIGNATURE
    try:
        signature = _read(where) if where.exists() else None
        if trusted:
            return check_signature(manifest, signature, where, trusted)
        return signed_with(signature, where)
    except SignatureError as error:
        raise BundleError(str(error)) from error


def _as_said(content: bytes, said: str, path: Path) -> str:
    """The content's SHA-256, which must be what the manifest says."""
    digest = hashlib.sha256(content).hexdigest()
    if digest != said:
        raise BundleError(
            f"{path}: SHA-256 is {digest[:12]}…, but {said[:12]}… in the manifest; copy the bundle again from"
            " where it was made"
        )
    return digest


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
