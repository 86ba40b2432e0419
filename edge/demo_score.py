"""Holds what was recorded of a demo against the simulated line's truth, asked for once at the end."""

import json
import urllib.request
from collections import Counter
from collections.abc import Iterator

from edge.settings import LineSettings
from edge.store import open_database
from quality.judgement import Verdict
from quality.station import VerdictAnswer
from records.pictures import Pictures
from records.review_records import ReviewRecords
from records.views import Filter, InspectionRow

PAGE = 500
IN_FLIGHT = 20
"""More parts than can ever wait for an answer at once."""


class DemoRecords:
    """The records of the demo's line, read beside the running processes."""

    def __init__(self, settings: LineSettings) -> None:
        self._line = settings.line
        self._database = open_database(settings, checkpoint=False)
        self._records = ReviewRecords(self._database, Pictures(settings.store.frames))

    def inspections(self) -> Iterator[InspectionRow]:
        """Every inspection, newest first."""
        below: int | None = None
        while True:
            page = self._records.inspections(Filter(line=self._line), below, PAGE)
            yield from page.rows
            if (below := page.next_below) is None:
                return

    def answered(self) -> int:
        """How many verdicts the PLC has answered."""
        unanswered = sum(row.answer is None for row in self._records.recent_inspections(self._line, IN_FLIGHT))
        return sum(self._records.totals(self._line)["inspections"].values()) - unanswered

    def latency_ms(self) -> object:
        """The percentiles that the edge process shows."""
        return (self._records.line_state(self._line) or {}).get("latency_ms")

    def close(self) -> None:
        """Gives the connections back."""
        self._database.close()


def score(records: DemoRecords, truth_address: str, seed: int, seconds: float) -> dict[str, object]:
    """The demo's answer. `caught_share` and `false_hold_share` count REVIEW as held, for the gate does."""
    with urllib.request.urlopen(truth_address, timeout=30) as answer:  # noqa: S310 - our own simulator
        made = {part["serial"]: part for part in json.load(answer)["parts"]}
    rows = list(records.inspections())
    verdicts = Counter(row.verdict for row in rows)
    stopped = [row for row in rows if row.verdict is not Verdict.PASS]
    nonconforming = {serial for serial, part in made.items() if not part["conforming"]}
    passed = {serial for serial, part in made.items() if part["passed_by"] is not None}
    allowed = {row.serial for row in rows if row.verdict is Verdict.PASS}
    permitted = {s for s in passed if s in allowed or made[s]["passed_by"] in {"release", "bypass"}}
    false_holds = sum(row.serial not in nonconforming for row in stopped)
    caught = sum(row.serial in nonconforming for row in stopped)
    conforming = len(made) - len(nonconforming)
    return {
        "parts": len(rows),
        "verdicts": {verdict.value: verdicts[verdict] for verdict in Verdict},
        "holds": len(stopped),
        "holds_acknowledged": sum(row.answer == VerdictAnswer.ACCEPTED for row in stopped),
        "nonconforming": len(nonconforming),
        "caught": caught,
        "caught_share": caught / len(nonconforming) if nonconforming else None,
        "escapes": len(nonconforming & passed),
        "false_holds": false_holds,
        "false_hold_share": false_holds / conforming if conforming else None,
        "passed_without_permission": len(passed - permitted),
        "latency_ms": records.latency_ms(),
        "seconds": round(seconds, 1),
        "parts_per_second": round(len(rows) / seconds, 2),
        "seed": seed,
    }
