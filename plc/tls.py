"""TLS for Modbus/TCP Security: our own context, and every failure told by its file and its mend.

Both sides show a certificate (Modbus/TCP Security Protocol Specification V2.1, 8). pymodbus's own context
checks none, so it is not used.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from quality.saying import N_, Saying, saying

_VERIFY_EXPIRED: Final = 10
_VERIFY_NOT_YET: Final = 9
_VERIFY_HOST: Final = frozenset({62, 64})
"""X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH of OpenSSL."""
_VERIFY_ISSUER: Final = frozenset({2, 7, 18, 19, 20, 21})
"""No issuer known, a signature that does not fit, or self-signed."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: who may sign the device's certificate, and our own certificate with its key.

    `server_name` is the name in the device's certificate where it is not the host.
    """

    ca: Path
    certificate: Path
    key: Path
    server_name: str | None = None


class TlsTrouble(Exception):  # noqa: N818 - it is the connection that is in trouble
    """No TLS connection: says which file or certificate stands in the way and the mend."""


def context_of(files: TlsFiles, device: str) -> ssl.SSLContext:
    """TLS 1.2 or newer; the device must show a certificate of our CA for its name. Raises TlsTrouble."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.check_hostname = True
    try:
        context.load_verify_locations(cafile=files.ca)
    except ssl.SSLError as error:
        raise TlsTrouble(
            saying(
                "{device}.tls.ca {ca} holds no certificate; name the CA's certificate as PEM",
                device=device,
                ca=str(files.ca),
            )
        ) from error
    except OSError as error:
        raise _unreadable(device, "ca", files.ca, error) from error
    for key, path in (("certificate", files.certificate), ("key", files.key)):
        try:
            path.open("rb").close()
        except OSError as error:
            raise _unreadable(device, key, path, error) from error
    try:
        context.load_cert_chain(files.certificate, files.key, password=_no_password)
    except _PasswordNeededError as error:
        raise TlsTrouble(
            saying(
                "{device}.tls.key {key} is locked by a password; store it without one, readable by this user"
                " alone",
                device=device,
                key=str(files.key),
            )
        ) from error
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise TlsTrouble(
                saying(
                    "{device}.tls.key {key} does not fit {device}.tls.certificate {certificate}; name the key that"
                    " the certificate was made for",
                    device=device,
                    key=str(files.key),
                    certificate=str(files.certificate),
                )
            ) from error
        raise TlsTrouble(
            saying(
                "{device}.tls.certificate {certificate} or {device}.tls.key {key} is no PEM file ({reason});"
                " name a certificate and its key as PEM",
                device=device,
                certificate=str(files.certificate),
                key=str(files.key),
                reason=str(error.reason),
            )
        ) from error
    return context


def trouble(error: ssl.SSLError, files: TlsFiles, device: str, name: str) -> TlsTrouble:
    """What stood in the way of the connection, in which file, and the mend. `name` is the one expected."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsTrouble(_of_their_certificate(error, files, device, name))
    reason = error.reason or ""
    for part, sentence in _ALERTS.items():
        if part in reason:
            return TlsTrouble(Saying(sentence, {"device": device, "certificate": str(files.certificate)}))
    return TlsTrouble(
        saying(
            "no TLS connection ({reason}); compare the TLS settings of the device with {device}.tls",
            reason=reason or str(error),
            device=device,
        )
    )


def unexplained(files: TlsFiles, device: str) -> TlsTrouble:
    """The device ended the connection before it had answered anything, and did not say why."""
    return TlsTrouble(
        saying(
            "the device closed the connection before it answered and gave no reason; it may not know the CA"
            " of {device}.tls.certificate {certificate}, or find it expired, or have no connection left",
            device=device,
            certificate=str(files.certificate),
        )
    )


def _of_their_certificate(error: ssl.SSLCertVerificationError, files: TlsFiles, device: str, name: str) -> Saying:
    code = error.verify_code
    if code == _VERIFY_EXPIRED:
        return saying(
            "the device's certificate has expired; install a new one in the device, and check this machine's clock"
        )
    if code == _VERIFY_NOT_YET:
        return saying(
            "the device's certificate is not valid yet; check the clocks of the device and of this machine"
        )
    if code in _VERIFY_HOST:
        return saying(
            "the device's certificate is not for {name}; set {device}.tls.server_name to the name in it, or"
            " install"
            " one for this name in the device",
            name=name,
            device=device,
        )
    if code in _VERIFY_ISSUER:
        return saying(
            "the device's certificate is not signed by {device}.tls.ca {ca}; name the CA that signed it, or"
            " install"
            " one signed by this CA in the device",
            device=device,
            ca=str(files.ca),
        )
    return saying(
        "the device's certificate is refused: {why}; install another in the device", why=str(error.verify_message)
    )


_ALERTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CERTIFICATE_EXPIRED": N_(
            "the device refuses {device}.tls.certificate {certificate}: it has expired; have a new one made, and"
            " check the device's clock"
        ),
        "UNKNOWN_CA": N_(
            "the device refuses {device}.tls.certificate {certificate}: it does not know the CA that signed it;"
            " install that CA in the device, or use a certificate of a CA that it knows"
        ),
        "CERTIFICATE_REQUIRED": N_(
            "the device demands a certificate and takes none of ours; look at {device}.tls.certificate"
            " {certificate}"
        ),
        "BAD_CERTIFICATE": N_(
            "the device refuses {device}.tls.certificate {certificate}; have one made as its manual demands"
        ),
        "UNSUPPORTED_CERTIFICATE": N_(
            "the device refuses {device}.tls.certificate {certificate}; have one made as its manual demands"
        ),
        "WRONG_VERSION_NUMBER": N_(
            "what answers there speaks no TLS; check {device}.port (802 is usual for Modbus/TCP Security)"
        ),
        "PROTOCOL": N_("the device offers no TLS 1.2 or newer; bring its firmware or its TLS settings up to date"),
    }
)
"""Sentences by a part of OpenSSL's reason."""


class _PasswordNeededError(Exception):
    """The key is locked."""


def _no_password() -> str:
    raise _PasswordNeededError


def _unreadable(device: str, key: str, path: Path, error: OSError) -> TlsTrouble:
    return TlsTrouble(
        saying(
            "{device}.tls.{key} {path} cannot be read: {why}; name a file this user may read",
            device=device,
            key=key,
            path=str(path),
            why=str(error.strerror),
        )
    )
