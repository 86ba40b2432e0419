"""Backup and restore of an SQLite store: database, pictures and the ledger's head, while the line runs."""

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

from records.database import Database
from records.ledger import LedgerHead, head
from records.pictures import Pictures

DATABASE_FILE = "jidoka.db"
PICTURES_FOLDER = "frames"
HEAD_FILE = "ledger-head.json"


def backup(database: Database, pictures: Pictures, folder: Path) -> LedgerHead:
    """Writes the store as it is now into a folder that is not there yet, and returns its ledger's head.

    Keep the head, and the ledger's key, elsewhere: they show whether a restored store is whole. Raises
    FileExistsError for a folder that is there, ValueError for PostgreSQL.
    """
    unfinished = folder.with_name(folder.name + ".unfinished")
    if folder.exists():
        raise FileExistsError(f"backup {folder}: it exists already; give a folder that does not.")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    unfinished.mkdir(parents=True)
    # The head first: the copy holds at least this much.
    newest = head(database)
    database.copy_to(unfinished / DATABASE_FILE)
    for picture in pictures.files():
        if picture.suffix == ".jpg":
            _copy(picture, unfinished / PICTURES_FOLDER / picture.parent.name / picture.name)
    (unfinished / HEAD_FILE).write_text(json.dumps(asdict(newest)))
    os.sync()
    unfinished.rename(folder)
    return newest


def restore(folder: Path, database_file: Path, pictures: Pictures) -> LedgerHead:
    """Puts a backup where no store is, and returns the head that its ledger must contain.

    Raises FileNotFoundError when the folder is no backup, FileExistsError when a database is there already.
    """
    if not (folder / HEAD_FILE).is_file():
        raise FileNotFoundError(f"backup {folder}: it has no {HEAD_FILE}; it is no backup, or not a complete one.")
    if database_file.exists():
        raise FileExistsError(f"restore: {database_file} exists; move it and its -wal and -shm files away first.")
    for picture in (folder / PICTURES_FOLDER).glob("*/*.jpg"):
        _copy(picture, pictures.folder / picture.parent.name / picture.name)
    database_file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = database_file.with_name(database_file.name + ".unfinished")
    shutil.copyfile(folder / DATABASE_FILE, unfinished)
    os.sync()
    unfinished.rename(database_file)
    return LedgerHead(**json.loads((folder / HEAD_FILE).read_text()))


def _copy(picture: Path, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    if not to.exists():
        shutil.copyfile(picture, to)
