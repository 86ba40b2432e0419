"""The verbs as programs see them: one JSON object, and exit codes that mean something."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from edge.template import line_file
from tests.system.running import ENVIRONMENT, ROOT
from tests.unit.edge.test_line_file import MISTAKES


def jidoka(*words: str, says: str = "") -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "edge.cli", *words],
        cwd=ROOT,
        env=ENVIRONMENT,
        input=says,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def answer(*words: str, code: int = 0) -> dict[str, Any]:
    found, out, err = jidoka(*words, "--json")
    assert found == code, err
    parsed: dict[str, Any] = json.loads(out)
    return parsed


def test_a_new_line_is_written_once_and_found_without_mistakes(tmp_path: Path) -> None:
    path = answer("init", str(tmp_path / "line"))["file"]
    assert jidoka("init", str(tmp_path / "line"))[0] == 1
    assert answer("check", path, "--no-probe")["ok"] is True


def test_check_names_every_mistake_with_line_and_mend(tmp_path: Path) -> None:
    text = line_file()
    for right, wrong, _, _ in MISTAKES:
        text = text.replace(right, wrong, 1)
    path = tmp_path / "LINE.yaml"
    path.write_text(text, encoding="utf-8")
    mistakes = answer("check", str(path), code=1)["mistakes"]
    assert len(mistakes) == len(MISTAKES)
    assert all(mistake["line"] > 0 and mistake["problem"] for mistake in mistakes)
    code, out, err = jidoka("check", str(path))
    assert (code, out) == (1, "")
    assert err.count(f"{path}:") == len(MISTAKES)


def test_equipment_that_does_not_answer_is_named(tmp_path: Path) -> None:
    path = tmp_path / "LINE.yaml"
    path.write_text(line_file(plc_host="127.0.0.1", plc_port="1", gauge_port="1"), encoding="utf-8")
    probes = answer("check", str(path), code=1)["probes"]
    failed = {probe["device"] for probe in probes if not probe["ok"]}
    assert {"plc 127.0.0.1:1 unit 1", "gauge 127.0.0.1:1 unit 1", "camera face"} <= failed


def test_the_shipped_bundles_are_whole(tmp_path: Path) -> None:
    bundles = answer("models", "list")["bundles"]
    assert {bundle["bundle"] for bundle in bundles} == {"builtin:beam-forecast", "builtin:beam-surface"}
    for bundle in bundles:
        assert bundle["bytes"] < 5_000_000
        assert answer("models", "verify", bundle["bundle"])["ok"] is True
        assert "Apache-2.0" in answer("models", "show", bundle["bundle"])["card"]
    assert answer("models", "verify", str(tmp_path), code=1)["ok"] is False


def test_an_empty_store_has_a_whole_ledger_a_report_and_a_backup(tmp_path: Path) -> None:
    path = answer("init", str(tmp_path / "line"))["file"]
    checked = answer("ledger", "verify", path)
    assert (checked["ok"], checked["entries"]) == (True, 0)
    assert answer("report", path) == {"defects": []}
    head = answer("backup", path, str(tmp_path / "copy"))["head"]
    assert jidoka("restore", path, str(tmp_path / "copy"))[0] == 1
    other = answer("init", str(tmp_path / "other"))["file"]
    assert answer("restore", other, str(tmp_path / "copy"))["head"] == head


def test_an_account_is_added_with_a_password_that_is_long_enough(tmp_path: Path) -> None:
    path = answer("init", str(tmp_path / "line"))["file"]
    assert jidoka("accounts", "add", path, "vera", "--role", "engineer", says="short\n")[0] == 1
    assert jidoka("accounts", "add", path, "vera", "--role", "engineer", says="correct horse\n")[0] == 0
    accounts = answer("accounts", "list", path)["accounts"]
    (vera,) = accounts
    assert (vera["name"], vera["display_name"], vera["role"]) == ("vera", "vera", "engineer")
    assert (vera["has_password"], vera["has_pin"], vera["disabled"]) == (True, False, False)


def test_wrong_usage_is_2_and_the_installation_is_sound() -> None:
    assert jidoka("demo", "--headless")[0] == 2
    assert jidoka("nothing")[0] == 2
    assert answer("doctor")["ok"] is True
