"""Disks that can be filled, or fail to sync, under a real line; each says why where it cannot be had."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

STEP = 64 * 1024
ATTACHED_WITHIN_S = 10


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of that size, mounted there."""
    folder.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mounting, check=False, capture_output=True).returncode != 0:
        pytest.skip("a small disk needs the right to mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


class Ballast:
    """Somebody else's file on that disk."""

    def __init__(self, disk: Path) -> None:
        self._file = disk / "somebody-elses"

    def fill(self) -> None:
        """Takes all the room there is."""
        with self._file.open("ab", buffering=0) as file:
            for size in (STEP, 4096):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError:
                    continue

    def remove(self) -> None:
        self._file.unlink()


@contextmanager
def syncs_fail(process: int) -> Iterator[None]:
    """Every fsync and fdatasync of that process answers EIO, as a dying disk does."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("failing syncs need strace (Debian package strace)")
    fault = "inject=fsync,fdatasync:error=EIO"
    words = [strace, "-f", "-p", str(process), "-e", "trace=fsync,fdatasync", "-e", fault, "-o", "/dev/null"]
    tracing = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + ATTACHED_WITHIN_S
        while not _traced(process):
            if tracing.poll() is not None or time.monotonic() > deadline:
                pytest.skip("failing syncs need the right to trace another process (ptrace)")
            time.sleep(0.01)
        yield
    finally:
        tracing.terminate()
        tracing.communicate(timeout=10)


def _traced(process: int) -> bool:
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
    return "TracerPid:\t0\n" not in status
