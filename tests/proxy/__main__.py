"""Runs a bad network as a process of its own: prints its port, and on SIGTERM what it did, each as a JSON line."""

import argparse
import asyncio
import json
import signal
import sys

from tests.proxy.network import BadNetwork


async def run(network: BadNetwork) -> None:
    """Until SIGTERM."""
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    say({"port": await network.start()})
    await told.wait()
    say({"frames": network.frames, "faults": dict(network.faults.most_common())})


def say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.proxy", description=__doc__)
    parser.add_argument("--server-port", type=int, required=True)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--patience-s", type=float, default=0.5)
    asked = parser.parse_args()
    asyncio.run(run(BadNetwork(asked.server_port, asked.seed, asked.share, asked.patience_s)))


if __name__ == "__main__":
    main()
