"""All twelve invariants over one shift: they hear every fact, and look into the store from time to time."""

from collections.abc import Callable, Mapping
from typing import Final

from edge.trial.chronicle import Crashed, Fact
from edge.trial.invariants.decisions import AppliedOnce, OneWins, ParameterAsDecided
from edge.trial.invariants.evidence import Cited, SoundEvidence
from edge.trial.invariants.gate import HoldsArriveInTime, NothingHeldPasses, SilenceHolds
from edge.trial.invariants.recovery import Recovers
from edge.trial.invariants.rule import Rule, Scene, Violation
from edge.trial.invariants.store import EveryPartCounted, LedgerHolds, NothingIsLost
from edge.trial.line import LINE
from records.views import Filter, InspectionDetail

LOOK_EVERY_S: Final = 1.0
EXAMINE_EVERY_S: Final = 300.0
PAGE: Final = 50
RULES: Final[tuple[type[Rule], ...]] = (
    NothingHeldPasses,
    HoldsArriveInTime,
    AppliedOnce,
    NothingIsLost,
    LedgerHolds,
    Cited,
    SoundEvidence,
    SilenceHolds,
    OneWins,
    EveryPartCounted,
    ParameterAsDecided,
    Recovers,
)


class Invariants:
    """Begin with `watch`, end with `close`; `violations` grows meanwhile, and `broken` is called with each."""

    def __init__(self, scene: Scene, broken: Callable[[Violation], None]) -> None:
        self._scene = scene
        self._broken = broken
        self._rules = tuple(rule(scene, self._break) for rule in RULES)
        self._last_id = 0
        self._examined_at = 0.0
        self.violations: list[Violation] = []

    @property
    def checks(self) -> Mapping[int, int]:
        """How often each was checked, by number."""
        return {rule.number: rule.checks for rule in self._rules}

    def watch(self) -> None:
        """Looks about once a second from now on."""
        for rule in self._rules:
            rule.look()
        if self._scene.now() - self._examined_at >= EXAMINE_EVERY_S:
            self.examine()
        self._scene.later(LOOK_EVERY_S, self.watch)

    def heard(self, fact: Fact) -> None:
        """For the chronicle."""
        self._scene.heard(fact)
        for rule in self._rules:
            rule.heard(fact)
        if isinstance(fact, Crashed):
            self.examine()

    def examine(self) -> None:
        """Looks into the store."""
        self._examined_at = self._scene.now()
        fresh = self._fresh()
        for rule in self._rules:
            rule.examine(fresh)

    def close(self) -> None:
        """The shift is over."""
        self.examine()
        for rule in self._rules:
            rule.close()

    def _fresh(self) -> list[InspectionDetail]:
        """Inspections stored since the last look, oldest first."""
        numbers: list[int] = []
        below: int | None = None
        while True:
            page = self._scene.records.inspections(Filter(line=LINE), below, PAGE)
            numbers += [row.id for row in page.rows if row.id > self._last_id]
            if page.next_below is None or page.rows[-1].id <= self._last_id:
                break
            below = page.next_below
        self._last_id = max(numbers, default=self._last_id)
        details = (self._scene.records.inspection(number) for number in reversed(numbers))
        return [detail for detail in details if detail is not None]

    def _break(self, violation: Violation) -> None:
        self.violations.append(violation)
        self._broken(violation)
