"""Peers that are none of ours, fetched or built for the session; what is not to be had is skipped and said."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.conftest import make_line

__all__ = ["make_line"]

HERE = Path(__file__).parent
Done = subprocess.CompletedProcess[str]
FETCH_WITHIN_S = 120


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """modbus-serial as the lock file has it, in a folder of its own; none of its install scripts is run."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed: no peer from npm")
    folder = tmp_path_factory.mktemp("npm")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(
            command, check=False, cwd=folder, capture_output=True, text=True, timeout=FETCH_WITHIN_S
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm could not fetch modbus-serial within {FETCH_WITHIN_S} s")
    if done.returncode:
        pytest.skip(f"npm could not fetch modbus-serial: {done.stderr.strip().splitlines()[:1]}")
    return folder / "node_modules"


@pytest.fixture(scope="session")
def libmodbus_plc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """plc.c as a program, with the libmodbus of this machine."""
    compiler = shutil.which("cc")
    if compiler is None or not Path("/usr/include/modbus/modbus.h").exists():
        pytest.skip("a C compiler and libmodbus-dev are not installed: no libmodbus server")
    program = tmp_path_factory.mktemp("libmodbus") / "plc"
    command = [compiler, "-std=gnu11", "-Wall", "-Werror", "-I/usr/include/modbus", str(HERE / "plc.c")]
    subprocess.run([*command, "-lmodbus", "-o", str(program)], check=True, timeout=60)
    return program


@pytest.fixture(scope="session")
def mbpoll() -> Callable[..., Done]:
    """Runs mbpoll once; addresses count from 0."""
    program = shutil.which("mbpoll")
    if program is None:
        pytest.skip("mbpoll is not installed")

    def run(port: int, start: int, *options: str, write: tuple[int, ...] = ()) -> Done:
        command = [program, "-m", "tcp", "-0", "-1", "-a", "1", "-p", str(port), "-r", str(start), *options]
        command += ["127.0.0.1", *map(str, write)]
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=10)

    return run
