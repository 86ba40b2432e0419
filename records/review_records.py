"""What the review station reads and decides through."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from quality.case import CaseState, Decision
from quality.plan import ControlPlan
from records.database import Database
from records.pictures import Pictures
from records.views import (
    Account,
    AlarmView,
    CaseDetail,
    CaseRow,
    DecisionView,
    DefectRow,
    Filter,
    FrameView,
    HistoryPoint,
    InspectionDetail,
    InspectionRow,
    JsonPage,
    MeasurementRow,
    Page,
)


class ReviewRecords:
    """The store, as the review station needs it. Safe to be called from many threads; every call is short."""

    def __init__(self, database: Database, pictures: Pictures) -> None:
        self._database = database
        self._pictures = pictures

    def changed(self) -> int:
        """A number that differs when anything was committed, by any process; costs microseconds."""
        raise NotImplementedError

    def line_state(self, line: str) -> dict[str, object] | None:
        """What the edge last showed of the line, with `shown_at` (ISO 8601), or None when it never did."""
        raise NotImplementedError

    def recent_inspections(self, line: str, count: int) -> tuple[InspectionRow, ...]:
        """The newest inspections of the line, newest first."""
        raise NotImplementedError

    def alarms(self, line: str, *, standing_only: bool) -> tuple[AlarmView, ...]:
        """Alarms, newest first; at most 500 of those cleared."""
        raise NotImplementedError

    def cases(
        self,
        line: str | None,
        states: frozenset[CaseState] | None,
        below: int | None = None,
        limit: int = 50,
    ) -> Page[CaseRow]:
        """Cases, newest first."""
        raise NotImplementedError

    def case(self, case_id: UUID) -> CaseDetail | None:
        """One case with its inspection and decisions."""
        raise NotImplementedError

    def decide(self, decision: Decision, plan: ControlPlan, current: float | None) -> DecisionView:
        """Records the decision, durable when this returns; the same decision again returns what is stored.

        `current` is the parameter's value in force, for adjustments. Raises Refusal; then nothing was changed.
        """
        raise NotImplementedError

    def decision(self, decision_id: UUID) -> DecisionView | None:
        """One decision and how far it has travelled."""
        raise NotImplementedError

    def decisions(self, wanted: Filter, below: int | None = None, limit: int = 50) -> Page[DecisionView]:
        """Decisions, newest first, by line, time (decided at) and serial."""
        raise NotImplementedError

    def inspections(self, wanted: Filter, below: int | None = None, limit: int = 50) -> Page[InspectionRow]:
        """Inspections, newest first; times are those of the trigger."""
        raise NotImplementedError

    def inspections_json(self, wanted: Filter, below: int | None = None, limit: int = 50) -> JsonPage:
        """The same rows as `inspections`, as JSON objects with the fields of `InspectionRow`."""
        raise NotImplementedError

    def inspection(self, inspection_id: int) -> InspectionDetail | None:
        """One inspection with all of its evidence."""
        raise NotImplementedError

    def parts(self, serial_part: str, limit: int = 50) -> tuple[InspectionRow, ...]:
        """Inspections of the parts whose serial contains that, newest first."""
        raise NotImplementedError

    def measurements(self, wanted: Filter, below: int | None = None, limit: int = 50) -> Page[MeasurementRow]:
        """Measured values, newest first, by line, time, characteristic and serial."""
        raise NotImplementedError

    def history(
        self, line: str, characteristic: str, until_inspection_id: int | None, count: int
    ) -> tuple[HistoryPoint, ...]:
        """The last `count` parts up to that inspection (or the newest), oldest first."""
        raise NotImplementedError

    def defects(self, wanted: Filter, plan: ControlPlan) -> Iterator[DefectRow]:
        """The defect report in the order of time: what did not pass, and what was measured out of limits."""
        raise NotImplementedError

    def similar_cases(self, case_id: UUID, count: int = 3) -> tuple[CaseDetail, ...]:
        """The newest closed cases with the same leading subject, newest first."""
        raise NotImplementedError

    def last_good_frame(self, line: str, camera: str) -> FrameView | None:
        """The newest kept frame of a part that passed."""
        raise NotImplementedError

    def frame_path(self, sha256: str) -> Path | None:
        """The picture's file, or None when it is not kept (or is no SHA-256)."""
        raise NotImplementedError

    def account(self, name: str) -> Account | None:
        """The account of that name."""
        raise NotImplementedError

    def accounts(self) -> tuple[Account, ...]:
        """Every account, by name."""
        raise NotImplementedError

    def save_account(self, account: Account) -> None:
        """Adds or replaces the account of that name."""
        raise NotImplementedError

    def totals(self, line: str) -> dict[str, dict[str, int]]:
        """Counts for metrics: `inspections` by verdict, `cases` by state, `decisions` by kind, `alarms` by priority."""
        raise NotImplementedError
