"""Parts in the order made, as the control charts and the part's page read them."""

from datetime import timedelta

import pytest

from quality.case import DecisionKind
from quality.judgement import Verdict
from quality.order import OrderCode
from records.trace_views import Span
from records.views import Filter
from tests.unit.records.making import HOLE, LINE, PLAN, START, case, decision, inspection, measurement
from tests.unit.records.test_query_plans import plans

__all__ = ["plans"]

OF_HOLE = Filter(line=LINE, characteristic=HOLE)


@pytest.fixture
def line_of_six(edge):
    """Six parts, of which the odd ones are measured: at 0.01 times their number."""
    for sequence in range(1, 7):
        edge.record(inspection(sequence), None, [])
        if sequence % 2:
            edge.record_measurements([measurement(sequence, 0.01 * sequence)], conforming=sequence != 3)


def values(series):
    return [part.value for part in series.parts]


@pytest.mark.usefixtures("line_of_six")
def test_measured_parts_come_in_the_order_made_with_the_readings_asked_for(review):
    series = review.trace.measured(OF_HOLE, 10, {"coolant_c"})

    assert values(series) == pytest.approx([0.01, 0.03, 0.05])
    assert series.earlier == 0
    assert [part.serial for part in series.parts] == ["BEAM-00001", "BEAM-00003", "BEAM-00005"]
    assert series.parts[0].readings == {"coolant_c": 21.25}
    assert series.parts[0].at == START + timedelta(minutes=1)


@pytest.mark.usefixtures("line_of_six")
def test_the_newest_are_kept_and_the_earlier_ones_counted(review):
    series = review.trace.measured(OF_HOLE, 2)

    assert (values(series), series.earlier) == (pytest.approx([0.03, 0.05]), 1)


@pytest.mark.usefixtures("line_of_six")
def test_a_part_measured_twice_counts_once_with_the_later_value(edge, review):
    edge.record_measurements([measurement(3, 0.33)], conforming=True)

    assert values(review.trace.measured(OF_HOLE, 10)) == pytest.approx([0.01, 0.33, 0.05])


@pytest.mark.usefixtures("line_of_six")
def test_a_window_of_time_and_a_span_of_inspections_narrow_it(review):
    since = Filter(line=LINE, characteristic=HOLE, since=START + timedelta(minutes=2))
    ids = [part.inspection_id for part in review.trace.measured(OF_HOLE, 10).parts]

    assert values(review.trace.measured(since, 10)) == pytest.approx([0.03, 0.05])
    assert values(review.trace.measured(OF_HOLE, 10, span=Span(ids[0], ids[1]))) == pytest.approx([0.01, 0.03])
    assert review.trace.measured(Filter(line="another", characteristic=HOLE), 10).parts == ()


@pytest.mark.usefixtures("line_of_six")
def test_the_passages_around_one_say_what_was_measured(review):
    around = review.trace.around(3, 2, {"coolant_c"})

    assert [row.cycle_sequence for row in around.passages] == [1, 2, 3, 4, 5]
    assert [row.conforming for row in around.passages] == [True, None, False, None, True]
    assert (around.more_before, around.more_after) == (False, True)
    assert review.trace.around(4, 2).more_before
    assert review.trace.around(99, 2) is None


def test_the_cases_and_orders_of_a_part_are_found(edge, review):
    opened = case(1)
    edge.record(inspection(1, verdict=Verdict.HOLD), opened, [])
    release = decision(opened, DecisionKind.RELEASE)
    review.decide(release, PLAN, None)
    order = edge.record_order(release, OrderCode.RELEASE_PART, 1, 0)

    assert review.trace.cases_about([1]) == (opened.id,)
    assert [each.sequence for each in review.trace.orders_for([release.id])] == [order.sequence]
    assert review.trace.cases_about([2]) == ()


@pytest.mark.usefixtures("line_of_six")
def test_what_a_chart_costs_does_not_grow_with_the_store(review, plans):
    review.trace.measured(OF_HOLE, 10)
    assert not any("TEMP B-TREE" in plan for plan in plans), plans
    review.trace.around(3, 2)
    assert not any(plan.startswith("SCAN") for plan in plans), plans
