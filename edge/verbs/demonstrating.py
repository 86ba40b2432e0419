"""`jidoka demo`: a simulated line, edge and review station, with nothing to configure."""

import asyncio
import shutil
import socket
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Annotated

import typer

from edge.answers import NOT_SO, fail, print_json, print_line, print_table, progress
from edge.demo_wires import DemoWire, reach
from edge.free_ports import free_ports
from edge.line_file import read_line_file
from edge.supervisor import Program, supervise, verb
from edge.template import line_file

PORTS = ("plc", "gauge", "camera")
WIRE_FOLDER = "wire"
"""Beside LINE.yaml: the serial lines and the certificates of a demo over RTU or TLS."""
EVERY_PART_HELD = 1_000_000
"""Places in the hold lane where nobody decides."""
WARM_PARTS = 60
"""Parts that a shown demo has made when one first looks: a history to forecast from, and parts to decide on."""
LOOK_EVERY_S = 0.2
STALLED_AFTER_S = 60.0


def demo(
    parts: Annotated[int, typer.Option(min=0, help="Make this many parts (0: until stopped).")] = 0,
    seed: Annotated[int, typer.Option(help="Which history the simulated line has.")] = 7,
    takt: Annotated[
        float, typer.Option(min=0, help="Seconds between parts; 0 is as fast as verdicts come.")
    ] = 3.0,
    host: Annotated[
        str, typer.Option(help="Where the review station listens; 0.0.0.0 lets a tablet in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Its port; 0 chooses one.")] = 8080,
    folder: Annotated[
        Path | None, typer.Option("--keep", metavar="DIR", help="Keep the line's records in this folder.")
    ] = None,
    recording: Annotated[
        Path | None, typer.Option("--record", metavar="DIR", help="Write a recording of the line and exit.")
    ] = None,
    frames: Annotated[bool, typer.Option(help="With --record: write pictures too.")] = True,
    defect_share: Annotated[
        float, typer.Option(min=0, max=1, help="With --record: the share of faces with a defect.")
    ] = 0.03,
    headless: Annotated[
        bool, typer.Option("--headless", help="Run the parts at full speed with nobody deciding, score, and exit.")
    ] = False,
    wire: Annotated[
        DemoWire, typer.Option(help="How the simulated PLC is reached: Modbus TCP, RTU, or TLS.")
    ] = DemoWire.TCP,
    as_json: Annotated[bool, typer.Option("--json", help="Answer with one JSON object.")] = False,
) -> None:
    """Shows a simulated line being inspected, held, reviewed and released."""
    if recording is not None:
        _record(recording, parts or 500, seed, defect_share, frames=frames, as_json=as_json)
        return
    if headless and parts == 0:
        raise typer.BadParameter("--headless needs --parts N")
    kept = folder is not None
    place = folder or Path(tempfile.mkdtemp(prefix="jidoka-demo-"))
    try:
        if headless:
            _run_headless(place, parts, seed, wire, as_json=as_json)
        else:
            _run_shown(place, parts, seed, takt, host, port, wire)
    finally:
        if not kept:
            shutil.rmtree(place, ignore_errors=True)


def _record(folder: Path, parts: int, seed: int, defect_share: float, *, frames: bool, as_json: bool) -> None:
    from edge.simulator.recording import write_recording

    if folder.exists() and any(folder.iterdir()):
        fail(f"{folder} is not empty; name a new folder for the recording.")
    with progress(quiet=as_json) as bar:
        task = bar.add_task("parts", total=parts)
        write_recording(
            folder,
            parts,
            seed,
            lambda done: bar.update(task, completed=done),
            frames=frames,
            defect_share=defect_share,
        )
    if as_json:
        print_json({"recording": str(folder), "parts": parts, "seed": seed})
    else:
        print_line(f"{parts} parts are recorded in {folder}.")


def _prepare(place: Path, wire: DemoWire, *, host: str, port: int) -> tuple[Path, dict[str, int]]:
    """Writes the demo's LINE.yaml; its equipment's ports are free ones."""
    place.mkdir(parents=True, exist_ok=True)
    ports = dict(zip((*PORTS, "review"), free_ports(len(PORTS) + 1), strict=True))
    ports["review"] = port or ports["review"]
    path = place / "LINE.yaml"
    path.write_text(
        line_file(
            line="beam-line-3",
            plc_host="127.0.0.1",
            plc_port=str(ports["plc"]),
            gauge_port=str(ports["gauge"]),
            camera_source=f"http://127.0.0.1:{ports['camera']}/stream",
            review_host=host,
            review_port=str(ports["review"]),
            demo="true",
            **reach(wire, place / WIRE_FOLDER, ports),
        ),
        encoding="utf-8",
    )
    return path, ports


