"""`jidoka check --plc`: what it says and how it ends, before and without a PLC."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from edge.claim import claim
from edge.cli import app
from edge.line_file import read_line_file
from edge.template import line_file


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A line whose PLC is not there."""
    path = tmp_path / "LINE.yaml"
    path.write_text(line_file(plc_host="127.0.0.1", plc_port="1"), encoding="utf-8")
    return path


def check(path: Path, *options: str, says: str = "") -> Result:
    return CliRunner().invoke(app, ["check", str(path), "--plc", *options], input=says)


@pytest.mark.parametrize("says", ["", "\n", "n\n"])
def test_without_a_yes_nothing_is_done(path: Path, says: str) -> None:
    done = check(path, says=says)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "nobody at the gate? [y/N]" in done.stderr
    assert "Nothing was done." in done.stderr


@pytest.mark.parametrize(("options", "says"), [(["--yes"], ""), ([], "y\n"), (["--no-parts"], "")])
def test_a_plc_that_is_not_there_fails_the_first_check_and_skips_the_rest(
    path: Path, options: list[str], says: str
) -> None:
    done = check(path, *options, says=says)
    assert done.exit_code == 1
    first, *rest, last = done.stdout.splitlines()
    assert first.startswith("fail     1.1")
    assert "no connection" in first
    assert "Mend: check that it is on, and plc.host and plc.port" in first
    assert all(line.startswith("skipped") for line in rest)
    assert last == "line-1, block profile: 0 passed, 1 failed, 46 skipped."


def test_for_a_program_the_sheet_is_one_object(path: Path) -> None:
    done = check(path, "--yes", "--json")
    sheet = json.loads(done.stdout)
    assert done.exit_code == 1
    assert (sheet["ok"], sheet["left"]) == (False, [])
    assert sheet["counts"] == {"pass": 0, "fail": 1, "skipped": 46}
    assert sheet["checks"][0].keys() == {"number", "rule", "title", "outcome", "seen", "mend"}


def test_while_another_process_has_the_plc_it_is_not_asked(path: Path) -> None:
    with claim(read_line_file(path), "jidoka edge"):
        done = check(path, "--yes")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "jidoka edge (process" in done.stderr
