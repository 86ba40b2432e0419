"""Ports for processes that are going to listen, chosen before they start."""

import random
import socket
from typing import Final

RANGE: Final = range(20_000, 32_000)
"""Below the ports that Linux gives to connections going out, one of which would otherwise take one just found."""


def free_ports(count: int) -> list[int]:
    """So many different ports that nothing on this machine listens on now, at random."""
    found: list[int] = []
    for port in random.SystemRandom().sample(RANGE, len(RANGE)):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        found.append(port)
        if len(found) == count:
            break
    return found
