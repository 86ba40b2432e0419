"""Group 5, continued: the orders that move parts, and the one that waits for the heartbeat."""

from typing import Final

from edge.conformance.bench import Bench
from edge.conformance.look import RESULTS, Look, Part, named
from edge.conformance.orders import DIVERT, DONE, NOT_HELD, RELEASE, RESUME, RULE, SEEN_WITHIN_S, STOP
from edge.conformance.sheet import Check, NotSo
from edge.conformance.verdicts import PASS, REVIEW, held_part, passed
from edge.conformance.watchdog import silence


async def release(bench: Bench) -> str:
    """A held part goes through the gate, and once."""
    held = await held_part(bench)
    before = await bench.look()
    result = await bench.give(RELEASE, held.sequence)
    await _released(bench, held, before, result)
    after = await bench.part()
    again = await bench.give(RELEASE, held.sequence)
    moved = await bench.quiet(after)
    if again != NOT_HELD or moved:
        raise NotSo(
            f"release of {held} once more was answered {named(again, RESULTS)}{f', and {moved}' if moved else ''}",
            f"answer {named(NOT_HELD, RESULTS)} for a part that has left the lane, and open nothing",
        )
    return f"{held} went through the gate; once more: {named(NOT_HELD, RESULTS)}"


async def divert(bench: Bench) -> str:
    """REVIEW keeps a part, and divert takes it out of the lane without opening the gate."""
    held = await held_part(bench, REVIEW)
    before, opened = await bench.look(), bench.opened
    mend = "let divert take the named part out of the lane and out of held count, and open nothing"
    result = await bench.give(DIVERT, held.sequence)
    if result != DONE:
        raise NotSo(f"divert of {held}, which is in the lane, was answered {named(result, RESULTS)}", mend)
    bench.lane.remove(held)
    out = await bench.until(lambda look: look.held == before.held - 1, bench.patience.move_s)
    if out is None or bench.opened > opened or out.last_passed != before.last_passed:
        now = await bench.look()
        raise NotSo(
            f"after divert of {held} held count reads {now.held} (before: {before.held}), last passed sequence"
            f" {now.last_passed}{', and the gate opened' if bench.opened > opened else ''}",
            mend,
        )
    again = await bench.give(DIVERT, held.sequence)
    if again != NOT_HELD:
        raise NotSo(f"divert of {held} once more was answered {named(again, RESULTS)}", mend)
    return f"{held} left the lane by divert, held count {out.held}; once more: {named(NOT_HELD, RESULTS)}"


async def stop_and_resume(bench: Bench) -> str:
    """A stopped line lets no part in; a resumed one does."""
    before = await bench.part()
    bench.stopped_by_us = True
    result = await bench.give(STOP)
    stopped = await bench.until(lambda look: look.stopped, SEEN_WITHIN_S)
    if result != DONE or stopped is None:
        raise NotSo(
            f"stop line was answered {named(result, RESULTS)}, the line stopped bit is {stopped is not None:d}",
            "let stop line set bit 3 and let no new part in",
        )
    await bench.tell(before.part, PASS)
    gone = await passed(bench, before, f"PASS for {before.part} on a stopped line")
    bench.say(f"the line is stopped: no part may enter for {bench.patience.stopped_s:g} s, though one waits")
    entered = await bench.until(lambda look: look.sequence != before.sequence, bench.patience.stopped_s)
    if gone.sequence != before.sequence or entered:
        now = entered or gone
        raise NotSo(f"{now.part} entered the stopped line", "let no part enter between stop line and resume")
    result = await bench.give(RESUME)
    running = await bench.until(lambda look: not look.stopped, SEEN_WITHIN_S)
    if result != DONE or running is None:
        raise NotSo(
            f"resume was answered {named(result, RESULTS)}, and the line stopped bit is {running is None:d}",
            "let resume clear bit 3 and let parts in",
        )
    bench.stopped_by_us = False
    after = await bench.part()
    return f"no part in {bench.patience.stopped_s:g} s; {after.part} entered after resume"


async def release_waits(bench: Bench) -> str:
    """A release that comes while the watchdog has tripped is answered and carried out with the next heartbeat."""
    held = await held_part(bench)
    await silence(bench)
    try:
        before = await bench.look()
        sequence = await bench.write_order(RELEASE, held.sequence)
        waited = await bench.until(
            lambda look: look.answered_order == sequence or bool(look.moved_since(before)), bench.patience.quiet_s
        )
    finally:
        bench.heart.start()
    if waited:
        raise NotSo(
            f"a release while the watchdog had tripped: {waited.moved_since(before) or 'it was answered at once'}",
            "leave a release unanswered and undone until the heartbeat changes again",
        )
    await _released(bench, held, before, await bench.result_of(sequence, before))
    return f"{held} waited, and was released when the heartbeat was back"


async def _released(bench: Bench, held: Part, before: Look, result: int) -> None:
    """Sees the released part, and it alone, through the gate. Raises NotSo."""
    if result != DONE:
        raise NotSo(
            f"the release of {held}, which is in the lane, was answered {named(result, RESULTS)}",
            "find the held part by the cycle sequence in the target, and let it go through the gate",
        )
    gone = await passed(bench, before, f"the release of {held} was answered done")
    bench.lane.remove(held)
    counted = await bench.until(lambda look: look.held == before.held - 1, SEEN_WITHIN_S)
    if gone.last_passed != held.sequence or counted is None:
        now = await bench.look()
        raise NotSo(
            f"after the release of {held} last passed sequence reads {gone.last_passed}, held count {now.held}"
            f" (before: {before.held})",
            "open the gate for the held part alone, name it in last passed sequence and take it out of held count",
        )


CHECKS: Final = (
    Check("5.9", RULE, "a held part is released once", release, ("5.1", "3.11"), parts=True),
    Check("5.10", RULE, "REVIEW keeps, divert takes out", divert, ("5.1", "3.11"), parts=True),
    Check("5.11", RULE, "stop line and resume", stop_and_resume, ("5.1", "3.11"), parts=True),
    Check(
        "5.12",
        "In which order the PLC writes",
        "a release while the watchdog has tripped waits",
        release_waits,
        ("4.2", "5.9"),
        parts=True,
    ),
)
