"""The verbs about what is on record: report, ledger verify, backup, restore."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from edge.answers import NOT_SO, fail, print_json, print_line
from edge.verbs.line import Json, LineFile, settings_of

if TYPE_CHECKING:
    from records.ledger import LedgerHead

ledger = typer.Typer(help="The ledger: every entry chained to the one before it.", no_args_is_help=True)


@ledger.callback()
def _ledger() -> None:
    """The ledger: every entry chained to the one before it."""


def report(
    path: LineFile,
    form: Annotated[Literal["csv", "json"], typer.Option("--format", help="How it is written.")] = "csv",
    since: Annotated[datetime | None, typer.Option(help="From this time on, in the plant's time zone.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Before this time, in the plant's time zone.")] = None,
    as_one_object: Annotated[bool, typer.Option("--json", help="As --format json, in one object.")] = False,
) -> None:
    """Writes the defect report to standard output: the same as the review station's."""
    from edge.store import open_database
    from records.pictures import Pictures
    from records.review_records import ReviewRecords
    from records.views import Filter
    from review_api.defect_report import as_csv, as_json
    from review_api.language import Languages

    settings = settings_of(path)
    zone = settings.zone
    language = Languages(zone, settings.review.language).default
    wanted = Filter(
        line=settings.line,
        since=since.replace(tzinfo=zone) if since else None,
        until=until.replace(tzinfo=zone) if until else None,
    )
    database = open_database(settings, checkpoint=False)
    try:
        rows = ReviewRecords(database, Pictures(settings.store.frames)).defects(wanted, settings.control_plan())
        out = sys.stdout.buffer
        if as_one_object:
            out.write(b'{"defects": ')
        out.writelines(as_json(rows, language) if as_one_object or form == "json" else as_csv(rows, language))
        out.write(b"}\n" if as_one_object else b"")
        out.flush()
    finally:
        database.close()


@ledger.command("verify")
def ledger_verify(
    path: LineFile,
    head: Annotated[
        str | None,
        typer.Option(
            metavar="SEQUENCE:CODE",
            help="A head exported earlier, to see a cut tail by; else the one the edge keeps.",
        ),
    ] = None,
    as_json_object: Json = False,
) -> None:
    """Says whether the chain holds, and if not, where it breaks."""
    from edge.store import ledger_heads, open_database
    from records.ledger import verify
    from records.ledger_head import newest_kept

    settings = settings_of(path)
    try:
        expected = _head(head) if head else newest_kept(ledger_heads(settings))
    except (OSError, ValueError) as error:
        fail(f"The ledger's kept head cannot be read: {error}.")
    database = open_database(settings, checkpoint=False)
    try:
        found = verify(database, expected)
    finally:
        database.close()
    ok = found.broken_at is None
    exported = f"{found.head.sequence}:{found.head.mac}"
    if as_json_object:
        answer = {"ok": ok, "entries": found.entries, "head": exported, "broken_at": found.broken_at}
        print_json(answer | {"sentence": found.sentence})
    else:
        print_line(f"{found.sentence}\nHead: {exported}")
    if not ok:
        raise typer.Exit(NOT_SO)


def _head(text: str) -> "LedgerHead":
    from records.ledger_head import head_from

    try:
        return head_from(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def backup(
    path: LineFile,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder for the copy.")],
    as_json_object: Json = False,
) -> None:
    """Copies the store and its pictures while the line runs. The ledger's key is not in the copy."""
    from edge.store import open_database
    from records.backup import backup as write_backup
    from records.pictures import Pictures

    settings = settings_of(path)
    database = open_database(settings, checkpoint=False)
    try:
        head = write_backup(database, Pictures(settings.store.frames), folder)
    except (ValueError, FileExistsError) as error:
        fail(str(error))
    finally:
        database.close()
    exported = f"{head.sequence}:{head.mac}"
    if as_json_object:
        print_json({"backup": str(folder), "head": exported})
    else:
        print_line(f"The store is copied to {folder}. Keep this head with it: {exported}")
        print_line(f"Keep a copy of {settings.store.ledger_key} elsewhere: without it nothing can be verified.")


def restore(
    path: LineFile,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that backup wrote.")],
    as_json_object: Json = False,
) -> None:
    """Puts a copy where LINE.yaml wants the store. Refuses to overwrite one."""
    from edge.store import ledger_heads
    from records.backup import restore as read_backup
    from records.pictures import Pictures

    settings = settings_of(path)
    if not settings.store.url.startswith("sqlite:///"):
        fail("Only a SQLite store is restored here; for PostgreSQL use pg_restore.")
    file = Path(settings.store.url.removeprefix("sqlite:///"))
    try:
        head = read_backup(folder, file, Pictures(settings.store.frames))
    except (ValueError, OSError) as error:
        fail(str(error))
    exported = f"{head.sequence}:{head.mac}"
    if as_json_object:
        print_json({"restored": str(file), "head": exported})
    else:
        print_line(f"Restored to {file}. Now: jidoka ledger verify {path} --head {exported}")
        heads = " and ".join(str(head_file) for head_file in ledger_heads(settings))
        print_line(f"The edge says that the ledger is shorter than it was until you remove {heads}.")
