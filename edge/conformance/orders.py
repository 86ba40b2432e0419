"""Group 5: orders. What is carried out, what is refused, and that nothing is carried out twice."""

import math
from typing import Final

from edge.conformance.bench import Adjustable, Bench
from edge.conformance.look import RESULTS, named
from edge.conformance.sheet import Check, NotAsked, NotSo
from plc.tags import RegisterImage, Span, decode
from quality.evidence import NoEvidence

STOP, RESUME, RELEASE, DIVERT, SET_PARAMETER = 1, 2, 3, 4, 5
NO_CODE: Final = 99
NO_TARGET: Final = 0xFFFF_FFF0
DONE, BAD_CHECK_WORD, OLD_SEQUENCE, UNKNOWN_CODE, UNKNOWN_TARGET, OUT_OF_RANGE, NOT_HELD = (
    1,
    16,
    17,
    18,
    19,
    20,
    21,
)
SEEN_WITHIN_S: Final = 2.0


async def unknown_code(bench: Bench) -> str:
    """An order is answered, and a code that there is not is refused."""
    return await _answered(bench, NO_CODE, 0, 0, UNKNOWN_CODE, f"an order with code {NO_CODE}")


async def unknown_target(bench: Bench) -> str:
    """A parameter that there is not."""
    what = f"set parameter {NO_TARGET}, which there is not,"
    return await _answered(bench, SET_PARAMETER, NO_TARGET, 0, UNKNOWN_TARGET, what)


async def out_of_range(bench: Bench) -> str:
    """A value just behind the physical range of a known parameter."""
    parameter = _first(bench)
    if not math.isfinite(parameter.tag.upper):
        raise NotAsked(f"{parameter.tag.name} has no upper end of its range in LINE.yaml")
    before = await value_of(bench, parameter)
    value = math.floor(parameter.tag.upper) + 1
    what = f"{parameter.tag.name} set to {value}, outside its range to {parameter.tag.upper:g},"
    try:
        return await _answered(bench, SET_PARAMETER, parameter.number, value, OUT_OF_RANGE, what)
    finally:
        if await value_of(bench, parameter) != before:
            await bench.give(SET_PARAMETER, parameter.number, round(before))


async def not_held(bench: Bench) -> str:
    """A release of a part that is not in the lane."""
    what = f"release of cycle {NO_TARGET}, which is not held,"
    return await _answered(bench, RELEASE, NO_TARGET, 0, NOT_HELD, what)


async def bad_check_word(bench: Bench) -> str:
    """Stop line, with one bit of the check word changed."""
    before = await bench.look()
    await bench.write_order(STOP, flaw=1)
    refused = await bench.until(lambda look: look.result == BAD_CHECK_WORD, SEEN_WITHIN_S)
    await _not_stopped(bench, "stop line with a bad check word", "obey no block whose check word does not match")
    if refused is None:
        raise NotSo(
            f"an order with a bad check word: order result reads {named((await bench.look()).result, RESULTS)}"
            f" (before: {before.result})",
            f"answer {named(BAD_CHECK_WORD, RESULTS)} and do nothing",
        )
    return f"answered {named(BAD_CHECK_WORD, RESULTS)}, the line was not stopped"


async def old_sequence(bench: Bench) -> str:
    """Stop line under a sequence that is older than the last one carried out."""
    newest = await _resumed(bench)
    result = await bench.give(STOP, sequence=newest - 1)
    await _not_stopped(
        bench, f"stop line under the old sequence {newest - 1}", "carry out greater sequences alone"
    )
    if result != OLD_SEQUENCE:
        raise NotSo(
            f"order {newest - 1} after order {newest} was answered {named(result, RESULTS)}",
            f"answer {named(OLD_SEQUENCE, RESULTS)} to a sequence lower than the one last carried out",
        )
    return f"order {newest - 1} after {newest}: answered {named(OLD_SEQUENCE, RESULTS)}, not carried out"


