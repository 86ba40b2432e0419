"""A line for tests of deciding: nearly every part is held, as fast as one can be, and nobody is in a hurry."""

from collections.abc import Callable

from quality.case import CaseState
from records.views import CaseRow
from tests.system.running import RunningLine

FULL_SPEED = ("--takt", "0", "--lane", "100000", "--gauge-seconds", "0")


def line_of_held_parts(make_line: Callable[..., RunningLine], parts: int) -> RunningLine:
    """That line, with edge and review station running."""
    line = make_line("--seed", "7", *FULL_SPEED, "--parts", str(parts))
    text = line.path.read_text(encoding="utf-8")
    eager = text.replace("forecast: {review: 0.2, hold: 0.5}", "forecast: {review: 0.000001, hold: 0.5}")
    eager = eager.replace("decide_within_s: 300", "decide_within_s: 36000")
    assert eager.count("0.000001") == eager.count("36000") == 1, "the line file has other words by now"
    line.path.write_text(eager, encoding="utf-8")
    line.start("edge")
    line.start_review()
    return line


def waiting(line: RunningLine) -> list[CaseRow]:
    """The open cases, newest first."""
    rows: list[CaseRow] = []
    below: int | None = None
    with line.records() as records:
        while True:
            page = records.cases(line.settings.line, frozenset({CaseState.OPEN}), below, 500)
            rows += page.rows
            if (below := page.next_below) is None:
                return rows
