"""Who vouches for a bundle: an Ed25519 signature over its manifest's bytes, which hold the digest of every file.

Keys are ordinary PEM files, and the signature is over the bytes as they lie in the file, so that
`openssl pkeyutl -verify -rawin` checks them too (RFC 8032; keys as in RFC 8410).
"""

import base64
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FORMAT = 1
ALGORITHM = "Ed25519"


class SignatureError(Exception):
    """A key or a signature cannot be used, or does not fit; says which, and the mend."""


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A public key whose signatures are believed: its file, and the SHA-256 of its 32 bytes."""

    name: str
    fingerprint: str
    key: Ed25519PublicKey


def make_keys(private: Path, public: Path) -> str:
    """Writes a new pair, the private one readable by its owner alone; gives its fingerprint.

    Raises SignatureError when either file exists, or cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    shown = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for path, content, mode in ((private, secret, 0o600), (public, shown, 0o644)):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(content)
        except FileExistsError as error:
            raise SignatureError(f"{path}: is there already; name another file") from error
        except OSError as error:
            raise SignatureError(f"{path}: cannot be written ({error.strerror}); name another folder") from error
    return _fingerprint(key.public_key())


def trusted_key(path: Path) -> TrustedKey:
    """The public key in that PEM file. Raises SignatureError."""
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise SignatureError(f"{path}: cannot be read ({error.strerror}); name the public key's file") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SignatureError(f"{path}: holds no public key in PEM; name the .pub file of a pair") from error
    if not isinstance(key, Ed25519PublicKey):
        raise SignatureError(f"{path}: is no {ALGORITHM} key; make one with `jidoka models keygen`")
    return TrustedKey(str(path), _fingerprint(key), key)


def signature_of(manifest: bytes, key_file: Path) -> bytes:
    """The signature file's content, made with the private key in that PEM file. Raises SignatureError."""
    try:
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    except OSError as error:
        raise SignatureError(
            f"{key_file}: cannot be read ({error.strerror}); name the private key's file"
        ) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SignatureError(
            f"{key_file}: holds no private key in PEM without a password; name the .key file of a pair"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SignatureError(f"{key_file}: is no {ALGORITHM} key; make one with `jidoka models keygen`")
    said = {
        "format": FORMAT,
        "algorithm": ALGORITHM,
        "key": _fingerprint(key.public_key()),
        "signature": base64.b64encode(key.sign(manifest)).decode(),
    }
    return f"{json.dumps(said, indent=1)}\n".encode()


def signed_with(signature: bytes | None, where: Path) -> str:
    """The fingerprint of the key it says it was made with, nothing checked; "" for an unsigned bundle.

    Raises SignatureError when the file is no signature.
    """
    return "" if signature is None else _parse(signature, where)[0]


def check_signature(manifest: bytes, signature: bytes | None, where: Path, keys: Sequence[TrustedKey]) -> str:
    """The fingerprint of the trusted key that signed. `where` is the signature's file. Raises SignatureError."""
    known = ", ".join(f"{key.name} ({key.fingerprint[:12]}…)" for key in keys)
    if signature is None:
        raise SignatureError(
            f"{where}: the bundle is not signed, and only what {known} has signed is trusted; sign it with"
            " `jidoka models sign` or take the bundle that was signed"
        )
    fingerprint, made = _parse(signature, where)
    key = next((key for key in keys if key.fingerprint == fingerprint), None)
    if key is None:
        raise SignatureError(
            f"{where}: was signed with the key {fingerprint[:12]}…, and trusted is only {known}; ask who made the"
            " bundle, and add their public key to models.trusted_keys if you trust them"
        )
    try:
        key.key.verify(made, manifest)
    except InvalidSignature as error:
        raise SignatureError(
            f"{where}: is not {key.name}'s signature of this manifest, which was changed after it was signed;"
            " copy the bundle again from where it was signed"
        ) from error
    return fingerprint


def _parse(signature: bytes, where: Path) -> tuple[str, bytes]:
    mend = "copy the bundle again from where it was signed, or sign it again"
    try:
        said = json.loads(signature)
        if said["format"] != FORMAT or said["algorithm"] != ALGORITHM:
            raise SignatureError(
                f"{where}: is a signature of format {said['format']!r} with {said['algorithm']!r}, this program"
                f" reads {FORMAT} with {ALGORITHM}; update the program"
            )
        return str(said["key"]), base64.b64decode(said["signature"], validate=True)
    except (ValueError, KeyError, TypeError) as error:
        raise SignatureError(f"{where}: is no signature; {mend}") from error


def _fingerprint(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()
