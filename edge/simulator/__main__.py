"""Runs the simulated line as a process of its own; prints its ports as one JSON line once it is ready.

Ends on SIGTERM or SIGINT with exit code 0.
"""

import argparse
import asyncio
import ctypes
import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

import cv2

from edge.simulator.certificates import NoOpenssl
from edge.simulator.line import SimulatedLine, Wish

PR_SET_PDEATHSIG: Final = 1
SWITCH_S: Final = 0.0005
"""The thread that draws gives way to the Modbus servers that soon, in seconds."""


def main() -> None:
    """Reads the command line and runs the line until it is told to end."""
    parser = argparse.ArgumentParser(prog="python -m edge.simulator", description="A simulated production line.")
    for port in ("plc", "gauge", "machine", "camera"):
        parser.add_argument(f"--{port}-port", type=int, default=0, help="0 chooses one")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--takt", type=float, default=4.0, help="seconds; 0: as fast as verdicts come")
    parser.add_argument("--lane", type=int, default=12, help="places in the hold lane")
    parser.add_argument("--parts", type=int, help="how many to make; without it, without end")
    parser.add_argument("--warm-parts", type=int, default=0, help="so many first parts come without takt")
    parser.add_argument("--profile", choices=("block", "coils"), default="block")
    parser.add_argument("--gauge-seconds", type=float, default=2.0)
    parser.add_argument("--wire", choices=("tcp", "tls", "rtu"), default="tcp")
    parser.add_argument(
        "--folder", type=Path, help="for rtu and tls: where to put plc.tty and devices.tty, or the certificates"
    )
    parser.add_argument("--camera-trigger", choices=("free", "hardware"), default="free")
    parser.add_argument("--one-connection", action="store_true", help="the PLC takes one client at a time")
    parser.add_argument("--with-parent", action="store_true", help="end when the process that started it ends")
    asked = parser.parse_args()
    if asked.with_parent:
        die_with_parent()
    if asked.wire != "tcp" and asked.folder is None:
        parser.error(f"--wire {asked.wire} needs --folder")
    cv2.setNumThreads(1)
    sys.setswitchinterval(SWITCH_S)
    wish = Wish(
        seed=asked.seed,
        takt_s=asked.takt,
        lane_places=asked.lane,
        parts=asked.parts,
        warm_parts=asked.warm_parts,
        profile=asked.profile,
        gauge_s=asked.gauge_seconds,
        plc_port=asked.plc_port,
        gauge_port=asked.gauge_port,
        machine_port=asked.machine_port,
        camera_port=asked.camera_port,
        wire=asked.wire,
        folder=asked.folder,
        camera_trigger=asked.camera_trigger,
        one_connection=asked.one_connection,
    )
    try:
        asyncio.run(run(wish))
    except NoOpenssl as missing:
        raise SystemExit(str(missing)) from missing


async def run(wish: Wish) -> None:
    """Runs that line until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    line = SimulatedLine(wish)
    ports = await line.start()
    sys.stdout.write(json.dumps(asdict(ports)) + "\n")
    sys.stdout.flush()
    ending = loop.create_task(told.wait())
    working = loop.create_task(line.failed())
    try:
        await asyncio.wait([ending, working], return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        ending.cancel()
        await line.stop()


def die_with_parent() -> None:
    """Asks Linux to send SIGTERM to this process when its parent ends; elsewhere it changes nothing."""
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        raise SystemExit("The process that started the simulated line has ended already.")


if __name__ == "__main__":
    main()
