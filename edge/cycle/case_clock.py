"""Watches the deadlines of open cases: when nobody answers, the hold stays and the next role is asked."""

from edge.cycle.alarms import Alarms
from edge.cycle.writer import Writer
from quality.alarm import Priority
from quality.case import escalate
from quality.plan import ControlPlan
from quality.ports import Clock, Records


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

    async def run(self) -> None:
        """Looks for ever."""
        while True:
            await self.look()
            await self._clock.sleep(self._every_s)

    async def look(self) -> None:
        """Escalates every open case whose deadline has passed, and keeps one alarm while there are any."""
        now = self._clock.now()
        overdue = 0
        for case in await self._write(self._records.open_cases):
            later = escalate(case, now, self._plan.reaction.escalate_to)
            overdue += later.escalated
            if later is not case:
                await self._write(self._records.escalate, later)
        if overdue:
            sentence = f"Held parts wait past their deadline; {self._plan.reaction.escalate_to} is asked."
            await self._alarms.raise_("cases", "overdue", Priority.HIGH, sentence)
        else:
            await self._alarms.clear("cases", "overdue")
