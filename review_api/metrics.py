"""What Prometheus is told: counts from the store at each scrape, and the requests served."""

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from quality.ports import Clock
from records.review_records import ReviewRecords
from review_api.line import age_s


class Metrics:
    """The station's own registry."""

    def __init__(self, line: str, records: ReviewRecords, clock: Clock) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Store(line, records, clock))
        self._requests = Counter(
            "jidoka_http_requests", "Requests served", ["method", "status"], registry=self._registry
        )

    def served(self, method: str, status: int) -> None:
        """Counts one request."""
        self._requests.labels(method, str(status)).inc()

    def exposition(self) -> bytes:
        """Everything in Prometheus' text format; reads the store."""
        return generate_latest(self._registry)


class _Store(Collector):
    def __init__(self, line: str, records: ReviewRecords, clock: Clock) -> None:
        self._line = line
        self._records = records
        self._clock = clock

    def describe(self) -> Iterator[Metric]:
        """Nothing beforehand, so that registering does not read the store."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Reads the store once."""
        totals = self._records.totals(self._line)
        yield self._counter("jidoka_inspections", "Inspections recorded", "verdict", totals["inspections"])
        yield self._counter("jidoka_decisions", "Decisions taken", "kind", totals["decisions"])
        yield self._gauge("jidoka_cases", "Cases by state", "state", totals["cases"])
        yield self._gauge("jidoka_alarms_standing", "Alarms that stand", "priority", totals["alarms"])
        state = self._records.line_state(self._line) or {}
        latency = state.get("latency_ms")
        if isinstance(latency, Mapping):
            seconds = {name.removeprefix("p"): float(ms) / 1000 for name, ms in latency.items()}
            help_ = "Trigger seen to verdict acknowledged by the PLC, percentiles of the latest parts"
            yield self._gauge("jidoka_verdict_latency_seconds", help_, "percentile", seconds)
        age = age_s(state or None, self._clock.now())
        if age is not None:
            shown = GaugeMetricFamily(
                "jidoka_line_state_age_seconds", "Since the edge last showed the line", labels=["line"]
            )
            shown.add_metric([self._line], age)
            yield shown

    def _counter(self, name: str, help_: str, label: str, counts: Mapping[str, int]) -> CounterMetricFamily:
        family = CounterMetricFamily(name, help_, labels=["line", label])
        for value, count in counts.items():
            family.add_metric([self._line, value], count)
        return family

    def _gauge(self, name: str, help_: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
        family = GaugeMetricFamily(name, help_, labels=["line", label])
        for value, number in values.items():
            family.add_metric([self._line, value], number)
        return family
