"""The line as a whole: its live state, its newest good picture, and counts for metrics."""

import orjson
from sqlalchemy import Connection, func, select

from quality.judgement import Verdict
from records.moments import moment
from records.tables import alarms, cases, decisions, frames, inspections, line_states
from records.views import FrameView


def state_of(connection: Connection, line: str) -> dict[str, object] | None:
    """What the edge last showed, and when (`shown_at`)."""
    row = connection.execute(select(line_states).where(line_states.c.line == line)).first()
    if row is None:
        return None
    state: dict[str, object] = orjson.loads(row.state)
    return {**state, "shown_at": moment(row.shown_at).isoformat()}


def newest_good_frame(connection: Connection, line: str, camera: str) -> FrameView | None:
    """The newest kept picture of a part that passed."""
    wanted = (
        select(frames)
        .join(inspections, inspections.c.id == frames.c.inspection_id)
        .where(frames.c.camera == camera, inspections.c.line == line, inspections.c.verdict == Verdict.PASS.value)
        .order_by(frames.c.id.desc())
        .limit(1)
    )
    row = connection.execute(wanted).first()
    if row is None:
        return None
    return FrameView(row.camera, row.sha256, moment(row.captured_at), row.width, row.height, kept=True)


def totals_of(connection: Connection, line: str) -> dict[str, dict[str, int]]:
    """Counts by verdict, case state, decision kind, and standing alarms by priority."""
    counted = {
        "inspections": (inspections.c.verdict, inspections.c.line == line),
        "cases": (cases.c.state, cases.c.line == line),
        "decisions": (decisions.c.kind, decisions.c.line == line),
        "alarms": (alarms.c.priority, (alarms.c.line == line) & alarms.c.cleared_at.is_(None)),
    }
    return {
        subject: {
            str(kind): int(number)
            for kind, number in connection.execute(select(by, func.count()).where(of_line).group_by(by))
        }
        for subject, (by, of_line) in counted.items()
    }
