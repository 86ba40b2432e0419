"""The people of a trial: engineers with tablets, who look at what is held and decide, in their own time.

They decide through the very store call that the review station makes, and believe only what it tells them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from random import Random
from typing import Any, Final, Protocol
from uuid import UUID

from edge.trial.chronicle import Chronicle, Decided, Refused, Seconded
from edge.trial.line import LARGEST_OFFSET_UM, LARGEST_STEP_UM, LINE, PARAMETERS
from edge.trial.schedule import FaultKind
from quality.case import Case, CaseKind, CaseState, Decision, DecisionKind, Disposition, Refusal, Second
from quality.characteristic import LineId
from quality.order import OrderState
from quality.plan import ControlPlan, Role
from quality.ports import Clock, StoreError
from records.review_records import ReviewRecords
from review_api.line import parameter_in_force

LOOK_EVERY_S: Final = (20.0, 50.0)
SEND_AGAIN_AFTER_S: Final = 2.0
LOOKED_AT_WITHIN_S: Final = (4.0, 20.0)
"""How soon the second person has looked at what the first has decided."""
AGREED_SHARE: Final = 0.8
STANDSTILL_S: Final = (20.0, 90.0)
"""How long somebody stops the line for."""
OFTEN_ENOUGH: Final = 0.9
BY_HAND: Final = "take this one out by hand"
"""What a person reads and does: the rest of the sentence is to confirm the hold."""
NAMES: Final = ("Ana", "Ben")
_WAITING: Final = frozenset({CaseState.OPEN})


class Station(Protocol):
    """The review station's way to the store: runs the call as its process would."""

    def __call__(self, call: Callable[..., Any], *args: Any) -> Awaitable[Any]:
        """The call's result, once it is durable; raises what it raises, StoreError among it."""
        ...


