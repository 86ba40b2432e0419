"""The verbs that look without touching: check and doctor."""

import asyncio
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from edge.answers import NOT_SO, fail, print_json, print_line, print_table
from edge.line_file import LineFileError, read_line_file
from edge.verbs.line import Json, LineFile

PACKAGES = ("jidoka", "pymodbus", "opencv-python-headless", "onnxruntime", "fastapi", "sqlalchemy", "numpy")


def check(
    path: LineFile,
    probing: Annotated[bool, typer.Option("--probe/--no-probe", help="Ask the equipment too.")] = True,
    conformance: Annotated[
        bool, typer.Option("--plc", help="Run the conformance test of docs/plc.md instead, with the edge stopped.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --plc: the line is free, do not ask.")] = False,
    parts: Annotated[
        bool, typer.Option("--parts/--no-parts", help="With --plc: the checks that move parts.")
    ] = True,
    wait_s: Annotated[
        float, typer.Option("--wait", min=1, help="With --plc: seconds to wait for each part.")
    ] = 120,
    as_json: Json = False,
) -> None:
    """Says every mistake in LINE.yaml with its line and mend; then asks PLC, gauge, cameras and models."""
    from edge.probing import Probe, probe

    try:
        settings = read_line_file(path)
    except LineFileError as error:
        if as_json:
            mistakes = [
                {"line": m.line, "where": m.where, "problem": m.problem, "mend": m.mend} for m in error.mistakes
            ]
            print_json({"ok": False, "file": str(path), "mistakes": mistakes, "probes": []})
            raise typer.Exit(NOT_SO) from error
        fail(f"{error}\n{len(error.mistakes)} mistake(s).")
    if conformance:
        from edge.verbs.conforming import conform

        conform(settings, path, yes=yes, parts=parts, wait_s=wait_s, as_json=as_json)
        return
    probes: list[Probe] = asyncio.run(probe(settings, path.resolve().parent)) if probing else []
    ok = all(found.ok for found in probes)
    if as_json:
        shown = [
            {"device": p.device, "ok": p.ok, "sentence": p.sentence, "decodings": p.decodings} for p in probes
        ]
        print_json({"ok": ok, "file": str(path), "mistakes": [], "probes": shown})
    else:
        print_line(f"{path}: no mistake found; plan {settings.control_plan().version}.")
        for found in probes:
            print_line(f"{'ok  ' if found.ok else 'BAD '} {found.device}: {found.sentence}")
        for found in probes:
            for tag, decodings in found.decodings.items():
                rows = list(decodings.items())
                print_table(("read as", "value"), rows, tag)
    if not ok:
        raise typer.Exit(NOT_SO)


def doctor(as_json: Json = False) -> None:
    """Says what this installation is and whether the machine suits it."""
    from records.sqlite import is_sound, newest_driver

    driver = newest_driver()
    page = Path(__file__).resolve().parents[2] / "review_api" / "static" / "vendor"
    findings: dict[str, object] = {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "packages": {name: version(name) for name in PACKAGES},
        "sqlite": driver.sqlite_version,
        "sqlite_sound": is_sound(driver),
        "browser_libraries": page.is_dir() and any(page.iterdir()),
    }
    ok = bool(findings["browser_libraries"])
    if as_json:
        print_json({"ok": ok} | findings)
    else:
        print_table(("what", "is"), list(findings.items()))
        if not findings["sqlite_sound"]:
            print_line("SQLite is older than 3.51.3: writers take a file lock, which is slower and safe.")
    if not ok:
        fail("The tablet's browser libraries are not built in: reinstall the package, or run `make setup`.")
