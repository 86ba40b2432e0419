"""What a verdict rests on: one part, its own frame and readings, sound models, and the plan in force."""

import math
from collections.abc import Callable, Sequence
from typing import Final

from edge.trial.camera import BRIGHTNESS
from edge.trial.chronicle import Entered, Exposed, Fact, VerdictTaken
from edge.trial.invariants.rule import Rule, Scene, Violation, on_wire
from edge.trial.line import CHARACTERISTICS, LINE, MODELS, PHYSICAL, READINGS, STATION
from edge.trial.parts import kind_of
from quality.case import CaseState
from quality.judgement import Verdict
from quality.station import VerdictAnswer
from records.views import InspectionDetail

CODES: Final = {1: Verdict.PASS, 2: Verdict.REVIEW, 3: Verdict.HOLD}
BAD_CHECK_WORD: Final = 18
NEARLY: Final = 1e-5
"""Relative error of a reading that travelled as a 32-bit float."""
SCORE_ERROR: Final = 0.03
"""What JPEG makes of a brightness."""
Key = tuple[int, int]


class Cited(Rule):
    """A verdict can be traced to what it was about and what it was made with."""

    number = 6
    sentence = "every verdict cites exactly one trigger, its frames, model digest and plan version"

    def __init__(self, scene: Scene, broken: Callable[[Violation], None]) -> None:
        super().__init__(scene, broken)
        self._entered: dict[Key, Entered] = {}
        self._exposed: dict[str, Exposed] = {}
        self._cited: set[Key] = set()

    def heard(self, fact: Fact) -> None:
        """A verdict that the PLC is given stands in the store already, about the same part."""
        match fact:
            case Entered():
                self._entered[fact.boot, fact.sequence] = fact
            case Exposed():
                self._exposed.setdefault(fact.sha256, fact)
            case VerdictTaken() if fact.sequence and fact.answer != BAD_CHECK_WORD:
                verdict = CODES[fact.verdict]
                self.must(
                    self._stands(fact, verdict),
                    f"the PLC was given {verdict} for part {fact.serial}, cycle {fact.sequence}, which nothing"
                    " in the store says",
                )
            case _:
                pass

    def examine(self, fresh: Sequence[InspectionDetail]) -> None:
        """What each inspection names must be so."""
        for one in fresh:
            row = one.row
            key = row.boot_count, row.cycle_sequence
            what = f"the {row.verdict} of part {row.serial}, cycle {key[1]} of boot {key[0]},"
            entered = self._entered.get(key)
            self.must(
                entered is not None and entered.part.serial == row.serial,
                f"{what} is about a part that was not there",
            )
            self.must(key not in self._cited, f"{what} is the second about one trigger")
            self._cited.add(key)
            self.must(row.plan_version == self.scene.plan.version, f"{what} names another plan")
            self.must(row.models == tuple(digest for _, digest in MODELS), f"{what} names other models")
            self.must((row.line, row.station) == (LINE, STATION), f"{what} names another station")
            for frame in one.frames:
                self.must(frame.sha256 in self._exposed, f"{what} names a picture that was never taken")

    def _stands(self, fact: VerdictTaken, verdict: Verdict) -> bool:
        rows = [
            row
            for row in self.scene.inspections_of(fact.serial)
            if (on_wire(row.cycle_sequence), row.serial) == (fact.sequence, fact.serial)
        ]
        if any(row.boot_count == fact.boot and row.verdict is verdict for row in rows):
            return True
        # A hold is told again as long as somebody has to decide on it, whatever the first verdict was called.
        waiting = self.scene.records.cases(LINE, frozenset(CaseState)).rows if verdict is Verdict.HOLD else ()
        return any(
            (on_wire(one.case.cycle_sequence), one.case.serial) == (fact.sequence, fact.serial) for one in waiting
        )


class SoundEvidence(Rule):
    """A part passes because of what is known about it, never for want of knowledge.

    A PASS that the PLC did not take lets nothing pass: the part had left before, under the key-switch or by hand,
    and its pictures may show whatever stood there then. Of such a PASS somebody must be told.
    """

    number = 7
    sentence = "no PASS rests on stale, NaN, corrupt or missing evidence"

    def __init__(self, scene: Scene, broken: Callable[[Violation], None]) -> None:
        super().__init__(scene, broken)
        self._entered: dict[Key, Entered] = {}
        self._exposed: dict[str, Exposed] = {}
        self._unanswered: list[int] = []

    def heard(self, fact: Fact) -> None:
        """Keeps what was there to be seen."""
        match fact:
            case Entered():
                self._entered[fact.boot, fact.sequence] = fact
            case Exposed():
                self._exposed.setdefault(fact.sha256, fact)
            case _:
                pass

    def examine(self, fresh: Sequence[InspectionDetail]) -> None:
        """Holds each PASS against the part that stood there, once it is answered."""
        waiting, self._unanswered = self._unanswered, []
        known = (self.scene.records.inspection(number) for number in waiting)
        for one in (*(one for one in known if one is not None), *fresh):
            if one.row.verdict is not Verdict.PASS:
                continue
            entered = self._entered.get((one.row.boot_count, one.row.cycle_sequence))
            if one.row.answer is None:
                self._unanswered.append(one.row.id)
            elif one.row.answer != VerdictAnswer.ACCEPTED:
                self.must(
                    self.scene.alarmed(0.0, self.scene.now(), {"verdict refused"}),
                    f"the PASS of part {one.row.serial} was refused, and nobody was told",
                )
            elif entered is not None:
                self._rests_on_truth(one, entered)

    def _rests_on_truth(self, one: InspectionDetail, entered: Entered) -> None:
        what = f"the PASS of part {one.row.serial}, cycle {entered.sequence} of boot {entered.boot},"
        for at, name in enumerate(READINGS):
            truth, read = float(entered.part.readings[at]), one.readings.get(name, math.nan)
            self.must(
                math.isclose(read, truth, rel_tol=NEARLY), f"{what} rests on {name} = {read}, which was {truth}"
            )
            self.must(PHYSICAL[0] <= truth <= PHYSICAL[1], f"{what} rests on {name} = {truth}, which cannot be")
        forecasts = {each.characteristic: each for each in one.forecasts}
        for name in CHARACTERISTICS:
            seen = forecasts.get(name)
            self.must(
                seen is not None and math.isfinite(seen.mean) and seen.scale > 0,
                f"{what} rests on no forecast of {name}",
            )
        self.must(len(one.frames) == 1 == len(one.findings), f"{what} rests on {len(one.frames)} frame(s)")
        for frame in one.frames:
            picture = self._exposed.get(frame.sha256)
            self.must(
                picture is not None
                and picture.sound
                and picture.serial == one.row.serial
                and picture.at >= entered.at,
                f"{what} rests on {_described(picture, entered)}",
            )
        for finding in one.findings:
            expected = BRIGHTNESS[kind_of(entered.part)] / 255
            self.must(
                abs(finding.score - expected) <= SCORE_ERROR,
                f"{what} rests on a score of {finding.score:.2f}, its face deserves {expected:.2f}",
            )


def _described(picture: Exposed | None, entered: Entered) -> str:
    if picture is None:
        return "a picture that was never taken"
    damage = "" if picture.sound else "damaged "
    return (
        f"a {damage}picture of part {picture.serial}, taken at {picture.at:.3f}; the part came at {entered.at:.3f}"
    )
