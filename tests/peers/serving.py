"""Servers that are none of ours, as processes, and a serial line between two paths."""

import asyncio
import os
import socket
import subprocess
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self


@contextmanager
def served(command: Sequence[str], environment: dict[str, str]) -> Iterator[None]:
    """The server's process, once it has said that it is ready."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | environment)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n", f"{command[0]} did not start"
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        port: int = opened.getsockname()[1]
    return port


class SerialLine:
    """Two pseudo terminals, joined: what is written to one end is read at the other. Needs a running loop."""

    def __init__(self) -> None:
        self._ends = (os.openpty(), os.openpty())
        for _, slave in self._ends:
            tty.setraw(slave)

    @property
    def paths(self) -> tuple[str, str]:
        """The two ends."""
        (_, one), (_, other) = self._ends
        return os.ttyname(one), os.ttyname(other)

    async def __aenter__(self) -> Self:
        (one, _), (other, _) = self._ends
        loop = asyncio.get_running_loop()
        loop.add_reader(one, lambda: os.write(other, os.read(one, 4096)))
        loop.add_reader(other, lambda: os.write(one, os.read(other, 4096)))
        return self

    async def __aexit__(self, *_: object) -> None:
        for master, slave in self._ends:
            asyncio.get_running_loop().remove_reader(master)
            os.close(master)
            os.close(slave)