def _programs(path: Path, ports: dict[str, int], wire: DemoWire, *options: str) -> list[Program]:
    simulator = [sys.executable, "-m", "edge.simulator", "--with-parent", *options]
    simulator += ["--wire", wire, "--folder", str(path.parent / WIRE_FOLDER)]
    for name in PORTS:
        simulator += [f"--{name}-port", str(ports[name])]
    commands = {"line": tuple(simulator), "edge": verb("edge", str(path)), "review": verb("review", str(path))}
    return [Program(name, command, restart=False) for name, command in commands.items()]


def _run_shown(place: Path, parts: int, seed: int, takt: float, host: str, port: int, wire: DemoWire) -> None:
    if not _is_free(host, port):
        fail(f"Port {port} on {host} is taken; choose another with --port, or --port 0 for any.")
    path, ports = _prepare(place, wire, host=host, port=port)
    options = [
        "--seed",
        str(seed),
        "--takt",
        str(takt),
        "--lane",
        "12",
        "--warm-parts",
        str(WARM_PARTS),
        "--gauge-seconds",
        "0.4",
    ]
    if parts:
        options += ["--parts", str(parts)]

    async def shown() -> str | None:
        until = asyncio.Event()
        greeting = asyncio.create_task(_greet(host, ports["review"]))
        try:
            return await supervise(_programs(path, ports, wire, *options), until=until)
        finally:
            greeting.cancel()

    if (ended := asyncio.run(shown())) is not None:
        fail(f"The demo ended because its {ended} process did; its last words are above.")


async def _greet(host: str, port: int) -> None:
    address = f"http://{_reachable(host)}:{port}/"
    while not await asyncio.to_thread(_answers, f"http://127.0.0.1:{port}/livez"):  # noqa: ASYNC110 - another process
        await asyncio.sleep(LOOK_EVERY_S)
    print_line(f"\nThe tablet's page: {address}")
    print_line("Touch who you are, or sign in as engineer with the PIN 2580.")
    print_line("The line has just made its first parts: some are held and wait for you. Ctrl-C ends everything.\n")
    sys.stdout.flush()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=1) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)  # noqa: PLR2004
    except OSError:
        return False


def _reachable(host: str) -> str:
    return socket.gethostname() if host in {"0.0.0.0", "::"} else host  # noqa: S104


def _is_free(host: str, port: int) -> bool:
    if port == 0:
        return True
    try:
        socket.create_server((host, port)).close()
    except OSError:
        return False
    return True


def _run_headless(place: Path, parts: int, seed: int, wire: DemoWire, *, as_json: bool) -> None:
    from edge.demo_score import DemoRecords, score

    path, ports = _prepare(place, wire, host="127.0.0.1", port=0)
    options = ["--seed", str(seed), "--takt", "0", "--lane", str(EVERY_PART_HELD), "--gauge-seconds", "0"]
    options += ["--parts", str(parts)]
    answer: dict[str, object] = {}

    async def headless() -> str | None:
        until = asyncio.Event()
        watching = asyncio.create_task(watch(until))
        try:
            return await supervise(_programs(path, ports, wire, *options), until=until)
        finally:
            await _outcome(watching)

    async def watch(until: asyncio.Event) -> None:
        started = time.monotonic()
        records = DemoRecords(read_line_file(path))
        try:
            with progress(quiet=as_json) as bar:
                task = bar.add_task("parts", total=parts)
                changed, done = started, 0
                while done < parts and not until.is_set():
                    await asyncio.sleep(LOOK_EVERY_S)
                    if (now := await asyncio.to_thread(records.answered)) != done:
                        changed, done = time.monotonic(), now
                        bar.update(task, completed=done)
                    if time.monotonic() - changed > STALLED_AFTER_S:
                        answer["stalled"] = f"no part was answered for {STALLED_AFTER_S:g} s"
                        break
            truth = f"http://127.0.0.1:{ports['camera']}/truth"
            answer.update(await asyncio.to_thread(score, records, truth, seed, time.monotonic() - started))
        finally:
            records.close()
            until.set()

    ended = asyncio.run(headless())
    if ended is not None:
        fail(f"The demo ended because its {ended} process did; its last words are above.")
    _say(answer, as_json=as_json)
    if (
        answer["passed_without_permission"]
        or answer["holds_acknowledged"] != answer["holds"]
        or "stalled" in answer
    ):
        raise typer.Exit(NOT_SO)


async def _outcome(task: asyncio.Task[None]) -> None:
    """The task's own error is worth more than the silence it would leave."""
    if not task.done():
        task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return


def _say(answer: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
    else:
        print_table(("figure", "value"), list(answer.items()), "The line's score")
