"""A model, asked in a thread of its own and within a deadline: what does not come back in time is not waited for.

A model is foreign code. It may hang, raise, or take its worker with it; then the part is held for want of
evidence, and the next part gets a fresh thread. A thread cannot be stopped from outside, so the late one is left
behind, and what it may still say belongs to nobody: an answer is only ever read from the question it was asked.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import Any, ParamSpec, TypeVar

import structlog

from quality.evidence import NoEvidence
from quality.ports import Clock
from quality.saying import Saying, saying

P = ParamSpec("P")
T = TypeVar("T")

MOST_LATE = 3
"""Threads left behind at once; a model that has as many is not asked again before one of them has come back."""

log = structlog.get_logger(__name__)


class ModelThread:
    """One model's thread. `device` names the model in reports; `make` starts a thread for it."""

    def __init__(self, device: str, make: Callable[[], Executor], clock: Clock, *, within_s: float) -> None:
        self._device = device
        self._make = make
        self._clock = clock
        self._within_s = within_s
        self._thread = make()
        self._late: set[Future[Any]] = set()

    async def ask(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | NoEvidence:
        """The model's answer, or why there is none."""
        self._late = {one for one in self._late if not one.done()}
        if len(self._late) >= MOST_LATE:
            return self._missing(
                saying("it has not come back from {count} earlier parts", count=len(self._late)),
                saying("restart the edge process; if it happens again, roll the bundle back"),
            )
        try:
            asked = self._thread.submit(call, *args, **kwargs)
        except BrokenExecutor as broken:
            return self._died(broken)
        answer = asyncio.wrap_future(asked)
        deadline = asyncio.ensure_future(self._clock.sleep(self._within_s))
        either: set[asyncio.Future[Any]] = {answer, deadline}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            deadline.cancel()
        if not answer.done():
            self._leave_behind(asked)
            answer.cancel()
            return self._missing(
                saying("it did not answer within {within} s", within=f"{self._within_s:g}"),
                saying(
                    "look at what else this computer is busy with; if it stays slow, raise models.deadline_ms or"
                    " roll the bundle back"
                ),
            )
        error = answer.exception()
        if isinstance(error, BrokenExecutor):
            return self._died(error)
        if isinstance(error, Exception):
            log.warning("model failed", model=self._device, exc_info=error)
            return self._missing(
                saying("it failed: {error}", error=f"{type(error).__name__}: {error}"[:300]),
                saying("check the bundle with `jidoka models verify`, or roll it back"),
            )
        return answer.result()

    def _leave_behind(self, asked: Future[Any]) -> None:
        self._late.add(asked)
        self._thread.shutdown(wait=False)
        self._thread = self._make()

    def _died(self, error: BrokenExecutor) -> NoEvidence:
        self._thread = self._make()
        return self._missing(
            saying("its worker has died: {error}", error=str(error)),
            saying("it has been started again; look at the log and at this computer's memory"),
        )

    def _missing(self, problem: Saying, mend: Saying) -> NoEvidence:
        return NoEvidence(self._device, problem, mend)
