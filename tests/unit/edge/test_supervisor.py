"""Processes are kept running, and none is left behind."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from edge.supervisor import Program, supervise

SLEEPS = (sys.executable, "-c", "import time; time.sleep(60)")
ENDS = (sys.executable, "-c", "raise SystemExit(3)")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_when_one_that_is_not_restarted_ends_all_end() -> None:
    pids: dict[str, int] = {}
    programs = [Program("sleeper", SLEEPS, restart=False), Program("ender", ENDS, restart=False)]
    ended = await supervise(programs, until=asyncio.Event(), on_start=pids.__setitem__)
    assert ended == "ender"
    assert not alive(pids["sleeper"])


async def test_one_that_is_killed_is_started_again() -> None:
    starts: list[int] = []
    until = asyncio.Event()

    def started(_name: str, pid: int) -> None:
        starts.append(pid)
        if len(starts) == 1:
            os.kill(pid, signal.SIGKILL)
        else:
            until.set()

    assert await supervise([Program("sleeper", SLEEPS)], until=until, on_start=started) is None
    assert len(starts) == 2
    assert not any(alive(pid) for pid in starts)


async def test_a_signal_ends_everything() -> None:
    pids: dict[str, int] = {}

    def started(name: str, pid: int) -> None:
        pids[name] = pid
        if len(pids) == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    programs = [Program("one", SLEEPS), Program("two", SLEEPS)]
    assert await supervise(programs, until=asyncio.Event(), on_start=started) is None
    assert not any(alive(pid) for pid in pids.values())


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
async def test_a_killed_supervisor_takes_its_processes_along(tmp_path: Path) -> None:
    child = (
        "import time; from edge.parent import die_with_supervisor as d; d(); print(1, flush=True); time.sleep(60)"
    )
    told = tmp_path / "pid"
    supervisor = f"""
import asyncio, sys
from pathlib import Path
from edge.supervisor import Program, supervise
command = (sys.executable, "-c", {child!r})
told = lambda name, pid: Path({str(told)!r}).write_text(str(pid))
asyncio.run(supervise([Program("child", command)], until=asyncio.Event(), on_start=told))
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", supervisor, stderr=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert process.stderr is not None
    assert await asyncio.wait_for(process.stderr.readline(), 20) == b"1\n"
    process.kill()
    await process.wait()
    pid = int(told.read_text())
    async with asyncio.timeout(10):
        while alive(pid):  # noqa: ASYNC110 - another process, no event to wait for
            await asyncio.sleep(0.02)
