"""What a listing costs does not grow with the store: every page is a walk along an index, sorted by nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from quality.case import CaseState
from quality.judgement import Verdict
from records.views import Filter
from tests.unit.records.making import LINE, START

DAY = timedelta(days=1)
FILTERS = [
    Filter(),
    Filter(line=LINE),
    Filter(line=LINE, verdict=Verdict.HOLD),
    Filter(line=LINE, since=START),
    Filter(until=START),
    Filter(line=LINE, since=START, until=START + DAY),
    Filter(serial="BEAM-1"),
]


@pytest.fixture
def plans(database):
    """Collects SQLite's plan of every query that runs."""
    found: list[str] = []

    def explain(cursor, statement, parameters) -> None:
        if statement.startswith("SELECT"):
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            found.extend(row[3] for row in cursor.fetchall())

    def listen(_connection, cursor, statement, parameters, _context, _many) -> None:
        explain(cursor, statement, parameters)

    event.listen(database._engine, "before_cursor_execute", listen)
    yield found
    event.remove(database._engine, "before_cursor_execute", listen)


@pytest.mark.parametrize("below", [None, 1000])
@pytest.mark.parametrize("wanted", FILTERS)
def test_a_page_of_inspections_is_never_sorted_and_never_starts_from_everything(review, plans, wanted, below):
    review.inspections(wanted, below)
    assert plans
    assert not [step for step in plans if "TEMP B-TREE" in step]
    if wanted != Filter():
        assert not [step for step in plans if step.startswith("SCAN inspections")]
    if wanted.since or wanted.until:
        assert sum("COVERING INDEX inspections_triggered_at" in step for step in plans) == 2


def test_pages_of_cases_decisions_and_measurements_are_never_sorted(review, plans):
    review.cases(LINE, None)
    review.cases(LINE, frozenset({CaseState.OPEN}))
    review.decisions(Filter(line=LINE))
    review.measurements(Filter(line=LINE))
    review.measurements(Filter(line=LINE, characteristic="hole_1_x_mm"))
    assert len(plans) >= 5
    assert not [step for step in plans if "TEMP B-TREE" in step or step.startswith("SCAN")]


def test_what_the_edge_asks_for_on_every_part_is_found_by_index(edge, plans):
    edge.last_cycle()
    edge.open_cases()
    edge.pending_decisions()
    edge.open_orders()
    edge.unanswered_verdicts()
    assert plans
    assert not [step for step in plans if step.startswith("SCAN")]


def test_a_search_by_serial_walks_the_narrow_index(review, plans):
    review.parts("123")
    assert any("COVERING INDEX inspections_serial" in step for step in plans)
