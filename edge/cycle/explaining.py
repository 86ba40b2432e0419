"""Says what moved the forecast of a suspect part, behind the gate's back: the verdict does not wait for it.

Explaining runs the model some tens of times. So it has a thread of its own, is asked once the PLC has the verdict,
and about the newest suspect part alone: when parts come faster than they can be explained, some go unexplained.
"""

import asyncio

from edge.cycle.model_thread import ModelThread
from edge.cycle.writer import Writer
from quality.evidence import NoEvidence
from quality.inspection import Inspection
from quality.judge import leading
from quality.judgement import Verdict
from quality.ports import Explainer, Records


class Explaining:
    """`thread` is the one in which the explainer is asked."""

    def __init__(self, explainer: Explainer, thread: ModelThread, records: Records, write: Writer) -> None:
        self._explainer = explainer
        self._thread = thread
        self._records = records
        self._write = write
        self._newest: Inspection | None = None
        self._asked = asyncio.Event()

    def ask(self, inspection: Inspection) -> None:
        """Has the part explained, if it is suspect for something that is forecast."""
        if self._about(inspection) is not None:
            self._newest = inspection
            self._asked.set()

    async def run(self) -> None:
        """Explains for ever."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            if self._newest is not None:
                await self.explain(self._newest)

    async def explain(self, inspection: Inspection) -> None:
        """Records what moved the forecast of the part's gravest characteristic; nothing when that is not known."""
        about = self._about(inspection)
        if about is None:
            return
        cycle, readings = inspection.cycle, inspection.evidence.readings
        influences = await self._thread.ask(self._explainer.explain, cycle, readings, about)
        if influences and not isinstance(influences, NoEvidence):
            await self._write(self._records.record_influences, cycle, about, influences)

    @staticmethod
    def _about(inspection: Inspection) -> str | None:
        forecast = inspection.evidence.forecast
        if forecast is None:
            return None
        suspect = (j.subject for j in leading(inspection.judgements) if j.verdict is not Verdict.PASS)
        return next((subject for subject in suspect if subject in forecast.characteristics), None)
