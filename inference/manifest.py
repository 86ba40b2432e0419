"""The manifest of a bundle as JSON: which keys it has, how it is read, and the one way it is written."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

FORMAT = 1
KINDS = ("forecast", "surface")
CARD_DIGEST = "card_sha256"
"""Missing in bundles that were made before they could be signed."""
_TYPES: dict[str, type] = {
    **dict.fromkeys(("kind", "name", "version", "created_at", "model_sha256", "licence"), str),
    **dict.fromkeys(("inputs", "outputs", "learned_from"), list),
    **dict.fromkeys(("recipe", "figures", "calibration", "fields"), dict),
    **dict.fromkeys(("format", "opset"), int),
}
_JSON_NAMES: dict[type, str] = {str: "string", int: "number", list: "list", dict: "object"}

Manifest = dict[str, Any]


class ManifestError(Exception):
    """The manifest cannot be read or written; says why and the mend."""


def parse(content: bytes) -> Manifest:
    """The manifest, with every key there and of its type. Raises ManifestError."""
    try:
        manifest = json.loads(content, parse_constant=_no_constant)
    except ValueError as error:
        raise ManifestError(f"is not JSON ({error}); copy the bundle again from where it was made") from error
    if not isinstance(manifest, dict):
        raise ManifestError("must be a JSON object; copy the bundle again from where it was made")
    if manifest.get("format") != FORMAT:
        raise ManifestError(
            f"format is {manifest.get('format')!r}, this program reads {FORMAT}; update the program"
        )
    if manifest.get("kind") not in KINDS:
        raise ManifestError(f"kind is {manifest.get('kind')!r}, known are {', '.join(KINDS)}")
    if wrong := ", ".join(sorted((manifest.keys() - {CARD_DIGEST}) ^ _TYPES.keys())):
        raise ManifestError(f"missing or unknown keys: {wrong}; make the bundle again with `jidoka train`")
    for key, kind in (*_TYPES.items(), (CARD_DIGEST, str)):
        if not isinstance(manifest.get(key, ""), kind):
            raise ManifestError(f"{key} must be a JSON {_JSON_NAMES[kind]}; make the bundle again")
    try:
        datetime.fromisoformat(manifest["created_at"])
    except ValueError as error:
        raise ManifestError(f"created_at is no ISO 8601 time ({error}); make the bundle again") from error
    return manifest


def canonical(manifest: Mapping[str, Any]) -> bytes:
    """Its bytes, the same for the same content. Raises ManifestError."""
    try:
        text = json.dumps(manifest, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    except (ValueError, TypeError) as error:
        raise ManifestError(
            f"holds what JSON cannot say ({error}); give finite numbers and plain types"
        ) from error
    return f"{text}\n".encode()


def _no_constant(token: str) -> float:
    raise ValueError(f"{token} is no JSON number")
