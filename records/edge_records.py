"""What the edge process writes through: every method is durable once it returns."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, select
from sqlalchemy.exc import IntegrityError

from quality.alarm import Alarm
from quality.case import Case, CaseState, Decision
from quality.characteristic import LineId, PartSerial, StationId
from quality.evidence import Frame, Measurement, Reading
from quality.influence import Influence
from quality.inspection import Cycle, Inspection
from quality.judge import leading, main_reason
from quality.judgement import ReasonCode, Verdict
from quality.order import Order, OrderCode, OrderResult, OrderState
from quality.plan import ControlPlan
from quality.ports import AlreadyRecorded
from quality.station import VerdictAnswer
from records.database import Database
from records.encoding import judgements_from
from records.ledger import append
from records.pictures import Pictures
from records.plans import keep_plan
from records.reading.cycles import newest_cycles
from records.rows import case_from, cycle_from, decision_from, order_from
from records.tables import cases, decisions, inspections, orders
from records.writing.alarms import add_alarm, end_alarm, end_alarms, replace_state, stands
from records.writing.cases import escalate_case, insert_case
from records.writing.inspections import (
    add_influences,
    add_inspection,
    answer_verdict,
    inspection_of,
    recorded_serial,
)
from records.writing.measurements import add_measurements
from records.writing.orders import TRAVELLING, add_order, mark_sent, order_of, settle_decision, settle_order

CHECKPOINT_EVERY = 50
"""Answered verdicts; some thousand pages of write-ahead log."""


class EdgeRecords:
    """`quality.ports.Records` for one station, on one connection that is kept; calls come one after the other."""

    def __init__(
        self,
        database: Database,
        pictures: Pictures,
        line: LineId,
        station: StationId,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._key = database.ledger_key
        self._pictures = pictures
        self._line = line
        self._station = station
        self._now = now
        self._order_floor = 0
        self._answered = 0
        self._one_at_a_time = threading.Lock()
        self._connection = database.connect()

    def close(self) -> None:
        """Gives the connection back."""
        with self._one_at_a_time:
            self._connection.close()

    def record(self, inspection: Inspection, case: Case | None, kept: Sequence[Frame]) -> None:
        """The inspection, its case and the frames worth keeping; see `quality.ports.Records`.

        A frame that the disk does not take is left out: `Pictures.trouble` says why.
        """
        kept = [frame for frame in kept if self._pictures.keep(frame)]
        cycle = inspection.cycle
        try:
            with self._writing() as connection:
                add_inspection(connection, self._key, inspection, case, kept)
        except IntegrityError as error:
            with self._reading() as connection:
                known = recorded_serial(connection, cycle)
            if known is None:
                raise
            raise AlreadyRecorded(
                f"line {cycle.line}: cycle {cycle.sequence} of boot {cycle.boot_count} has an inspection already.",
                known,
            ) from error

    def record_influences(self, cycle: Cycle, characteristic: str, influences: Sequence[Influence]) -> None:
        """What moved the part's forecast. Raises LookupError when the cycle was never recorded."""
        with self._writing() as connection:
            add_influences(connection, cycle, characteristic, influences)

    def verdict_answered(self, cycle: Cycle, answer: VerdictAnswer, at: datetime) -> None:
        """The PLC's answer to the verdict of that cycle. Raises LookupError when the cycle was never recorded."""
        with self._writing() as connection:
            answer_verdict(connection, self._key, cycle, answer, at)
        self._answered += 1
        if self._answered % CHECKPOINT_EVERY == 0:
            # Now no part waits for the store.
            with self._one_at_a_time:
                self._database.checkpoint(self._connection)

    def unanswered_verdicts(self) -> list[tuple[Cycle, Verdict, ReasonCode | None]]:
        """Verdicts recorded but never acknowledged, oldest first."""
        wanted = select(inspections).where(self._here, inspections.c.answer.is_(None)).order_by(inspections.c.id)
        with self._reading() as connection:
            rows = connection.execute(wanted).all()
        return [
            (cycle_from(row), Verdict(row.verdict), main_reason(judgements_from(row.judgements))) for row in rows
        ]

    def last_cycle(self) -> tuple[int, int] | None:
        """Boot count and sequence of the newest inspection of this line, or None."""
        wanted = (
            select(inspections.c.boot_count, inspections.c.cycle_sequence)
            .where(self._here)
            .order_by(inspections.c.id.desc())
            .limit(1)
        )
        with self._reading() as connection:
            row = connection.execute(wanted).first()
        return (row.boot_count, row.cycle_sequence) if row else None

    def history(self, rows: int) -> list[tuple[Cycle, tuple[Reading, ...], tuple[Measurement, ...]]]:
        """The newest cycles of this line with what was read and measured, oldest first."""
        with self._reading() as connection:
            return newest_cycles(connection, self._here, rows)

    def newest_with(self, serial: PartSerial) -> tuple[Cycle, Verdict, VerdictAnswer | None] | None:
        """The newest inspection of a part with that serial: its cycle, its verdict and how the PLC answered."""
        wanted = (
            select(inspections)
            .where(self._here, inspections.c.serial == serial)
            .order_by(inspections.c.id.desc())
            .limit(1)
        )
        with self._reading() as connection:
            row = connection.execute(wanted).first()
        if row is None:
            return None
        return cycle_from(row), Verdict(row.verdict), VerdictAnswer(row.answer) if row.answer else None

    def open_cases(self) -> list[Case]:
        """Cases not closed, oldest first."""
        waiting = [state.value for state in CaseState if state is not CaseState.CLOSED]
        wanted = (
            select(cases)
            .where(cases.c.line == self._line, cases.c.state.in_(waiting), cases.c.station == self._station)
            .order_by(cases.c.number)
        )
        with self._reading() as connection:
            return [case_from(row) for row in connection.execute(wanted)]

    def open_case(self, case: Case) -> None:
        """A case that does not come with an inspection (an escape found by a measurement)."""
        cycle = Cycle(case.line, case.station, case.boot_count, case.cycle_sequence, case.serial, case.opened_at)
        with self._writing() as connection:
            found = inspection_of(connection, cycle)
            number, judgements = found or (None, "[]")
            against = leading(judgements_from(judgements))
            entry = insert_case(connection, case, number, against[0].subject if against else None)
            append(connection, self._key, case.opened_at, entry)

    def escalate(self, case: Case) -> None:
        """Stores the escalated case unless it has moved on meanwhile."""
        with self._writing() as connection:
            escalate_case(connection, self._key, self._now(), case)

    def changed(self) -> int:
        """A number that differs when anything was committed by another connection; costs microseconds."""
        with self._one_at_a_time:
            return self._database.changed(self._connection)

    def use_plan(self, plan: ControlPlan) -> None:
        """Keeps the plan that the line is run with from now on."""
        with self._writing() as connection:
            keep_plan(connection, self._key, self._now(), self._line, plan)

    def pending_decisions(self) -> list[Decision]:
        """Decisions not carried out yet, oldest first."""
        wanted = (
            select(decisions)
            .where(decisions.c.line == self._line, decisions.c.travel.in_(TRAVELLING))
            .order_by(decisions.c.number)
        )
        with self._reading() as connection:
            return [decision_from(row) for row in connection.execute(wanted)]

    def record_order(self, decision: Decision, code: OrderCode, target: int, value: int) -> Order:
        """An order for that decision under the next sequence; the same order again when there is one already."""
        with self._reading() as connection:
            known = order_of(connection, decision.id)
        if known is not None:
            return known
        with self._writing() as connection:
            now, above = self._now(), self._order_floor
            return add_order(connection, self._key, now, decision, code, target, value, above=above)

    def orders_start_above(self, sequence: int) -> None:
        """Orders recorded from now on have a greater sequence than that, which the PLC has answered already."""
        self._order_floor = sequence

    def order_sent(self, sequence: int, boot_count: int) -> None:
        """The order is about to be written to the PLC of that boot."""
        with self._writing() as connection:
            mark_sent(connection, self._line, sequence, boot_count)

    def open_orders(self) -> list[Order]:
        """Orders recorded or sent and not settled, oldest first."""
        wanted = (
            select(orders)
            .where(orders.c.line == self._line, orders.c.state.in_(TRAVELLING))
            .order_by(orders.c.sequence)
        )
        with self._reading() as connection:
            return [order_from(row) for row in connection.execute(wanted)]

    def settle_order(self, sequence: int, state: OrderState, result: OrderResult | None, detail: str) -> None:
        """What came of the order; closes or reopens its case in the same transaction."""
        with self._writing() as connection:
            settle_order(connection, self._key, self._now(), self._line, sequence, state, result, detail)

    def settle_decision(self, decision_id: UUID, *, applied: bool, detail: str) -> None:
        """What came of a decision that needs no order (ask for a measurement)."""
        state = OrderState.DONE if applied else OrderState.REFUSED
        with self._writing() as connection:
            settle_decision(connection, self._key, self._now(), decision_id, state, detail)

    def record_measurements(
        self,
        measurements: Sequence[Measurement],
        *,
        conforming: bool,
        decision_id: UUID | None = None,
        detail: str = "",
    ) -> None:
        """What the gauge said of one part, and the end of the decision that asked; see `quality.ports.Records`."""
        if not measurements:
            return
        now = self._now()
        with self._writing() as connection:
            add_measurements(connection, self._key, now, self._line, measurements, conforming=conforming)
            if decision_id is not None:
                settle_decision(connection, self._key, now, decision_id, OrderState.DONE, detail)

    def raise_alarm(self, alarm: Alarm) -> None:
        """Opens the alarm unless one of the same source and kind is open; a latched one takes its place."""
        with self._reading() as connection:
            if not alarm.latched and stands(connection, self._line, alarm.source, alarm.kind):
                return
        with self._writing() as connection:
            add_alarm(connection, self._line, alarm)

    def clear_alarm(self, source: str, kind: str, at: datetime) -> None:
        """Closes the alarm of that source and kind, if open."""
        with self._reading() as connection:
            if not stands(connection, self._line, source, kind):
                return
        with self._writing() as connection:
            end_alarm(connection, self._line, source, kind, at)

    def clear_alarms(self, at: datetime) -> None:
        """Closes every alarm of the line that is not latched."""
        with self._writing() as connection:
            end_alarms(connection, self._line, at)

    def show_line(self, state: Mapping[str, object]) -> None:
        """Replaces the line's live state, for the review station."""
        with self._writing() as connection:
            replace_state(connection, self._line, state, self._now())

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._one_at_a_time, self._database.reading(self._connection) as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._one_at_a_time, self._database.writing(self._connection) as connection:
            yield connection

    @property
    def _here(self) -> ColumnElement[bool]:
        return (inspections.c.line == self._line) & (inspections.c.station == self._station)
