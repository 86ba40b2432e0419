"""The mutations: each switches one promise of the product off, by a change of its text.

Where two guards watch over the same thing both are switched off, for one alone must not be missed; that is what
the second is for. `faults` are the kinds that the trial is run with, so that it finds the gap soon.
"""

from dataclasses import dataclass

from edge.trial.schedule import FaultKind as Kind


@dataclass(frozen=True)
class Edit:
    """In that file, a text that occurs once, and what stands there instead."""

    file: str
    before: str
    after: str


@dataclass(frozen=True)
class Mutation:
    """One promise switched off."""

    name: str
    edits: tuple[Edit, ...]
    faults: tuple[Kind, ...]
    hours: float = 0.75
    """Length of a shift; in its last ten minutes nothing fails."""
    thick: int = 6
    """How many times as many faults as in an ordinary shift."""


def _one(
    name: str, file: str, before: str, after: str, *faults: Kind, hours: float = 0.75, thick: int = 6
) -> Mutation:
    return Mutation(name, (Edit(file, before, after),), faults, hours, thick)


JUDGE, JUDGING, CHOICE, ORDERS = (
    "quality/judge.py",
    "edge/cycle/judging.py",
    "edge/acquisition/choice.py",
    "edge/cycle/orders.py",
)
GRAPHS = (Kind.MODEL_NAN, Kind.MODEL_SHAPE, Kind.MODEL_RAISES)

