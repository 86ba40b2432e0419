"""Certificates for a simulated line over TLS: a CA of its own, one for the devices and one for the client.

They are made by the `openssl` command, so that neither a file nor a key lies in the repository.
"""

import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"
DAYS: Final = 30
NEW_KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class NoOpenssl(Exception):  # noqa: N818 - it says what is not there
    """The command is missing on this machine."""


def make_authority(folder: Path, name: str = "ca") -> None:
    """A CA: NAME.pem and NAME.key in the folder. Raises NoOpenssl."""
    subject = ("-subj", f"/CN=simulated line {name}", "-days", str(DAYS))
    _openssl(folder, "req", "-x509", *NEW_KEY, *subject, "-keyout", f"{name}.key", "-out", f"{name}.pem")


def make_certificate(
    folder: Path, name: str, *, host: str = HOST, authority: str = "ca", days: int = DAYS
) -> None:
    """A certificate for that host: NAME.pem and NAME.key. With -1 days it has expired. Raises NoOpenssl."""
    kind = "IP" if host.replace(".", "").isdigit() else "DNS"
    (folder / f"{name}.ext").write_text(f"subjectAltName={kind}:{host}\n", encoding="utf-8")
    _openssl(folder, "req", *NEW_KEY, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
    signer = ("-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-CAcreateserial")
    signed = ("-days", str(days), "-extfile", f"{name}.ext", "-out", f"{name}.pem")
    _openssl(folder, "x509", "-req", "-in", f"{name}.csr", *signer, *signed)


def make_certificates(folder: Path) -> None:
    """ca, server and client, each as .pem and .key. Raises NoOpenssl."""
    folder.mkdir(parents=True, exist_ok=True)
    make_authority(folder)
    make_certificate(folder, "server")
    make_certificate(folder, "client")


def server_context(folder: Path, name: str = "server") -> ssl.SSLContext:
    """TLS 1.2 or newer, and no client without a certificate of the CA."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(folder / "ca.pem")
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context


def _openssl(folder: Path, *arguments: str) -> None:
    command = shutil.which("openssl")
    if command is None:
        raise NoOpenssl(
            "the command `openssl` is needed for a simulated line over TLS; install it (package openssl)"
        )
    subprocess.run([command, *arguments], cwd=folder, check=True, capture_output=True)  # noqa: S603
