"""Canaries: secrets that go through the station in service, and are looked for in its logs and its answers."""

import base64
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from records.database import Database
from records.pictures import Pictures
from records.review_records import ReviewRecords
from review_api.settings import ReviewSettings, SingleSignOn, TlsFiles
from tests.unit.review_api.conftest import CHEAP, LINE, PLAN, STATION, Store, ZoneInfo
from tests.unit.review_api.test_auth_matrix import MAY, OPEN, SIGNED_IN, address_of

SESSION = "/api/v1/session"
PIN = "73918465"
PASSWORD = "canary-password-Xq7"
OIDC_SECRET = "canary-oidc-secret-Xq7"
STATION_SECRET = b"canary-of-the-stations-secret-Xq7"
LEDGER_KEY = b"canary-of-the-ledgers-key-Xq7-32"
PROCESS = """
import logging, sys
from pathlib import Path
from edge.logs import set_up_logs
set_up_logs(logging.DEBUG)
logging.getLogger().setLevel(logging.DEBUG)
from quality.plan import Role
from records.database import Database
from records.pictures import Pictures
from records.review_records import ReviewRecords
from review_api.serve import serve
from review_api.settings import ReviewSettings, SingleSignOn
from tests.unit.review_api.conftest import LINE, PLAN, STATION, ZoneInfo
from tests.unit.review_api.test_secrets_unseen import LEDGER_KEY, OIDC_SECRET, STATION_SECRET
folder, port = Path(sys.argv[1]), int(sys.argv[2])
database = Database.open(f"sqlite:///{folder / 'jidoka.db'}", ledger_key=LEDGER_KEY, checkpoint=False)
plant = SingleSignOn("Plant", "http://127.0.0.1:9", "jidoka", OIDC_SECRET, {"quality": Role.ENGINEER})
zone = ZoneInfo("Europe/Berlin")
settings = ReviewSettings(
    LINE, STATION, zone, PLAN, folder, STATION_SECRET, "127.0.0.1", port, single_sign_on=plant
)
serve(settings, ReviewRecords(database, Pictures(folder / "frames")))
"""

Station = tuple[str, Path, "subprocess.Popen[bytes]"]
"""Address, log and process."""


def _forms(secret: bytes) -> set[str]:
    """How somebody might write a secret without meaning to."""
    return {
        secret.decode(),
        secret.hex(),
        base64.b64encode(secret).decode(),
        base64.urlsafe_b64encode(secret).decode(),
    }


@pytest.fixture
def station(store: Store, tmp_path: Path) -> Iterator[Station]:
    account = store.review.account("engineer")
    assert account is not None
    store.review.save_account(replace(account, pin_hash=CHEAP.hash(PIN), password_hash=CHEAP.hash(PASSWORD)))
    store.make_part()
    store.show_line()
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    said = tmp_path / "said.txt"
    with said.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(tmp_path), str(port)], stdout=log, stderr=subprocess.STDOUT
        )
    address = f"http://127.0.0.1:{port}"
    for _ in range(1200):
        try:
            httpx.get(f"{address}/livez")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            break
    yield address, said, process
    process.kill()
    process.wait()


def _try_in_vain(client: httpx.Client) -> None:
    """Everything wrong that one can do with a secret at the door."""
    for name in ("nobody", "it"):
        client.post(SESSION, json={"name": name, "password": PASSWORD})
    client.post(SESSION, json={"name": PASSWORD, "password": PASSWORD})
    client.post(SESSION, json={"password": PASSWORD})
    client.post(SESSION, json={"name": 1, "password": PASSWORD})
    client.post(SESSION, json={"name": "engineer", "password": PASSWORD * 100})
    client.post(SESSION, content=f'{{"name": "engineer", "password": "{PASSWORD}'.encode())
    client.post("/sign-in", data={"name": "nobody", "password": PIN})
    client.post("/sign-in", data={"name": "x" * 200, "password": PIN})
    client.get("/api/v1/inspections", auth=("it", PASSWORD))
    client.get("/sign-in/plant")