MUTATIONS: tuple[Mutation, ...] = (
    # What is judged
    _one(
        "a forecast out of limits does not hold",
        JUDGE,
        "    verdict = verdict_at(probability, plan.forecast)",
        "    verdict = Verdict.PASS",
        Kind.SLIP,
    ),
    _one(
        "a damaged face does not hold",
        JUDGE,
        "    verdict = verdict_at(finding.score, plan.surface)",
        "    verdict = Verdict.PASS",
        Kind.SLIP,
    ),
    _one(
        "doubtful passes without a person",
        JUDGE,
        "    return Verdict.REVIEW if probability >= thresholds.review else Verdict.PASS",
        "    return Verdict.PASS",
        Kind.SLIP,
        hours=2.0,
    ),
    _one(
        "the best judgement counts instead of the worst",
        JUDGE,
        "    return max((judgement.verdict",
        "    return min((judgement.verdict",
        Kind.SLIP,
    ),
    _one(
        "missing evidence does not hold",
        JUDGE,
        'f"evidence:{missing.device}", 1.0, Verdict.HOLD,',
        'f"evidence:{missing.device}", 1.0, Verdict.PASS,',
        Kind.CAMERA_HANG,
        Kind.CAMERA_GONE,
        Kind.READING_NAN,
    ),
    _one(
        "a camera without a picture is left out",
        JUDGING,
        "        missing += (one for _, one in seen if isinstance(one, NoEvidence))\n",
        "",
        Kind.CAMERA_HANG,
        Kind.CAMERA_GONE,
    ),
    _one(
        "a forecast that failed is left out",
        JUDGING,
        "            missing.append(forecast)\n",
        "",
        *GRAPHS,
    ),
    Mutation(
        "a reading that failed is left out",
        (
            Edit(
                JUDGING,
                "        missing = [r for r in believed if isinstance(r, NoEvidence)]",
                "        missing = []",
            ),
            Edit("inference/forecast.py", "        if missing:\n", "        if False:\n"),
        ),
        (Kind.READING_OUT_OF_RANGE, Kind.READING_NAN),
    ),
    # What a sensor says
    _one(
        "a reading out of its physical range counts",
        "plc/tags.py",
        "    if not tag.lower <= value <= tag.upper:",
        "    if False:",
        Kind.READING_OUT_OF_RANGE,
    ),
    Mutation(
        "a reading that is no number counts",
        (
            Edit("plc/tags.py", "    if not math.isfinite(value):", "    if False:"),
            Edit(
                "plc/tags.py",
                "    if not tag.lower <= value <= tag.upper:",
                "    if value < tag.lower or value > tag.upper:",
            ),
            Edit(JUDGING, "isinstance(reading, NoEvidence) or math.isfinite(reading.value)", "True"),
            Edit("inference/forecast.py", "        if missing:\n", "        if False:\n"),
        ),
        (Kind.READING_NAN,),
        thick=12,
    ),
    Mutation(
        "one read is believed",
        (
            Edit(
                "plc/sweep.py",
                "            earlier = next((one for one in looks if _agree(self._all, one.words, words)), None)",
                "            earlier = look",
            ),
        ),
        (Kind.REGISTER_GLITCH,),
        hours=1.0,
        thick=30,
    ),
    _one(
        "the word order is not proved",
        "plc/registers.py",
        "    if probe != WORD_ORDER_PROBE:",
        "    if False:",
        Kind.WORD_ORDER,
    ),
    # What a reply says
    _one(
        "a reply of another length counts",
        "plc/replies.py",
        "    if len(payload) != 1 + 2 * count or payload[0] != 2 * count:",
        "    if False:",
        Kind.REPLY_WRONG_COUNT,
    ),
    # What a camera shows
    _one(
        "a picture older than its trigger counts",
        CHOICE,
        "                if grabbed.captured.monotonic > monotonic:\n                    return grabbed",
        "                if grabbed:\n                    return grabbed",
        Kind.SLIP,
    ),
    _one(
        "a frozen camera is not noticed",
        CHOICE,
        "                        refusal = await self._frozen(grabbed)",
        "                        refusal = None",
        Kind.CAMERA_FROZEN,
        Kind.PREVIOUS_FRAME,
    ),
    _one(
        "a camera's clock may run ahead",
        "edge/acquisition/examine.py",
        "    if ahead <= CLOCK_TOLERANCE_S:",
        "    if True:",
        Kind.CAMERA_CLOCK,
    ),
    Mutation(
        "a picture of another size counts",
        (
            Edit(
                "edge/acquisition/examine.py",
                "    if (width, height) != (settings.width, settings.height):",
                "    if False:",
            ),
            Edit(
                "inference/surface.py", "        if self._size and shape[:2] != self._size:", "        if False:"
            ),
            Edit(
                "inference/surface.py",
                "        if abs(rows * self._patch - height) >= self._patch"
                " or abs(columns * self._patch - width) >= self._patch:",
                "        if False:",
            ),
        ),
        (Kind.WRONG_RESOLUTION,),
    ),
    Mutation(
        "a picture that is damaged counts",
        (
            Edit(
                "edge/acquisition/pictures.py",
                "    if not encoded.rstrip(PADDING).endswith(JPEG_END):",
                "    if False:",
            ),
            Edit(
                "edge/acquisition/pictures.py",
                "    if encoded.startswith(JPEG_START):\n        return _decode_jpeg(encoded, channels, scale)",
                "    if encoded.startswith(JPEG_START):\n        return _decode_checked(encoded, channels, scale)",
            ),
        ),
        (Kind.CAMERA_CORRUPT,),
    ),
    # What a model answers
    Mutation(
        "a surface score that is no number passes",
        (
            Edit(
                "inference/surface.py",
                "        if not (0 <= score <= 1 and np.all",
                "        if False and not (0 <= score <= 1 and np.all",
            ),
            Edit(JUDGE, "    if not math.isfinite(finding.score):", "    if False:"),
            Edit(JUDGE, "    if not probability < thresholds.hold:", "    if probability >= thresholds.hold:"),
        ),
        (Kind.MODEL_NAN,),
        thick=12,
    ),
    Mutation(
        "a forecast that is no number passes",
        (
            Edit(
                "inference/forecast.py",
                "        if not (np.isfinite(mean).all() and np.isfinite(scale).all() and (scale > 0).all()):",
                "        if False:",
            ),
            Edit(JUDGE, "        return 1.0\n    spread", "        return 0.0\n    spread"),
        ),
        (Kind.MODEL_NAN,),
        thick=12,
    ),
    _one(
        "a model that raises ends the line",
        "edge/cycle/model_thread.py",
        "        if isinstance(error, Exception):",
        "        if False:",
        Kind.MODEL_RAISES,
    ),
    # Which part it is
    _one(
        "a serial that has passed gets a second chance",
        "edge/cycle/inspecting.py",
        "        if (known := await self._serials.doubt(cycle)) is not None:",
        "        if False and (known := await self._serials.doubt(cycle)) is not None:",
        Kind.SERIAL_DUPLICATE,
    ),
    _one(
        "a gap in the count is nobody's business",
        "edge/cycle/trigger.py",
        "            missed = max(0, status.cycle_sequence - before - 1)",
        "            missed = 0",
        Kind.MISSED_TRIGGER,
    ),
    _one(
        "a counter that starts again is believed",
        "edge/cycle/counting.py",
        "        here = nearest(status.cycle_sequence, self._count, self._counts_to)",
        "        here = status.cycle_sequence",
        Kind.SEQUENCE_ROLLOVER,
    ),
    # What is recorded, and told
    _one(
        "the PLC is told before the verdict is recorded",
        "edge/cycle/inspecting.py",
        "            await self._write(self._records.record, inspection, case, kept)",
        "            await self._answer(inspection, waiting.scan.monotonic)\n"
        "            await self._write(self._records.record, inspection, case, kept)",
        Kind.SLIP,
    ),
    _one(
        "a verdict that was never acknowledged is forgotten at the start",
        "edge/cycle/recovery.py",
        "    for cycle, verdict, reason in await write(records.unanswered_verdicts):",
        "    for cycle, verdict, reason in []:",
        Kind.KILLED_AFTER_COMMIT,
        Kind.EDGE_KILLED,
        hours=1.0,
        thick=15,
    ),
    Mutation(
        "a hold that does not arrive alarms nobody",
        (
            Edit(
                "edge/cycle/delivery.py",
                '        await self._alarms.raise_("plc", "verdict not acknowledged", Priority.URGENT, sentence)',
                "        del sentence",
            ),
            Edit("edge/cycle/watch.py", "        elif now - since > FROZEN_AFTER_S:", "        elif False:"),
        ),
        (Kind.MODEL_SLOW, Kind.PLC_HALTED),
        hours=1.0,
        thick=40,
    ),
    _one(
        "a standing alarm is never cleared",
        "edge/cycle/alarms.py",
        "        if self._standing.pop((source, kind), None) is not None:",
        "        if self._standing.pop((source, kind), None) is not None and False:",
        Kind.PLC_BUSY,
    ),
    _one(
        "alarms of an earlier life stand for ever",
        "edge/cycle/alarms.py",
        "        await self._write(self._records.clear_alarms, self._clock.now())",
        "        pass",
        Kind.PLC_BUSY,
        Kind.CAMERA_GONE,
        Kind.EDGE_KILLED,
        hours=1.0,
        thick=12,
    ),
    # What people decide
    _one(
        "a decision on an old version counts",
        "quality/case.py",
        "    if decision.case_version != case.version:",
        "    if False:",
        Kind.TWO_DECIDE,
        Kind.STALE_DECISION,
        Kind.CAMERA_HANG,
        hours=1.0,
        thick=8,
    ),
    Mutation(
        "a case that was answered can be answered again",
        (
            Edit("quality/case.py", "    if decision.case_version != case.version:", "    if False:"),
            Edit("quality/case.py", "    if case.state is not CaseState.OPEN:", "    if False:"),
        ),
        (
            Kind.TWO_DECIDE,
            Kind.CAMERA_HANG,
        ),
        hours=1.0,
        thick=8,
    ),
    _one(
        "one person lets go what takes two",
        "quality/deciding.py",
        "    if lets_go(kind, disposition):",
        "    if False and lets_go(kind, disposition):",
        Kind.SLIP,
    ),
    _one(
        "a proposal is carried out before anybody has agreed",
        "records/writing/decisions.py",
        "    travel = OrderState.PROPOSED if by_two else OrderState.RECORDED",
        "    travel = OrderState.RECORDED",
        Kind.SLIP,
    ),
    _one(
        "an id may come with another decision",
        "records/writing/decisions.py",
        "    if replace(repeated, decided_at=stored.decided_at, signed_at=stored.signed_at) != stored:",
        "    if False:",
        Kind.CHANGED_REPLAY,
        Kind.CAMERA_HANG,
        hours=1.0,
        thick=8,
    ),
    _one(
        "a case is closed though the PLC refused",
        "quality/case.py",
        "    state = CaseState.CLOSED if applied else CaseState.OPEN",
        "    state = CaseState.CLOSED",
        Kind.PLC_REBOOT,
        Kind.CAMERA_HANG,
        hours=1.0,
        thick=12,
    ),
    # What the PLC is ordered
    _one(
        "a parameter is done when the PLC says so",
        ORDERS,
        "        if found == order.value:",
        "        if found is not None:",
        Kind.PARAMETER_CLAMPED,
        hours=1.0,
        thick=8,
    ),
    Mutation(
        "a parameter outside its limits is ordered",
        (
            Edit(
                "quality/deciding.py",
                "    if not rule.limits.contain(value) or value != round(value):",
                "    if False:",
            ),
            Edit(ORDERS, "or not rule.limits.contain(decision.value):", "or False:"),
        ),
        (Kind.SLIP,),
        hours=2.0,
    ),
    _one(
        "an order is given again after the PLC has forgotten it",
        ORDERS,
        "        if order.state is OrderState.SENT and order.boot_count != status.boot_count:",
        "        if False:",
        Kind.PLC_REBOOT,
        hours=1.0,
        thick=10,
    ),
    _one(
        "a decision becomes a new order each time",
        "records/edge_records.py",
        "        if known is not None:\n            return known",
        "        if False:\n            return known",
        Kind.EDGE_KILLED,
        Kind.LINK_PARTITION,
        hours=1.0,
        thick=10,
    ),
    # What the ledger proves
    _one(
        "a cut tail is not looked for",
        "records/ledger.py",
        "    if not met:",
        "    if False:",
        Kind.SLIP,
    ),
    _one(
        "entries are not chained",
        "records/ledger.py",
        "        mac = _code(key, mac, sequence, text)",
        "        mac = _code(key, GENESIS, sequence, text)",
        Kind.SLIP,
    ),
    # The PLC program that the contract describes
    _one(
        "the PLC has no watchdog",
        "edge/simulator/plc_program.py",
        "WATCHDOG_S: Final = 2.0",
        "WATCHDOG_S: Final = 1e9",
        Kind.LINK_PARTITION,
        Kind.EDGE_HUNG,
    ),
)
