"""Tracing: parts in the order made, for control charts and for what surrounds one part."""

from collections.abc import Collection, Sequence
from uuid import UUID

from quality.order import Order
from records.database import Database
from records.reading.tracing import cases_about, measured_series, orders_for, passages_around
from records.trace_views import MeasuredSeries, Span, Surroundings
from records.views import Filter


class TraceRecords:
    """The store, as the SPC and the part pages need it. Every method raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def measured(
        self, wanted: Filter, count: int, readings: Collection[str] = (), span: Span | None = None
    ) -> MeasuredSeries:
        """The newest `count` measured parts of the filter's line and characteristic, oldest first.

        Times are those of the passage. `readings` names what is wanted of each passage's readings.
        """
        with self._database.read() as connection:
            return measured_series(connection, wanted, span, count, readings)

    def around(self, inspection_id: int, count: int, readings: Collection[str] = ()) -> Surroundings | None:
        """A passage with at most `count` of its station before it and after it; None when there is none."""
        with self._database.read() as connection:
            return passages_around(connection, inspection_id, count, readings)

    def cases_about(self, inspection_ids: Sequence[int]) -> tuple[UUID, ...]:
        """The ids of the cases about those inspections, newest first."""
        with self._database.read() as connection:
            return cases_about(connection, inspection_ids)

    def orders_for(self, decision_ids: Sequence[UUID]) -> tuple[Order, ...]:
        """The orders that those decisions became, newest first."""
        with self._database.read() as connection:
            return orders_for(connection, decision_ids)
