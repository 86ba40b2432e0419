"""The tables, declared once; the migrations build them and a test holds the two together.

Times are microseconds since 1970 (UTC). JSON is kept as text, written by `records.encoding`.
"""

from typing import cast
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from records.spoken import Spoken

# Only a plain INTEGER primary key is SQLite's own row number; PostgreSQL needs 64 bits said.
Number = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """What every table is declared on."""


class InspectionTable(Base):
    """One row for each cycle judged. The JSON columns stand last, so that a walk over rows can skip them."""

    __tablename__ = "inspections"
    __table_args__ = (
        UniqueConstraint("line", "station", "boot_count", "cycle_sequence", name="inspections_cycle"),
        Index("inspections_line", "line", "id"),
        Index("inspections_line_verdict", "line", "verdict", "id"),
        Index("inspections_serial", "serial"),
        Index("inspections_triggered_at", "triggered_at", "id"),
        Index(
            "inspections_unanswered",
            "line",
            "station",
            "id",
            sqlite_where=text("answer IS NULL"),
            postgresql_where=text("answer IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(Number, primary_key=True)
    line: Mapped[str] = mapped_column(Text)
    station: Mapped[str] = mapped_column(Text)
    boot_count: Mapped[int]
    cycle_sequence: Mapped[int] = mapped_column(BigInteger)
    serial: Mapped[str] = mapped_column(Text)
    triggered_at: Mapped[int] = mapped_column(BigInteger)
    judged_at: Mapped[int] = mapped_column(BigInteger)
    verdict: Mapped[str] = mapped_column(Text)
    plan_version: Mapped[str] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[int | None] = mapped_column(BigInteger)
    models: Mapped[str] = mapped_column(Text)
    judgements: Mapped[str] = mapped_column(Text)
    readings: Mapped[str] = mapped_column(Text)
    forecast: Mapped[str] = mapped_column(Text)
    sights: Mapped[str] = mapped_column(Text)
    """Frames, findings without their maps, and what was missing."""


class FrameTable(Base):
    """The pictures kept on disk; a row goes when retention takes its picture away."""

    __tablename__ = "frames"
    __table_args__ = (Index("frames_camera", "camera", "id"), Index("frames_captured_at", "captured_at"))
    id: Mapped[int] = mapped_column(Number, primary_key=True)
    inspection_id: Mapped[int] = mapped_column(ForeignKey("inspections.id"), index=True)
    camera: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(Text, index=True)
    captured_at: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int]
    height: Mapped[int]
    size: Mapped[int]
    """Bytes on disk."""


class FindingMapTable(Base):
    """The coarse map of a finding, uint8 [rows, columns] in row order."""

    __tablename__ = "finding_maps"
    inspection_id: Mapped[int] = mapped_column(ForeignKey("inspections.id"), primary_key=True, autoincrement=False)
    camera: Mapped[str] = mapped_column(Text, primary_key=True)
    rows: Mapped[int]
    columns: Mapped[int]
    cells: Mapped[bytes] = mapped_column(LargeBinary)


class InfluenceTable(Base):
    """What moved the forecast of the characteristic that an inspection is suspect for, as JSON."""

    __tablename__ = "influences"
    inspection_id: Mapped[int] = mapped_column(ForeignKey("inspections.id"), primary_key=True, autoincrement=False)
    characteristic: Mapped[str] = mapped_column(Text)
    moved: Mapped[str] = mapped_column(Text)


class MeasurementTable(Base):
    """One measured value; `conforming` is what the gauge's values say of the part."""

    __tablename__ = "measurements"
    __table_args__ = (
        Index("measurements_line", "line", "id"),
        Index("measurements_characteristic", "line", "characteristic", "id"),
    )
    id: Mapped[int] = mapped_column(Number, primary_key=True)
    line: Mapped[str] = mapped_column(Text)
    inspection_id: Mapped[int | None] = mapped_column(ForeignKey("inspections.id"), index=True)
    serial: Mapped[str] = mapped_column(Text, index=True)
    cycle_sequence: Mapped[int] = mapped_column(BigInteger)
    characteristic: Mapped[str] = mapped_column(Text)
    value: Mapped[float]
    at: Mapped[int] = mapped_column(BigInteger, index=True)
    conforming: Mapped[bool]


class CaseTable(Base):
    """A case as it stands now; how it got there is in the ledger."""

    __tablename__ = "cases"
    __table_args__ = (
        Index("cases_line", "line", "number"),
        Index("cases_line_state", "line", "state", "number"),
        Index("cases_subject", "subject", "state", "number"),
        Index("cases_cycle", "line", "cycle_sequence"),
    )
    number: Mapped[int] = mapped_column(Number, primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(Text)
    line: Mapped[str] = mapped_column(Text)
    station: Mapped[str] = mapped_column(Text)
    boot_count: Mapped[int]
    cycle_sequence: Mapped[int] = mapped_column(BigInteger)
    serial: Mapped[str] = mapped_column(Text)
    opened_at: Mapped[int] = mapped_column(BigInteger)
    deadline: Mapped[int] = mapped_column(BigInteger)
    asked: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    escalated: Mapped[bool]
    inspection_id: Mapped[int | None] = mapped_column(ForeignKey("inspections.id"), index=True)
    subject: Mapped[str | None] = mapped_column(Text)
    """The subject of the gravest judgement, by which similar cases are found."""
    taken_by: Mapped[str | None] = mapped_column(Text)
    """Who is on it, for the others to see; no evidence, and not in the ledger."""
    taken_at: Mapped[int | None] = mapped_column(BigInteger)


class DecisionTable(Base):
    """What people decided, and how far each decision has travelled."""

    __tablename__ = "decisions"
    __table_args__ = (
        Index("decisions_line", "line", "number"),
        Index("decisions_line_travel", "line", "travel", "number"),
        Index("decisions_line_kind", "line", "kind"),
    )
    number: Mapped[int] = mapped_column(Number, primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(Text)
    line: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[int] = mapped_column(BigInteger, index=True)
    reason: Mapped[str] = mapped_column(Text)
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"), index=True)
    case_version: Mapped[int | None]
    disposition: Mapped[str | None] = mapped_column(Text)
    parameter: Mapped[str | None] = mapped_column(Text)
    value: Mapped[float | None]
    serial: Mapped[str | None] = mapped_column(Text, index=True)
    travel: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Spoken)
    reason_code: Mapped[str | None] = mapped_column(Text)
    signed_at: Mapped[int | None] = mapped_column(BigInteger)
    seconded_by: Mapped[str | None] = mapped_column(Text)
    """Who answered a decision that needs two; what stands in the columns after it is theirs."""
    seconded_role: Mapped[str | None] = mapped_column(Text)
    seconded_at: Mapped[int | None] = mapped_column(BigInteger)
    second_agrees: Mapped[bool | None]
    second_reason: Mapped[str | None] = mapped_column(Text)
    second_signed_at: Mapped[int | None] = mapped_column(BigInteger)


class PlanTable(Base):
    """Every control plan that a line has been run with, as JSON, by its version."""

    __tablename__ = "plans"
    line: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[str] = mapped_column(Text, primary_key=True)
    content: Mapped[str] = mapped_column(Text)
    first_used_at: Mapped[int] = mapped_column(BigInteger)


class OrderTable(Base):
    """Commands to the PLC. Rows are never deleted, so that a sequence is never used again."""

    __tablename__ = "orders"
    __table_args__ = (Index("orders_state", "line", "state"),)
    line: Mapped[str] = mapped_column(Text, primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(Text)
    target: Mapped[int] = mapped_column(BigInteger)
    value: Mapped[int] = mapped_column(BigInteger)
    decision_id: Mapped[UUID] = mapped_column(ForeignKey("decisions.id"), unique=True)
    recorded_at: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(Text)
    boot_count: Mapped[int | None]
    result: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Spoken)


class AlarmTable(Base):
    """Alarms; one that stands has no `cleared_at`, and there is one of a kind at a time.

    `burst` is the first alarm of the burst that this one came in; None for a first one.
    """

    __tablename__ = "alarms"
    __table_args__ = (
        Index(
            "alarms_standing",
            "line",
            "source",
            "kind",
            unique=True,
            sqlite_where=text("cleared_at IS NULL"),
            postgresql_where=text("cleared_at IS NULL"),
        ),
        Index(
            "alarms_listed",
            "line",
            "id",
            sqlite_where=text("cleared_at IS NULL OR acknowledged_at IS NULL"),
            postgresql_where=text("cleared_at IS NULL OR acknowledged_at IS NULL"),
        ),
        Index("alarms_line", "line", "id"),
        Index("alarms_raised_at", "line", "raised_at"),
        Index("alarms_burst", "burst"),
    )
    id: Mapped[int] = mapped_column(Number, primary_key=True)
    line: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    priority: Mapped[int]
    sentence: Mapped[str] = mapped_column(Spoken)
    raised_at: Mapped[int] = mapped_column(BigInteger)
    cleared_at: Mapped[int | None] = mapped_column(BigInteger)
    latched: Mapped[bool]
    acknowledged_at: Mapped[int | None] = mapped_column(BigInteger)
    acknowledged_by: Mapped[str | None] = mapped_column(Text)
    burst: Mapped[int | None] = mapped_column(BigInteger)


class ShelfTable(Base):
    """Alarms of one source and kind put out of sight by a person; taken down early, `until` is when."""

    __tablename__ = "shelves"
    __table_args__ = (Index("shelves_line", "line", "until"),)
    id: Mapped[int] = mapped_column(Number, primary_key=True)
    line: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    since: Mapped[int] = mapped_column(BigInteger)
    until: Mapped[int] = mapped_column(BigInteger)
    ended_by: Mapped[str | None] = mapped_column(Text)


class ShiftNoteTable(Base):
    """What one shift wrote down for the next; `version` counts how often it was written."""

    __tablename__ = "shift_notes"
    line: Mapped[str] = mapped_column(Text, primary_key=True)
    start: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    written_by: Mapped[str] = mapped_column(Text)
    written_at: Mapped[int] = mapped_column(BigInteger)


class LineStateTable(Base):
    """The line's live state as JSON, one row a line, replaced each time."""

    __tablename__ = "line_states"
    line: Mapped[str] = mapped_column(Text, primary_key=True)
    state: Mapped[str] = mapped_column(Text)
    shown_at: Mapped[int] = mapped_column(BigInteger)


class AccountTable(Base):
    """Who may sign in."""

    __tablename__ = "accounts"
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    display_name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str | None] = mapped_column(Text)
    hints_seen: Mapped[bool]
    badge: Mapped[str | None] = mapped_column(Text, unique=True)
    pin_hash: Mapped[str | None] = mapped_column(Text)
    disabled: Mapped[bool]
    must_change: Mapped[bool]
    epoch: Mapped[int]
    """Counted up to end every session of the account."""
    subject: Mapped[str | None] = mapped_column(Text, unique=True)
    """Who this is to the plant's single sign-on."""


class EndedSessionTable(Base):
    """Sessions that a person ended before their time, so that a restart does not bring them back."""

    __tablename__ = "ended_sessions"
    nonce: Mapped[str] = mapped_column(Text, primary_key=True)
    until: Mapped[int] = mapped_column(BigInteger)


class TokenTable(Base):
    """What programs read with; the token itself is not kept, its keyed digest is."""

    __tablename__ = "tokens"
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[int] = mapped_column(BigInteger)
    used_at: Mapped[int | None] = mapped_column(BigInteger)
    revoked_at: Mapped[int | None] = mapped_column(BigInteger)


class LedgerTable(Base):
    """The chain: `mac` is over the mac before, the sequence and the content. Triggers forbid any change."""

    __tablename__ = "ledger"
    sequence: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=False)
    content: Mapped[str] = mapped_column(Text)
    mac: Mapped[bytes] = mapped_column(LargeBinary)


class ChangeTable(Base):
    """One row that every write on PostgreSQL counts up: the writers' turnstile, and the sign of a change."""

    __tablename__ = "changes"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger)


inspections = cast(Table, InspectionTable.__table__)
frames = cast(Table, FrameTable.__table__)
finding_maps = cast(Table, FindingMapTable.__table__)
influences = cast(Table, InfluenceTable.__table__)
measurements = cast(Table, MeasurementTable.__table__)
cases = cast(Table, CaseTable.__table__)
decisions = cast(Table, DecisionTable.__table__)
orders = cast(Table, OrderTable.__table__)
plans = cast(Table, PlanTable.__table__)
alarms = cast(Table, AlarmTable.__table__)
shelves = cast(Table, ShelfTable.__table__)
shift_notes = cast(Table, ShiftNoteTable.__table__)
line_states = cast(Table, LineStateTable.__table__)
accounts = cast(Table, AccountTable.__table__)
ended_sessions = cast(Table, EndedSessionTable.__table__)
tokens = cast(Table, TokenTable.__table__)
ledger = cast(Table, LedgerTable.__table__)
changes = cast(Table, ChangeTable.__table__)