def test_no_secret_is_in_a_log_or_an_answer(station: Station, store: Store) -> None:
    address, said, process = station
    answers: list[str] = []
    secrets = {PIN, PASSWORD, OIDC_SECRET} | _forms(STATION_SECRET) | _forms(LEDGER_KEY)

    def heard(response: httpx.Response) -> None:
        response.read()
        answers.append(f"{response.request.url}: {dict(response.headers)} {response.text}")

    with httpx.Client(base_url=address, timeout=30, event_hooks={"response": [heard]}) as client:
        _try_in_vain(client)
        # Signed in from here on; the one answer that gives a cookie or a token is left out of what is searched.
        for secret in (PASSWORD, PIN):
            token = client.post(SESSION, json={"name": "engineer", "password": secret}).json()["csrf"]
            secrets.add(str(client.cookies["jidoka_session"]))
            answers.pop()
        headers = {"X-CSRF-Token": token}
        client.put(f"{SESSION}/secret", json={"old": PIN, "new": PASSWORD[:4]}, headers=headers)
        client.put(f"{SESSION}/secret", json={"old": "wrong", "new": PASSWORD + "!"}, headers=headers)
        client.post("/me/secret", data={"csrf": token, "old": PIN, "new": PASSWORD, "again": "other"})
        client.post("/api/v1/signatures", json={"secret": PIN}, headers=headers)
        client.post("/api/v1/signatures", content=PIN.encode(), headers=headers)
        for route in sorted(route for route, who in MAY.items() if who in {OPEN, SIGNED_IN}):
            method, path = route.split()
            if method == "GET" and path != "/api/v1/events":
                client.get(address_of(path))
        admin = client.post(SESSION, json={"name": "admin", "password": "admin-access"}).json()["csrf"]
        answers.pop()
        headers = {"X-CSRF-Token": admin}
        made = client.post("/api/v1/tokens", json={"title": "reports"}, headers=headers).json()
        given = client.post("/api/v1/accounts", json={"name": "vera", "role": "engineer"}, headers=headers).json()
        del answers[-2:]
        secrets |= {str(made["text"]), str(given["one_time_secret"]), str(client.cookies["jidoka_session"])}
        for path in ("/api/v1/tokens", "/api/v1/accounts", "/admin", "/admin/tokens", "/admin/devices", "/line"):
            client.get(path)
        client.get("/api/v1/inspections", headers={"authorization": f"Bearer {made['text']}"})
        # A failure that nobody expected says no more.
        with closing(sqlite3.connect(store.database.path)) as beside:
            beside.execute("ALTER TABLE decisions RENAME TO gone")
            beside.commit()
        assert client.get("/api/v1/decisions").status_code == 500
    # What failed is told of after it was answered.
    process.terminate()
    process.wait(30)
    log = said.read_text()
    assert "wrong secret" in log
    assert "Traceback" in log
    assert len(answers) > 40
    for secret in secrets:
        assert secret not in log
        assert [answer for answer in answers if secret in answer] == []


def test_no_secret_is_in_what_objects_say_of_themselves(tmp_path: Path, store: Store) -> None:
    plant = SingleSignOn("Plant", "https://plant.example", "jidoka", OIDC_SECRET, {})
    tls = TlsFiles(tmp_path / "a", tmp_path / "b")
    zone = ZoneInfo("UTC")
    settings = ReviewSettings(LINE, STATION, zone, PLAN, tmp_path, STATION_SECRET, single_sign_on=plant, tls=tls)
    database = Database.open(f"sqlite:///{tmp_path / 'other.db'}", ledger_key=LEDGER_KEY, checkpoint=False)
    records = ReviewRecords(database, Pictures(tmp_path))
    said = " ".join(map(repr, (settings, plant, database, records, vars(records), store)))
    database.close()
    for secret in {OIDC_SECRET} | _forms(STATION_SECRET) | _forms(LEDGER_KEY):
        assert secret not in said
