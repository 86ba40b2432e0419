"""Starts the processes of a line, keeps them running, and leaves none behind."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from edge.parent import SUPERVISED

RESTART_AFTER_S = 0.25
STEADY_AFTER_S = 30.0
LONGEST_BACKOFF_S = 10.0
GRACE_S = 8.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Program:
    """A process to supervise: its name, what to run, and whether it is started again when it ends."""

    name: str
    command: tuple[str, ...]
    restart: bool = True


def verb(*words: str) -> tuple[str, ...]:
    """The command that runs a verb of this command line in another process."""
    return (sys.executable, "-m", "edge.cli", *words)


async def supervise(
    programs: Sequence[Program], *, until: asyncio.Event, on_start: Callable[[str, int], None] | None = None
) -> str | None:
    """Runs the programs until the event is set or a signal comes.

    What they print goes to standard error. A program that is not restarted ends them all when it ends.
    Returns that program's name, or None when all were stopped on purpose. `on_start` is told each program's
    name and process id.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, until.set)
    ended: list[str] = []
    try:
        async with asyncio.TaskGroup() as group:
            for program in programs:
                group.create_task(_keep(program, until, ended, on_start))
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    return ended[0] if ended else None


async def _keep(
    program: Program, until: asyncio.Event, ended: list[str], on_start: Callable[[str, int], None] | None
) -> None:
    loop = asyncio.get_running_loop()
    backoff = RESTART_AFTER_S
    while not until.is_set():
        started = loop.time()
        process = await asyncio.create_subprocess_exec(
            *program.command,
            start_new_session=True,
            stdout=sys.stderr,
            env=os.environ | {SUPERVISED: str(os.getpid())},
        )
        if on_start is not None:
            on_start(program.name, process.pid)
        stopping = asyncio.create_task(until.wait())
        exited = asyncio.create_task(process.wait())
        try:
            await asyncio.wait({stopping, exited}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            await _end(process)
        if until.is_set():
            return
        log.warning("process ended", process=program.name, code=process.returncode)
        if not program.restart:
            ended.append(program.name)
            until.set()
            return
        backoff = (
            RESTART_AFTER_S if loop.time() - started > STEADY_AFTER_S else min(2 * backoff, LONGEST_BACKOFF_S)
        )
        await _sleep_unless(until, backoff)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), GRACE_S)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _sleep_unless(until: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(until.wait(), seconds)
    except TimeoutError:
        return
