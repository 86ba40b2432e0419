"""Alarms of the running edge process: raised once, cleared once, each by source and kind.

What is wrong with something stands while it is so. What has happened (parts that were never seen) nothing undoes:
that stands until a person acknowledges it, which the store sees to, also while this process is down.
"""

from collections.abc import Mapping

from edge.cycle.writer import Writer
from quality.alarm import Alarm, Priority
from quality.ports import Clock, Records


class Alarms:
    """What stands now; the store is told only when that changes."""

    def __init__(self, records: Records, write: Writer, clock: Clock) -> None:
        self._records = records
        self._write = write
        self._clock = clock
        self._standing: dict[tuple[str, str], str] = {}

    async def start_afresh(self) -> None:
        """Closes what an earlier run left standing; what is still wrong is raised again.

        What has happened stays until somebody knows.
        """
        await self._write(self._records.clear_alarms, self._clock.now())

    async def raise_(self, source: str, kind: str, priority: Priority, sentence: str) -> None:
        """The alarm stands from now on, unless it does already."""
        key = (source, kind)
        if key not in self._standing:
            self._standing[key] = sentence
            alarm = Alarm(source, kind, priority, sentence, self._clock.now())
            await self._write(self._records.raise_alarm, alarm)

    async def again(self, source: str, kind: str, priority: Priority, sentence: str) -> None:
        """It has happened once more: an alarm of its own, in place of one that stands for an earlier time."""
        await self.clear(source, kind)
        await self.raise_(source, kind, priority, sentence)

    async def happened(self, source: str, kind: str, priority: Priority, sentence: str) -> None:
        """It has happened, perhaps once more: stands until a person acknowledges it, over restarts too."""
        alarm = Alarm(source, kind, priority, sentence, self._clock.now(), latched=True)
        await self._write(self._records.raise_alarm, alarm)

    async def clear(self, source: str, kind: str) -> None:
        """The alarm stands no longer."""
        if self._standing.pop((source, kind), None) is not None:
            await self._write(self._records.clear_alarm, source, kind, self._clock.now())

    async def only(self, kind: str, priority: Priority, sentences: Mapping[str, str]) -> None:
        """Exactly these sources have an alarm of that kind from now on."""
        for source in self.sources(kind):
            if source not in sentences:
                await self.clear(source, kind)
        for source, sentence in sentences.items():
            await self.raise_(source, kind, priority, sentence)

    def sources(self, kind: str) -> list[str]:
        """Where an alarm of that kind stands."""
        return [source for source, standing in self._standing if standing == kind]

    def sentence(self, source: str) -> str:
        """What is wrong with the source now, or an empty text."""
        return next((text for (where, _), text in self._standing.items() if where == source), "")

    def of_device(self, name: str) -> str:
        """What is wrong with that device now; its alarms may name its address behind it."""
        return next((text for (where, _), text in self._standing.items() if where.split(" ")[0] == name), "")
