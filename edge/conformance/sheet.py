"""The sheet: what each check asks of the PLC, what was seen, and what to mend; and how it is filled in."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from quality.ports import EquipmentError

BenchT = TypeVar("BenchT", bound="AnyBench")


class Outcome(StrEnum):
    """How a check ended."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    SKIPPED = "skipped"


class NotSo(Exception):  # noqa: N818 - it is what the check found, not a mistake of this program
    """The PLC does not do what the rule says: what was seen instead, and what to mend."""

    def __init__(self, seen: str, mend: str) -> None:
        super().__init__(f"{seen}. Mend: {mend}")
        self.seen = seen
        self.mend = mend


class NotAsked(Exception):  # noqa: N818 - a fact about this line
    """The line has nothing that the check could ask about; says what is missing."""


class AnyBench(Protocol):
    """What the sheet needs of a bench."""

    async def recover(self) -> None:
        """Returns when the link works again, or after a few seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Check(Generic[BenchT]):
    """One question. `rule` is the section of docs/plc.md (and its number there) that it is about.

    `ask` returns what was seen, or raises NotSo or NotAsked. The check is left out when one of `needs` did not
    pass, and `parts` says that it moves parts.
    """

    number: str
    rule: str
    title: str
    ask: Callable[[BenchT], Awaitable[str]]
    needs: tuple[str, ...] = ()
    parts: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the sheet. `seen` says why when the check was left out; `mend` is empty unless it failed."""

    number: str
    rule: str
    title: str
    outcome: Outcome
    seen: str
    mend: str = ""

    def __str__(self) -> str:
        mend = f". Mend: {self.mend}" if self.mend else ""
        return f"{self.outcome:<7}  {self.number:<4}  {self.title} [{self.rule}]: {self.seen}{mend}"


async def fill_in(
    checks: Sequence[Check[BenchT]], bench: BenchT, shown: Callable[[Line], None], *, parts: bool = True
) -> list[Line]:
    """Every check in order. `shown` is given each line when it is known; without `parts` none is moved."""
    sheet: list[Line] = []
    passed: set[str] = set()
    troubled = False
    for check in checks:
        if why := _left_out(check, passed, parts=parts):
            line = _line(check, Outcome.SKIPPED, why)
        else:
            if troubled:
                await bench.recover()
            line, troubled = await _asked(check, bench)
        if line.outcome is Outcome.PASS:
            passed.add(check.number)
        sheet.append(line)
        shown(line)
    return sheet


def _left_out(check: Check[BenchT], passed: Collection[str], *, parts: bool) -> str:
    """Why the check is not tried; empty when it is."""
    if check.parts and not parts:
        return "not tried, since no part is to be moved"
    missing = [number for number in check.needs if number not in passed]
    return f"not tried, since {' and '.join(missing)} did not pass" if missing else ""


async def _asked(check: Check[BenchT], bench: BenchT) -> tuple[Line, bool]:
    """The line, and whether the link broke."""
    try:
        return _line(check, Outcome.PASS, await check.ask(bench)), False
    except NotAsked as missing:
        return _line(check, Outcome.SKIPPED, str(missing)), False
    except NotSo as found:
        return _line(check, Outcome.FAIL, found.seen, found.mend), False
    except EquipmentError as error:
        seen, _, mend = str(error).partition("; ")
        return _line(check, Outcome.FAIL, seen, mend), True


def _line(check: Check[BenchT], outcome: Outcome, seen: str, mend: str = "") -> Line:
    return Line(check.number, check.rule, check.title, outcome, seen, mend)
