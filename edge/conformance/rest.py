"""Group 2: the PLC at rest, before any part is asked for."""

from typing import Final

from edge.conformance.bench import Bench
from edge.conformance.look import ANSWERS, RESULTS, named
from edge.conformance.sheet import Check, NotSo

BEATS_WITHIN_S: Final = 0.2
WATCHED_S: Final = 2.0
CLEARS_WITHIN_S: Final = 1.0


async def plc_heartbeat(bench: Bench) -> str:
    """The longest time the heartbeat was seen to stand: from the first reply with a value to the last request."""
    first = now = await bench.look()
    since, longest, changes = first.at, 0.0, 0
    while now.at - first.at < WATCHED_S:
        await bench.clock.sleep(0.01)
        before, now = now, await bench.look()
        if now.heartbeat != before.heartbeat:
            since, changes = now.at, changes + 1
        longest = max(longest, now.asked - since)
    seen = f"{changes} changes in {WATCHED_S:g} s; it stood for {1000 * longest:.0f} ms at most"
    if not changes:
        seen = f"the PLC heartbeat stood at {first.heartbeat} for {WATCHED_S:g} s"
    if longest > BEATS_WITHIN_S:
        raise NotSo(
            seen,
            "let the program change the PLC heartbeat every 100 ms, at least every 200 ms, while it runs",
        )
    return seen


async def watchdog_is_reset(bench: Bench) -> str:
    """Our beats begin, and the watchdog does not stand in the way."""
    bench.heart.start()
    if await bench.until(lambda look: not look.tripped, CLEARS_WITHIN_S) is None:
        raise NotSo(
            "the watchdog stays tripped for 1 s although the edge heartbeat changes every 250 ms",
            "let a changing edge heartbeat (word 0 of the command block) reset the watchdog",
        )
    return "the edge heartbeat changes and the watchdog is not tripped"


async def line_is_ready(bench: Bench) -> str:
    """Neither the key-switch nor a stop would make the other checks say nothing."""
    look = await bench.look()
    if look.bypass:
        raise NotSo("the bypass bit is set: parts pass without a verdict", "turn the key-switch off for this test")
    if look.stopped:
        raise NotSo(
            f"the line is stopped ({look.held} parts in the hold lane)",
            "free the hold lane, or let the line run; if it runs, let bit 3 say so",
        )
    return f"bypass off, line runs, {look.held} parts in the hold lane, boot {look.boot}"


async def words_of_the_contract(bench: Bench) -> str:
    """What stands in the answers are codes, and the reserved words are 0."""
    look = await bench.look()
    if look.answer not in ANSWERS:
        raise NotSo(f"verdict answer reads {named(look.answer, ANSWERS)}", f"write one of {sorted(ANSWERS)} there")
    if look.result not in RESULTS:
        raise NotSo(f"order result reads {named(look.result, RESULTS)}", f"write one of {sorted(RESULTS)} there")
    if any(look.words[26:32]) or look.words[16] >> 6:
        raise NotSo(
            f"reserved words read {look.words[26:32]}, station bits 0x{look.words[16]:04X}",
            "let the reserved words and the bits from 6 on read 0; they may mean something in a later version",
        )
    return "answers are codes of the contract, reserved words read 0"


CHECKS: Final = (
    Check("2.1", "Status block", "the PLC heartbeat changes at least every 200 ms", plc_heartbeat, ("1.4", "1.5")),
    Check("2.2", "What the PLC does 6", "the edge heartbeat resets the watchdog", watchdog_is_reset, ("1.8",)),
    Check("2.3", "What the PLC does 7", "the line is ready for the test", line_is_ready, ("2.2",)),
    Check("2.4", "Status block", "answers and reserved words", words_of_the_contract, ("1.4", "1.5")),
)
