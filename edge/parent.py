"""Ties a process to its parent, so that none is left behind when the parent is killed."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
SUPERVISED = "JIDOKA_SUPERVISOR"


def die_with_supervisor() -> None:
    """Asks the kernel to end this process with the supervisor that started it, if one did (Linux only)."""
    supervisor = os.environ.get(SUPERVISED)
    if supervisor is None or sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(supervisor):
        sys.exit("The supervisor ended before this process had started.")
