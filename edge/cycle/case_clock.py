"""Watches the deadlines of open cases: when nobody answers, the hold stays and the next role is asked.

A deadline is on record as a wall time, since it outlasts this process. While the process runs it is waited for on
the clock that is never set: a computer whose wall clock jumps neither rushes people nor leaves a case lying.
"""

from uuid import UUID

from edge.cycle.alarms import Alarms
from edge.cycle.writer import Writer
from quality.alarm import Priority
from quality.case import Case, escalate
from quality.naming import CALLED
from quality.plan import ControlPlan
from quality.ports import Clock, Records
from quality.saying import saying


class CaseClock:
    """Escalates what is overdue."""

    def __init__(
        self, records: Records, write: Writer, alarms: Alarms, clock: Clock, plan: ControlPlan, *, every_s: float
    ) -> None:
        self._records = records
        self._write = write
        self._alarms = alarms
        self._clock = clock
        self._plan = plan
        self._every_s = every_s
        self._due_at: dict[UUID, float] = {}

    async def run(self) -> None:
        """Looks for ever."""
        while True:
            await self.look()
            await self._clock.sleep(self._every_s)

    def _due(self, case: Case) -> float:
        """When it is due on the monotonic clock, as worked out when the case was first seen."""
        if case.id in self._due_at:
            return self._due_at[case.id]
        allowed = (case.deadline - case.opened_at).total_seconds()
        # What a clock that was set back would add is not given.
        remaining = min((case.deadline - self._clock.now()).total_seconds(), allowed)
        return self._clock.monotonic() + remaining

    async def look(self) -> None:
        """Escalates every open case whose deadline has passed, and keeps one alarm while there are any."""
        overdue = 0
        cases = await self._write(self._records.open_cases)
        self._due_at = {case.id: self._due(case) for case in cases}
        now = self._clock.monotonic()
        for case in cases:
            late = now >= self._due_at[case.id]
            to = self._plan.reaction.escalate_to
            later = escalate(case, case.deadline, to) if late else case
            overdue += later.escalated
            if later is not case:
                await self._write(self._records.escalate, later)
        if overdue:
            sentence = saying(
                "Held parts wait past their deadline; {role} is asked.",
                role=CALLED[self._plan.reaction.escalate_to],
            )
            await self._alarms.raise_("cases", "overdue", Priority.HIGH, sentence)
        else:
            await self._alarms.clear("cases", "overdue")
