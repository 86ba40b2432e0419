"""The ledger: an append-only list of what happened, each entry chained to the one before.

An entry's code is HMAC-SHA256 (RFC 2104) over the code before it, its sequence and its content, with a key that is
not in the database. Whoever changes an entry, or the row whose digest it holds, without the key is found out; an
exported head shows that the tail was cut off. It is evidence of tampering, no prevention.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, insert, select

from records.database import Database
from records.moments import micros
from records.tables import decisions, inspections, ledger

GENESIS = bytes(32)
_BATCH = 500
_HEAD = select(ledger.c.sequence, ledger.c.mac).order_by(ledger.c.sequence.desc()).limit(1)
_APPEND = insert(ledger)

INSPECTION_FACTS = (
    *("line", "station", "boot_count", "cycle_sequence", "serial", "triggered_at", "judged_at", "verdict"),
    *("plan_version", "models", "judgements", "readings", "forecast", "sights"),
)
DECISION_FACTS = (
    *("kind", "line", "decided_by", "role", "decided_at", "reason", "case_version", "disposition"),
    *("parameter", "value", "serial"),
)
LATER_DECISION_FACTS = ("reason_code", "signed_at")
"""Facts that decisions of earlier versions of this program do not have: they count where there are any."""
SECOND_FACTS = (
    *("seconded_by", "seconded_role", "seconded_at", "second_agrees", "second_reason", "second_signed_at"),
)
_WITNESSED = {
    "inspection": (inspections, inspections.c.id, INSPECTION_FACTS, ()),
    "decision": (decisions, decisions.c.number, DECISION_FACTS, LATER_DECISION_FACTS),
    "second": (decisions, decisions.c.number, SECOND_FACTS, ()),
}


@dataclass(frozen=True, slots=True)
class LedgerHead:
    """The newest entry: its sequence (0 when there is none) and its code in hex."""

    sequence: int
    mac: str


@dataclass(frozen=True, slots=True)
class LedgerCheck:
    """What verifying found. `broken_at` is the sequence of the first entry that does not hold, or None."""

    entries: int
    head: LedgerHead
    broken_at: int | None
    sentence: str


def digest(row: Mapping[str, Any], facts: tuple[str, ...], later: tuple[str, ...] = ()) -> str:
    """SHA-256 in hex over those fields of a row, which never change once written.

    A field in `later` counts only where it is not None, by its name: rows from before it was there keep theirs.
    """
    content = [row[fact] for fact in facts]
    content += [[fact, row[fact]] for fact in later if row[fact] is not None]
    return hashlib.sha256(orjson.dumps(content)).hexdigest()


def append(connection: Connection, key: bytes, at: datetime, *entries: tuple[str, Mapping[str, object]]) -> None:
    """Adds entries, each a kind and its content, in the transaction of what they tell of."""
    newest = connection.execute(_HEAD).first()
    sequence, mac = (newest.sequence, newest.mac) if newest else (0, GENESIS)
    rows = []
    for kind, content in entries:
        sequence += 1
        text = orjson.dumps({**content, "kind": kind, "at": micros(at)}, option=orjson.OPT_SORT_KEYS)
        mac = _code(key, mac, sequence, text)
        rows.append({"sequence": sequence, "content": text.decode(), "mac": mac})
    connection.execute(_APPEND, rows)


def head(database: Database) -> LedgerHead:
    """The newest entry, to be kept somewhere else."""
    with database.read() as connection:
        newest = connection.execute(_HEAD).first()
    return LedgerHead(newest.sequence, newest.mac.hex()) if newest else LedgerHead(0, GENESIS.hex())


def contains(database: Database, head: LedgerHead) -> bool:
    """True when the ledger has that very entry; costs one look. What `verify` does besides, it does not."""
    if head.sequence == 0:
        return True
    with database.read() as connection:
        mac = connection.execute(
            select(ledger.c.mac).where(ledger.c.sequence == head.sequence)
        ).scalar_one_or_none()
    return mac is not None and hmac.compare_digest(mac.hex(), head.mac)


def verify(database: Database, expected_head: LedgerHead | None = None) -> LedgerCheck:
    """Follows the chain from its first entry and compares the rows it witnesses.

    `expected_head` is a head exported earlier: the chain must still contain it.
    """
    mac, sequence = GENESIS, 0
    met = expected_head is None or expected_head.sequence == 0
    with database.read() as connection:
        while True:
            entries = connection.execute(
                select(ledger).where(ledger.c.sequence > sequence).order_by(ledger.c.sequence).limit(_BATCH)
            ).all()
            if not entries:
                break
            rows = _Witnessed(connection, [orjson.loads(entry.content) for entry in entries])
            for number, entry in enumerate(entries):
                previous = LedgerHead(sequence, mac.hex())
                if entry.sequence != sequence + 1:
                    return _broken(previous, sequence + 1, f"entry {sequence + 1} is missing")
                expected = _code(database.ledger_key, mac, entry.sequence, entry.content.encode())
                if not hmac.compare_digest(expected, entry.mac):
                    return _broken(previous, entry.sequence, "it was changed, or the key is another one")
                fault = rows.fault(number)
                if fault is not None:
                    return _broken(previous, entry.sequence, fault)
                sequence, mac = entry.sequence, entry.mac
                if expected_head is not None and expected_head.sequence == sequence:
                    met = expected_head.mac == mac.hex()
    last = LedgerHead(sequence, mac.hex())
    if not met:
        if expected_head is not None and expected_head.sequence > sequence:
            return _broken(
                last, sequence + 1, f"the exported head is entry {expected_head.sequence}; the tail is cut"
            )
        return _broken(
            last, expected_head.sequence if expected_head else sequence, "it differs from the exported head"
        )
    return LedgerCheck(
        sequence, last, None, f"The ledger holds: {sequence} entries, each chained to the one before."
    )


class _Witnessed:
    """The rows that a batch of entries holds digests of."""

    def __init__(self, connection: Connection, contents: list[dict[str, Any]]) -> None:
        self._contents = contents
        self._digests: dict[tuple[str, int], str] = {}
        for kind, (table, number, facts, later) in _WITNESSED.items():
            wanted = [content["id"] for content in contents if content["kind"] == kind]
            columns = [table.c[fact] for fact in (*facts, *later)]
            for row in connection.execute(select(number, *columns).where(number.in_(wanted))).mappings():
                self._digests[kind, row[number]] = digest(dict(row), facts, later)

    def fault(self, number: int) -> str | None:
        """What is wrong with the row that the entry tells of, or None."""
        content = self._contents[number]
        kind = content["kind"]
        if kind not in _WITNESSED:
            return None
        found = self._digests.get((kind, content["id"]))
        if found is None:
            return f"its {kind} {content['id']} is gone"
        return None if found == content["digest"] else f"its {kind} {content['id']} was changed"


def _code(key: bytes, before: bytes, sequence: int, content: bytes) -> bytes:
    return hmac.digest(key, before + sequence.to_bytes(8, "big") + content, "sha256")


def _broken(last_good: LedgerHead, at: int, why: str) -> LedgerCheck:
    sentence = f"The ledger is broken at entry {at}: {why}. Entries 1 to {last_good.sequence} hold."
    return LedgerCheck(last_good.sequence, last_good, at, sentence)
