"""The station behind TLS: on a real socket, with a certificate of a CA made as docs/tls.md says."""

import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from review_api.settings import TlsFiles
from review_api.tls import CertificateFault, server_context
from tests.unit.review_api.conftest import Store

STATION = """
import sys
from pathlib import Path
from records.database import Database
from records.pictures import Pictures
from records.review_records import ReviewRecords
from review_api.serve import serve
from review_api.settings import ReviewSettings, TlsFiles
from tests.unit.review_api.conftest import LINE, PLAN, STATION, ZoneInfo
folder, port = Path(sys.argv[1]), int(sys.argv[2])
database = Database.open(f"sqlite:///{folder / 'jidoka.db'}", ledger_key=b"k" * 32, checkpoint=False)
tls = TlsFiles(folder / "station.pem", folder / "station.key")
zone = ZoneInfo("Europe/Berlin")
settings = ReviewSettings(LINE, STATION, zone, PLAN, folder, b"s" * 32, "127.0.0.1", port, tls=tls)
serve(settings, ReviewRecords(database, Pictures(folder / "frames")))
"""
DOCUMENT = Path(__file__).parents[3] / "docs" / "tls.md"


def _commands(section: str) -> str:
    """The commands that docs/tls.md gives under that heading."""
    text = DOCUMENT.read_text(encoding="utf-8").partition(f"## {section}\n")[2]
    return text.partition("```sh\n")[2].partition("```")[0]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA and a station's certificate, made by the documented commands themselves."""
    folder = tmp_path_factory.mktemp("tls")
    for section in ("A CA of your own", "The station's certificate"):
        commands = _commands(section)
        assert "openssl" in commands
        subprocess.run(["bash", "-euc", commands], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def address(store: Store, certificates: Path, tmp_path: Path) -> Iterator[str]:
    del store  # only its file is needed
    for name in ("station.pem", "station.key"):
        (tmp_path / name).write_bytes((certificates / name).read_bytes())
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen(
        [sys.executable, "-c", STATION, str(tmp_path), str(port)], stdout=subprocess.DEVNULL
    )
    for _ in range(1200):
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield f"127.0.0.1:{port}"
    process.kill()
    process.wait()


def test_a_tablet_that_trusts_the_ca_reads_and_signs_in_over_tls(address: str, certificates: Path) -> None:
    trusted = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    with httpx.Client(verify=trusted, base_url=f"https://{address}", timeout=20) as client:
        assert client.get("/livez").status_code == 200
        answer = client.post("/api/v1/session", json={"name": "engineer", "password": "2580"})
        cookies = answer.headers.get_list("set-cookie")
        assert len(cookies) == 2
        for cookie in cookies:
            assert cookie.startswith("__Host-")
            assert "; secure" in cookie.lower()
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        assert client.get("/api/v1/session").json()["name"] == "engineer"
        with client.stream("GET", "/api/v1/events") as stream:
            assert next(stream.iter_lines()) is not None
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"https://{address}/livez")
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://{address}/livez")
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with pytest.warns(DeprecationWarning, match="TLSVersion"):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"https://{address}/livez", verify=old)


def test_what_is_wrong_with_the_files_is_said_with_the_mend(certificates: Path, tmp_path: Path) -> None:
    certificate, key = certificates / "station.pem", certificates / "station.key"
    locked = tmp_path / "locked.key"
    subprocess.run(
        ["openssl", "pkey", "-in", str(key), "-aes256", "-passout", "pass:x", "-out", str(locked)],
        check=True,
        capture_output=True,
    )
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nothing")
    for files, says in (
        (TlsFiles(tmp_path / "absent.pem", key), r"review\.tls\.certificate .*absent\.pem cannot be read"),
        (TlsFiles(certificate, tmp_path / "absent.key"), r"review\.tls\.key .*absent\.key cannot be read"),
        (TlsFiles(certificate, certificates / "ca.key"), "does not fit"),
        (TlsFiles(certificate, locked), "locked by a password"),
        (TlsFiles(nonsense, key), "is no PEM file"),
    ):
        with pytest.raises(CertificateFault, match=says):
            server_context(files)