class People:
    """Two engineers at one line. `now` gives the shift's time, `take_out` takes a part of that serial by hand."""

    def __init__(
        self,
        records: ReviewRecords,
        station: Station,
        plan: ControlPlan,
        clock: Clock,
        chronicle: Chronicle,
        now: Callable[[], float],
        random: Random,
        take_out: Callable[[str], None],
    ) -> None:
        self._records = records
        self._take_out = take_out
        self._station = station
        self._plan = plan
        self._clock = clock
        self._chronicle = chronicle
        self._now = now
        self._random = random
        self._until: dict[FaultKind, float] = {}
        self._taken: list[Decision] = []
        self.resting = False
        """True once nobody changes anything about the line any more: what is held is decided on, and the list of
        alarms is read.
        """

    def begin(self, kind: FaultKind, seconds: float) -> None:
        """They behave like that from now on, for that long."""
        self._until[kind] = self._now() + seconds

    async def run(self) -> None:
        """Looks and decides for ever."""
        while True:
            await self._clock.sleep(self._random.uniform(*LOOK_EVERY_S))
            if self._active(FaultKind.NOBODY_DECIDES):
                continue
            page = await self._see(self._records.cases, LINE, _WAITING)
            for row in reversed(page.rows if page is not None else ()):
                # Half of them wait for the next look, as long as there is one.
                if self.resting or self._random.random() < 0.5:  # noqa: PLR2004
                    await self._decide_on(row.case)
            if self.resting:
                await self._acknowledge()
            elif self._random.random() > OFTEN_ENOUGH:
                await self._decide_on_the_line()

    async def _see(self, call: Callable[..., Any], *args: Any) -> Any:
        """What the tablet shows; None when the store does not answer, and they try again later."""
        try:
            return await self._station(call, *args)
        except StoreError:
            return None

    async def _acknowledge(self) -> None:
        """Reads the list of alarms, and says that they know of each."""
        for listed in await self._see(self._records.listed_alarms, LINE, self._clock.now()) or ():
            await self._see(self._records.acknowledge_alarm, LINE, listed.alarm.id, NAMES[0], self._clock.now())

    async def _decide_on(self, case: Case) -> None:
        decision = self._about(case)
        if await self._told_to_take_it_out(case):
            self._take_out(case.serial)
            decision = replace(decision, kind=DecisionKind.CONFIRM_HOLD, disposition=Disposition.REWORK)
        if self._active(FaultKind.STALE_DECISION) and case.version > 1:
            decision = replace(decision, case_version=case.version - 1)
        if self._active(FaultKind.TWO_DECIDE):
            other = self._about(case)
            await asyncio.gather(self._take(decision), self._take(replace(other, decided_by=NAMES[1])))
            return
        await self._take(decision)
        if self._active(FaultKind.REPLAYED_DECISION):
            await self._take(replace(decision, decided_at=self._clock.now()))
        if self._active(FaultKind.CHANGED_REPLAY):
            await self._take(replace(decision, reason="something else"))

    async def _told_to_take_it_out(self, case: Case) -> bool:
        """The PLC cannot tell this part from another; what was answered last says so."""
        detail = await self._see(self._records.case, case.id)
        return detail is not None and bool(detail.decisions) and BY_HAND in detail.decisions[-1].detail

    async def _decide_on_the_line(self) -> None:
        if self._random.random() < 0.3:  # noqa: PLR2004 - the rest are adjustments
            await self._take(self._decision(DecisionKind.STOP_LINE))
            await self._clock.sleep(self._random.uniform(*STANDSTILL_S))
            await self._take(self._decision(DecisionKind.RESUME))
            return
        parameter = self._random.choice(PARAMETERS)
        current = await self._in_force(parameter)
        value = (current or 0.0) + self._random.randint(-LARGEST_STEP_UM - 5, LARGEST_STEP_UM + 5)
        value = max(-LARGEST_OFFSET_UM - 5.0, min(LARGEST_OFFSET_UM + 5.0, value))
        await self._take(
            replace(self._decision(DecisionKind.ADJUST_PARAMETER), parameter=parameter, value=value), current
        )

    async def _in_force(self, parameter: str) -> float | None:
        state = await self._see(self._records.line_state, LINE)
        return parameter_in_force(state, parameter, self._clock.now())

    def _about(self, case: Case) -> Decision:
        """What this person makes of that case; wishes that the rules refuse among it."""
        kind = self._random.choices(
            (DecisionKind.RELEASE, DecisionKind.CONFIRM_HOLD, DecisionKind.MEASURE), (0.4, 0.5, 0.1)
        )[0]
        if case.kind is CaseKind.ESCAPE and kind is DecisionKind.MEASURE:
            kind = DecisionKind.CONFIRM_HOLD
        disposition = self._random.choice(tuple(Disposition)) if kind is DecisionKind.CONFIRM_HOLD else None
        return replace(self._decision(kind), case_id=case.id, case_version=case.version, disposition=disposition)

    def _decision(self, kind: DecisionKind) -> Decision:
        return Decision(
            id=UUID(int=self._random.getrandbits(128), version=4),
            kind=kind,
            line=LineId(LINE),
            decided_by=NAMES[0],
            role=Role.ENGINEER,
            decided_at=self._clock.now(),
            reason="as seen",
        )

    async def _take(self, decision: Decision, current: float | None = None) -> None:
        """Decides, and has the other one look at it where it needs two; notes what they were told."""
        try:
            stored = await self._sent(self._records.decide, decision, self._plan, current)
        except Refusal as refusal:
            self._chronicle.tell(Refused(self._now(), decision, refusal))
            return
        self._chronicle.tell(Decided(self._now(), decision, stored))
        if stored.travel is OrderState.PROPOSED:
            await self._clock.sleep(self._random.uniform(*LOOKED_AT_WITHIN_S))
            await self._second(decision)

    async def _second(self, decision: Decision) -> None:
        current = None if decision.parameter is None else await self._in_force(decision.parameter)
        other = next(name for name in NAMES if name != decision.decided_by)
        agrees = self._random.random() < AGREED_SHARE
        opinion = Second(other, Role.ENGINEER, self._clock.now(), agrees, "" if agrees else "not as I see it")
        try:
            await self._sent(self._records.second, decision.id, opinion, self._plan, current)
        except Refusal as refusal:
            self._chronicle.tell(Refused(self._now(), decision, refusal))
            return
        self._chronicle.tell(Seconded(self._now(), decision, opinion))

    async def _sent(self, call: Callable[..., Any], *args: Any) -> Any:
        """Sends it until there is an answer, as the tablet does, and returns that. Raises Refusal."""
        while True:
            try:
                answer = await self._station(call, *args)
            except StoreError:
                answer = None
            if answer is not None:
                return answer
            await self._clock.sleep(SEND_AGAIN_AFTER_S)

    def _active(self, kind: FaultKind) -> bool:
        return self._now() < self._until.get(kind, 0.0)
