"""The station's own TLS: its certificate is read at the start, and what is wrong with it is said by its file."""

import ssl
from typing import NoReturn

from review_api.settings import TlsFiles


class CertificateFault(Exception):  # noqa: N818 - it says what is at fault
    """The station cannot show its certificate: says which file stands in the way, and the mend."""


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """TLS 1.2 or newer with that certificate. Raises CertificateFault."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for key, path in (("certificate", files.certificate), ("key", files.key)):
        try:
            path.open("rb").close()
        except OSError as error:
            raise CertificateFault(
                f"review.tls.{key} {path} cannot be read: {error.strerror}; name a file that this user may read."
            ) from error
    try:
        context.load_cert_chain(files.certificate, files.key, password=_no_password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise CertificateFault(
                f"review.tls.key {files.key} does not fit review.tls.certificate {files.certificate}; name the key"
                " that the certificate was made for."
            ) from error
        raise CertificateFault(
            f"review.tls.certificate {files.certificate} or review.tls.key {files.key} is no PEM file"
            f" ({error.reason}); name a certificate and its key as PEM."
        ) from error
    except ValueError as error:
        raise CertificateFault(
            f"review.tls.key {files.key} is locked by a password; store it without one, readable by this user"
            " alone."
        ) from error
    return context


def _no_password() -> NoReturn:
    raise ValueError("the station starts by itself; nobody is there to type a password")
