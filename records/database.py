"""The database: one URL, one engine."""

from pathlib import Path


def load_or_make_ledger_key(path: Path) -> bytes:
    """The ledger's key, 32 bytes; made (mode 0600) when the file is not there."""
    raise NotImplementedError


class Database:
    """The store's connections, by URL: `sqlite:///FILE` or `postgresql+psycopg://...`."""

    @classmethod
    def open(cls, url: str, *, ledger_key: bytes, checkpoint: bool) -> "Database":
        """Connects. `checkpoint` is true in the one process (edge) that moves the SQLite WAL into the database."""
        raise NotImplementedError

    @property
    def description(self) -> str:
        """How it runs, in one sentence: which SQLite, and whether writers take the file lock."""
        raise NotImplementedError

    def migrate(self) -> None:
        """Brings the schema to this version; safe when both processes do it at once."""
        raise NotImplementedError

    def close(self) -> None:
        """Gives every connection back."""
        raise NotImplementedError
