"""Groups 6 and 7: what all looks together say, and leaving the PLC as it was found."""

from typing import Final

from edge.conformance.bench import Bench, Torn
from edge.conformance.look import NOBODY
from edge.conformance.orders import DIVERT, DONE, NOT_HELD, RESUME
from edge.conformance.sheet import Check, NotAsked, NotSo
from quality.ports import EquipmentError


async def serial_before_sequence(bench: Bench) -> str:
    """No look saw a new sequence with an old serial."""
    return _whole(bench.entries, "parts", "write the serial, then the cycle sequence, then the station bits")


async def answer_before_number(bench: Bench) -> str:
    """No look saw a new answered cycle with an old verdict answer."""
    return _whole(bench.answers, "answers", "write the verdict answer first and the answered cycle behind it")


async def result_before_number(bench: Bench) -> str:
    """No look saw a new answered order with an old order result."""
    return _whole(bench.results, "results", "write the order result first and the answered order behind it")


async def boot_count(bench: Bench) -> str:
    """The program ran on for the whole test."""
    now, first = await bench.look(), bench.first
    if first and now.boot != first.boot:
        raise NotSo(
            f"the boot count went from {first.boot} to {now.boot} during this test",
            "count starts of the program alone; if it restarted, find out why, and begin again",
        )
    return f"{now.boot}, as at the beginning"


async def no_beat_was_missed(bench: Bench) -> str:
    """Every beat of ours was confirmed."""
    if bench.heart.missed:
        raise NotSo(
            f"a heartbeat was not confirmed: {bench.heart.missed}", "look at the network and the PLC's load"
        )
    return "every heartbeat was confirmed"


async def leave_safe(bench: Bench) -> list[str]:
    """Leaves the line as it was found, and the gate closed: what could not be done is what a person has to do.

    The last order is a resume, so that `answered order` ends as the newest sequence and the edge begins above it;
    the last command block is a HOLD for nobody. Parameters are set back by the checks that move them. Our
    heartbeat ends, so that the watchdog keeps the gate closed until the edge runs.
    """
    left: list[str] = []
    if not bench.heart.begun:
        return left
    try:
        await bench.recover()
        await bench.write_command(NOBODY, 3)
        for part in list(bench.lane):
            if await bench.give(DIVERT, part.sequence) in {DONE, NOT_HELD}:
                bench.lane.remove(part)
        if bench.ordered and await bench.give(RESUME) == DONE:
            bench.stopped_by_us = False
    except (EquipmentError, NotSo) as error:
        left.append(f"The PLC did not let itself be left as it was found: {error}")
    finally:
        await bench.heart.stop()
    left += [f"{part} is in the hold lane by this test: take it out by hand." for part in bench.lane]
    if bench.stopped_by_us:
        left.append("The line was stopped by this test: resume it by hand.")
    return left


def _whole(torn: Torn, what: str, mend: str) -> str:
    if torn.found:
        raise NotSo(f"{len(torn.found)} of {torn.read} {what} were read half told: {torn.found[0]}", mend)
    if not torn.read:
        raise NotAsked(f"no {what} were seen")
    return f"{torn.read} {what} read, each whole"


RULE: Final = "In which order the PLC writes"
CHECKS: Final = (
    Check("6.1", f"{RULE} 1", "the serial before the sequence", serial_before_sequence, ("1.5",)),
    Check("6.2", f"{RULE} 2", "the verdict answer before the answered cycle", answer_before_number, ("1.5",)),
    Check("6.3", f"{RULE} 3", "the order result before the answered order", result_before_number, ("1.5",)),
    Check("7.1", "Status block", "the boot count stands", boot_count, ("1.5",)),
    Check("7.2", "Timing", "every heartbeat was confirmed", no_beat_was_missed, ("2.2",)),
)
