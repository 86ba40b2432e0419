"""Starts the edge process many times quickly: each is a fork of a process that has done its imports already.

What runs is `jidoka edge`, a process of its own with its own store, models and cameras; only the seconds of
importing are saved. Run as a program this is the process that forks: it reads one request a line,
`[LINE.yaml, LOG]` as JSON, and answers with the new process's id.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

from tests.system.running import ENVIRONMENT, ROOT

PR_SET_PDEATHSIG = 1


class Forked:
    """A process that this one did not start itself; as much of a Popen as is used."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """None while it runs."""
        return 0 if select.select([self._handle], [], [], 0)[0] else None

    def kill(self) -> None:
        """Kill -9; returns once it is gone."""
        signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        select.select([self._handle], [], [])

    def close(self) -> None:
        os.close(self._handle)


class WarmStart:
    """Forks edge processes; all of them end with it."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.system.warm"],
            cwd=ROOT,
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def edge(self, line_file: Path, log: Path) -> Forked:
        """`jidoka edge LINE.yaml`, which writes its log there."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        log.touch()
        self._server.stdin.write(json.dumps([str(line_file), str(log)]) + "\n")
        self._server.stdin.flush()
        return Forked(int(self._server.stdout.readline()))

    def close(self) -> None:
        """Ends everything it started."""
        self._server.communicate()


def serve() -> None:
    """Forks for each request until there are no more."""
    import edge.app
    import edge.cli

    assert edge.app
    # Nobody waits for what is killed.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for request in sys.stdin:
        line_file, log = json.loads(request)
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            words = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            nothing = os.open(os.devnull, os.O_RDONLY)
            for standard, wanted in enumerate((nothing, words, words)):
                os.dup2(wanted, standard)
            sys.argv = ["jidoka", "edge", line_file]
            edge.cli.main()
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