async def once(bench: Bench) -> str:
    """The sequence last carried out comes again, and would stop the line if it were carried out again."""
    newest = await _resumed(bench)
    result = await bench.give(STOP, sequence=newest)
    await _not_stopped(
        bench,
        f"order {newest} given twice was carried out twice",
        "remember the sequence last carried out, and answer it again with its result without doing anything",
    )
    if result != DONE:
        raise NotSo(
            f"order {newest} was answered {named(DONE, RESULTS)}, and given again {named(result, RESULTS)}",
            "keep the result of the order last carried out, and give it again",
        )
    return f"order {newest} again: the same result, not carried out again"


async def parameter_is_set(bench: Bench) -> str:
    """A parameter is set one unit further, read back as soon as it is answered, and set back."""
    parameter = _first(bench)
    before = await value_of(bench, parameter)
    value = round(before) + (1 if before + 1 <= parameter.upper else -1)
    if before != round(before) or not parameter.lower <= value <= parameter.upper:
        raise NotAsked(
            f"{parameter.tag.name} stands at {before:g}, from where no whole step inside its limits leads"
        )
    try:
        result = await bench.give(SET_PARAMETER, parameter.number, value)
        read = await value_of(bench, parameter)
    finally:
        back = await bench.give(SET_PARAMETER, parameter.number, round(before))
    if result != DONE or back != DONE:
        raise NotSo(
            f"{parameter.tag.name} set from {before:g} to {value} was answered {named(result, RESULTS)}, and back"
            f" {named(back, RESULTS)}",
            "set a known parameter inside its range, whenever it comes",
        )
    restored = await value_of(bench, parameter)
    if (read, restored) != (value, before):
        raise NotSo(
            f"{parameter.tag.name} was set to {value} and read {read:g} after the answer; set back to {before:g}"
            f" it read {restored:g}",
            "write the value in force to its register before the order is answered, in the unit of LINE.yaml",
        )
    return f"{parameter.tag.name}: {before:g}, set to {value}, read back, set back to {restored:g}"


async def value_of(bench: Bench, parameter: Adjustable) -> float:
    """The value in force, read now. Raises NotSo when the register holds none."""
    span = Span(parameter.tag.address, parameter.tag.words)
    words = await bench.link.read_registers(span.start, span.count)
    reading = decode(parameter.tag, RegisterImage([(span, words)]), bench.clock.now())
    if isinstance(reading, NoEvidence):
        raise NotSo(f"{reading.device} {reading.problem}", reading.mend)
    return reading.value


def _first(bench: Bench) -> Adjustable:
    if not bench.adjustables:
        raise NotAsked("LINE.yaml has no parameter under plan.parameters")
    return bench.adjustables[0]


async def _answered(bench: Bench, code: int, target: int, value: int, expected: int, what: str) -> str:
    result = await bench.give(code, target, value)
    if result != expected:
        raise NotSo(
            f"{what} was answered {named(result, RESULTS)}", f"answer {named(expected, RESULTS)} and do nothing"
        )
    return f"order {bench.order_sequence} answered {named(expected, RESULTS)}"


async def _resumed(bench: Bench) -> int:
    """The sequence of a resume that was just carried out, so that the newest order is known and harmless."""
    result = await bench.give(RESUME)
    if result != DONE:
        raise NotSo(f"resume was answered {named(result, RESULTS)}", "carry resume out, even on a line that runs")
    return bench.order_sequence


async def _not_stopped(bench: Bench, what: str, mend: str) -> None:
    if await bench.until(lambda look: look.stopped, bench.patience.quiet_s):
        bench.stopped_by_us = await bench.give(RESUME) != DONE
        raise NotSo(f"{what}: the line was stopped", mend)


RULE: Final = "What the PLC does 4"
CHECKS: Final = (
    Check("5.1", RULE, "an order is answered within 2 s; unknown code", unknown_code, ("1.10", "2.3")),
    Check("5.2", RULE, "unknown target", unknown_target, ("5.1",)),
    Check("5.3", RULE, "value out of range", out_of_range, ("5.1",)),
    Check("5.4", RULE, "release of a part that is not held", not_held, ("5.1",)),
    Check("5.5", RULE, "order with a bad check word", bad_check_word, ("5.1",)),
    Check("5.6", RULE, "old sequence", old_sequence, ("5.1",)),
    Check("5.7", RULE, "the same order twice is done once", once, ("5.1",)),
    Check("5.8", RULE, "a parameter is set and reads back", parameter_is_set, ("5.1",)),
)
