"""`jidoka accounts`, the first start, and what LINE.yaml says about signing in."""

import json
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from typer.testing import CliRunner

from edge.cli import app
from edge.line_file import LineFileError, read_line_file
from edge.review import StationFault, _single_sign_on
from edge.store import open_database
from edge.template import line_file
from quality.plan import Role
from records.pictures import Pictures
from records.review_records import ReviewRecords
from review_api.seeding import FIRST_ADMIN, make_first_admin

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def line(tmp_path: Path) -> Path:
    path = tmp_path / "LINE.yaml"
    path.write_text(line_file(), encoding="utf-8")
    return path


def accounts(verb: str, line: Path, *words: str, says: str = "", code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["accounts", verb, str(line), *words, "--json"], input=says)
    assert done.exit_code == code, done.output
    return dict(json.loads(done.stdout)) if code == 0 else {"error": done.stderr}


def test_accounts_are_added_listed_and_switched_off(line: Path) -> None:
    accounts("add", line, "vera", "--role", "engineer", "--badge", "0042", says="2846\n")
    accounts("add", line, "ida", "--role", "admin", says="correct horse\n")
    assert "A PIN is too little" in accounts("add", line, "ben", "--role", "it", says="2846\n", code=1)["error"]
    assert "Choose a PIN" in accounts("add", line, "ben", "--role", "operator", says="short\n", code=1)["error"]
    taken = accounts("add", line, "ben", "--role", "operator", "--badge", "0042", says="2846\n", code=1)
    assert "The badge 0042 is vera's" in taken["error"]
    assert accounts("disable", line, "vera") == {"name": "vera", "disabled": True}
    ida, vera = accounts("list", line)["accounts"]
    assert (ida["has_pin"], ida["has_password"], ida["disabled"]) == (False, True, False)
    assert (vera["has_pin"], vera["has_password"], vera["disabled"], vera["badge"]) == (True, False, True, "0042")
    assert "only one who can give access" in accounts("disable", line, "ida", code=1)["error"]
    assert "There is no account" in accounts("disable", line, "nobody", code=1)["error"]
    assert accounts("enable", line, "vera")["disabled"] is False
    accounts("add", line, "vera", "--role", "supervisor", says="a longer secret\n")
    vera = accounts("list", line)["accounts"][1]
    assert (vera["role"], vera["badge"], vera["has_pin"], vera["has_password"]) == (
        "supervisor",
        "0042",
        False,
        True,
    )


def test_the_first_start_makes_an_admin_who_has_to_choose_a_password(line: Path) -> None:
    settings = read_line_file(line)
    database = open_database(settings, checkpoint=False)
    try:
        records = ReviewRecords(database, Pictures(settings.store.frames))
        password = make_first_admin(records, CHEAP)
        account = records.account(FIRST_ADMIN)
        assert make_first_admin(records, CHEAP) is None
    finally:
        database.close()
    assert account is not None
    assert (account.role, account.must_change, account.pin_hash) == (Role.ADMIN, True, None)
    assert password is not None
    assert CHEAP.verify(str(account.password_hash), password)


SIGN_ON = """
  single_sign_on:
    issuer: {issuer}
    client_id: jidoka
    client_secret_file: keys/oidc.secret
    roles: {{quality: engineer}}
"""


def _with(line: Path, review: str) -> Path:
    line.write_text(
        line.read_text().replace("\nreview:\n", f"\nreview:\n{review.strip(chr(10))}\n"), encoding="utf-8"
    )
    return line


def test_files_for_signing_in_are_taken_from_the_folder_of_the_file(line: Path) -> None:
    tls = "  tls: {certificate: tls/station.pem, key: tls/station.key}\n"
    settings = read_line_file(_with(line, tls + SIGN_ON.format(issuer="https://plant.example"))).review
    assert settings.tls is not None
    assert settings.tls.certificate == line.parent / "tls/station.pem"
    assert settings.single_sign_on is not None
    with pytest.raises(StationFault, match=r"oidc\.secret cannot be read: .*; put the client's secret into it"):
        _single_sign_on(settings.single_sign_on)
    secret = line.parent / "keys/oidc.secret"
    secret.parent.mkdir()
    secret.write_text("hush\n")
    plant = _single_sign_on(settings.single_sign_on)
    assert plant is not None
    assert (plant.client_secret, plant.roles) == ("hush", {"quality": Role.ENGINEER})
    assert "hush" not in repr(plant)


def test_a_provider_without_tls_is_refused(line: Path) -> None:
    with pytest.raises(LineFileError, match="is not reached over TLS"):
        read_line_file(_with(line, SIGN_ON.format(issuer="http://plant.example")))
