"""What the review station reads and decides through."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from quality.alarm import Shelf
from quality.case import CaseState, Decision, Second
from quality.judgement import Verdict
from quality.order import Order
from quality.plan import ControlPlan
from records.access import AccessRecords
from records.accounts import account_of, every_account, store_account
from records.database import Database
from records.notice import Notice
from records.pictures import Pictures, is_sha256
from records.plans import plan_of, plans_of
from records.reading.alarms import alarm_of, alarm_page, alarms_of, listed_alarms, raised_between
from records.reading.cases import case_detail, case_page
from records.reading.decisions import decision_of, decision_page, orders_of, stored_decision
from records.reading.defects import defect_rows
from records.reading.earlier import earlier_cases
from records.reading.inspections import (
    inspection_detail,
    inspection_page,
    inspection_page_json,
    inspections_of_serial,
    newest_inspections,
    verdict_counts,
)
from records.reading.line import newest_good_frame, state_of, totals_of
from records.reading.measurements import characteristic_history, measurement_page
from records.shift_records import ShiftRecords
from records.trace import TraceRecords
from records.views import (
    Account,
    AlarmFilter,
    AlarmView,
    CaseDetail,
    CaseRow,
    DecisionView,
    DefectRow,
    EarlierCase,
    Filter,
    FrameView,
    HistoryPoint,
    InspectionDetail,
    InspectionRow,
    JsonPage,
    ListedAlarm,
    MeasurementRow,
    Page,
    PlanRow,
    PlanView,
)
from records.writing.alarms import acknowledge, put_on_shelf, take_off_shelf
from records.writing.cases import leave_case, take_case
from records.writing.decisions import add_decision, add_second


class ReviewRecords:
    """The store, as the review station needs it. Safe to be called from many threads; every call is short.

    `notice` is where the edge process says that it can write nothing; `now` is the time by which it is forgotten
    who was on a case. Every method raises StoreError.
    """

    def __init__(
        self,
        database: Database,
        pictures: Pictures,
        notice: Notice | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._now = now
        self._database = database
        self._pictures = pictures
        self._notice = notice
        self.access = AccessRecords(database)
        self.shifts = ShiftRecords(database)
        self.trace = TraceRecords(database)

    def changed(self) -> int:
        """A number that differs when anything was committed or said, by any process; costs microseconds."""
        committed = self._database.changed_by_anyone()
        return committed if self._notice is None else hash((committed, self._notice.changed()))

    def line_state(self, line: str) -> dict[str, object] | None:
        """What the edge last showed of the line, with `shown_at` (ISO 8601), or None when it never did.

        `not_recorded` is why the edge can record nothing now, if so.
        """
        with self._database.read() as connection:
            state = state_of(connection, line)
        said = "" if self._notice is None else self._notice.read()
        if state is None or not said:
            return state
        return {**state, "not_recorded": said, "store": {"ok": False, "detail": said}}

    def recent_inspections(self, line: str, count: int) -> tuple[InspectionRow, ...]:
        """The newest inspections of the line, newest first."""
        with self._database.read() as connection:
            return newest_inspections(connection, line, count)

    def alarms(self, line: str, *, standing_only: bool) -> tuple[AlarmView, ...]:
        """Alarms, newest first; at most 500 of those cleared."""
        with self._database.read() as connection:
            return alarms_of(connection, line, standing_only=standing_only)

    def listed_alarms(self, line: str, now: datetime) -> tuple[ListedAlarm, ...]:
        """What stands or is not acknowledged, one for each source and kind: the most urgent and oldest first."""
        with self._database.read() as connection:
            return listed_alarms(connection, line, now)

    def alarm_history(
        self, line: str, wanted: AlarmFilter, below: int | None = None, limit: int = 50
    ) -> Page[AlarmView]:
        """Alarms, newest first."""
        with self._database.read() as connection:
            return alarm_page(connection, line, wanted, below, limit)

    def alarm(self, line: str, alarm_id: int) -> AlarmView | None:
        """One alarm."""
        with self._database.read() as connection:
            return alarm_of(connection, line, alarm_id)

    def alarms_raised(self, line: str, since: datetime, until: datetime) -> tuple[datetime, ...]:
        """When alarms were raised between the two times, oldest first."""
        with self._database.read() as connection:
            return raised_between(connection, line, since, until)

    def acknowledge_alarm(self, line: str, alarm_id: int, by: str, at: datetime) -> None:
        """They know of the alarm, and of the earlier ones of its source and kind; a latched one is over."""
        with self._database.write() as connection:
            acknowledge(connection, line, alarm_id, by, at)

    def shelve_alarms(self, line: str, shelf: Shelf) -> None:
        """Puts the alarms of its source and kind out of sight, in place of an earlier time."""
        with self._database.write() as connection:
            put_on_shelf(connection, line, shelf)

    def unshelve_alarms(self, line: str, source: str, kind: str, by: str, at: datetime) -> None:
        """Shows them again."""
        with self._database.write() as connection:
            take_off_shelf(connection, line, source, kind, by, at)

    def cases(
        self,
        line: str | None,
        states: frozenset[CaseState] | None,
        below: int | None = None,
        limit: int = 50,
    ) -> Page[CaseRow]:
        """Cases, newest first."""
        with self._database.read() as connection:
            return case_page(connection, line, states, below, limit, self._now())

    def case(self, case_id: UUID) -> CaseDetail | None:
        """One case with its inspection and decisions."""
        with self._database.read() as connection:
            return case_detail(connection, self._pictures, case_id, self._now())

    def decide(self, decision: Decision, plan: ControlPlan, current: float | None) -> DecisionView:
        """Records the decision, durable when this returns; the same decision again returns what is stored.

        `current` is the parameter's value in force, for adjustments. Raises Refusal; then nothing was changed.
        """
        with self._database.write() as connection:
            add_decision(connection, self._database.ledger_key, decision, plan, current)
            return stored_decision(connection, decision.id)

    def second(self, decision_id: UUID, opinion: Second, plan: ControlPlan, current: float | None) -> DecisionView:
        """Records what the second person says of a decision; the same again changes nothing.

        Durable when this returns. `current` as for `decide`. Raises Refusal, and then nothing was changed;
        LookupError when there is no such decision.
        """
        with self._database.write() as connection:
            add_second(connection, self._database.ledger_key, decision_id, opinion, plan, current)
            return stored_decision(connection, decision_id)

    def take(self, case_id: UUID, by: str) -> bool:
        """Shows the others that this person is on the case now; False when it is closed or there is none."""
        with self._database.write() as connection:
            return take_case(connection, case_id, by, self._now())

    def leave(self, case_id: UUID, by: str) -> None:
        """The person is not on the case any more."""
        with self._database.write() as connection:
            leave_case(connection, case_id, by)

    def decision(self, decision_id: UUID) -> DecisionView | None:
        """One decision and how far it has travelled."""
        with self._database.read() as connection:
            return decision_of(connection, decision_id)

    def decisions(self, wanted: Filter, below: int | None = None, limit: int = 50) -> Page[DecisionView]:
        """Decisions, newest first, by line, time (decided at) and serial."""
        with self._database.read() as connection:
            return decision_page(connection, wanted, below, limit)

    def plans(self, line: str) -> tuple[PlanRow, ...]:
        """Every control plan that the line has been run with, the newest first."""
        with self._database.read() as connection:
            return plans_of(connection, line)

    def plan(self, line: str, version: str) -> PlanView | None:
        """One of the line's control plans, with all that it says."""
        with self._database.read() as connection:
            return plan_of(connection, line, version)

    def orders(self, line: str) -> tuple[Order, ...]:
        """Every order of the line, by sequence."""
        with self._database.read() as connection:
            return orders_of(connection, line)

    def inspections(self, wanted: Filter, below: int | None = None, limit: int = 50) -> Page[InspectionRow]:
        """Inspections, newest first; times are those of the trigger."""
        with self._database.read() as connection:
            return inspection_page(connection, wanted, below, limit)

    def inspections_json(self, wanted: Filter, below: int | None = None, limit: int = 50) -> JsonPage:
        """The same rows as `inspections`, as JSON objects with the fields of `InspectionRow`."""
        with self._database.read() as connection:
            return inspection_page_json(connection, wanted, below, limit)

    def inspection(self, inspection_id: int) -> InspectionDetail | None:
        """One inspection with all of its evidence."""
        with self._database.read() as connection:
            return inspection_detail(connection, self._pictures, inspection_id)

    def parts(self, serial_part: str, limit: int = 50) -> tuple[InspectionRow, ...]:
        """Inspections of the parts whose serial contains that, newest first."""
        with self._database.read() as connection:
            return inspections_of_serial(connection, serial_part, limit)

    def measurements(self, wanted: Filter, below: int | None = None, limit: int = 50) -> Page[MeasurementRow]:
        """Measured values, newest first, by line, time, characteristic and serial."""
        with self._database.read() as connection:
            return measurement_page(connection, wanted, below, limit)

    def history(
        self, line: str, characteristic: str, until_inspection_id: int | None, count: int
    ) -> tuple[HistoryPoint, ...]:
        """The last `count` parts up to that inspection (or the newest), oldest first."""
        with self._database.read() as connection:
            return characteristic_history(connection, line, characteristic, until_inspection_id, count)

    def defects(self, wanted: Filter, plan: ControlPlan) -> Iterator[DefectRow]:
        """The defect report in the order of time: what did not pass, and what was measured out of limits."""
        return defect_rows(self._database, wanted, plan)

    def earlier_cases(self, case_id: UUID, count: int) -> tuple[EarlierCase, ...]:
        """The newest closed cases with the same leading subject, newest first, with what was seen and decided."""
        with self._database.read() as connection:
            return earlier_cases(connection, case_id, count)

    def verdict_counts(self, line: str, since: datetime) -> dict[Verdict, int]:
        """How many parts triggered since then got each verdict."""
        with self._database.read() as connection:
            return verdict_counts(connection, line, since)

    def last_good_frame(self, line: str, camera: str) -> FrameView | None:
        """The newest kept frame of a part that passed."""
        with self._database.read() as connection:
            return newest_good_frame(connection, line, camera)

    def frame_path(self, sha256: str) -> Path | None:
        """The picture's file, or None when it is not kept (or is no SHA-256)."""
        return self._pictures.path(sha256) if is_sha256(sha256) else None

    def account(self, name: str) -> Account | None:
        """The account of that name."""
        with self._database.read() as connection:
            return account_of(connection, name)

    def accounts(self) -> tuple[Account, ...]:
        """Every account, by name."""
        with self._database.read() as connection:
            return every_account(connection)

    def save_account(self, account: Account) -> None:
        """Adds or replaces the account of that name."""
        with self._database.write() as connection:
            store_account(connection, account)

    def totals(self, line: str) -> dict[str, dict[str, int]]:
        """Counts: `inspections` by verdict, `cases` by state, `decisions` by kind, standing `alarms` by rank."""
        with self._database.read() as connection:
            return totals_of(connection, line)
