"""Group 4: the watchdog. The heartbeat stops, and the PLC keeps the gate closed by itself."""

from typing import Final

from edge.conformance.bench import Bench
from edge.conformance.look import ANSWERS, named
from edge.conformance.sheet import Check, NotSo
from edge.conformance.verdicts import ACCEPTED, PASS, passed
from edge.conformance.wire import SLACK_S, WATCHDOG_S

SOONEST_S: Final = 1.5
"""An edge that is late by some beats must not trip it."""
CLEARS_WITHIN_S: Final = 1.0


async def trips(bench: Bench) -> str:
    """Silence for 2 s sets the bit, and nothing opens. The heartbeat stays stopped for 4.2."""
    before = await bench.part()
    bench.say("the heartbeat stops for some seconds: the alarm output must come on and the gate stay closed")
    after_s = await silence(bench)
    if moved := await bench.quiet(before):
        bench.heart.start()
        raise NotSo(f"with the watchdog tripped, {moved}", "keep the gate closed while the watchdog has tripped")
    return f"tripped {after_s:.2f} s after the last beat; the gate is closed and nothing moved"


async def resets(bench: Bench) -> str:
    """The heartbeat comes back: the bit clears, and nothing opens by itself."""
    before = await bench.look()
    await _sound(bench)
    if moved := await bench.quiet(before):
        raise NotSo(f"when the heartbeat came back, {moved}", "open the gate on a verdict or a release alone")
    return "the bit cleared within 1 s, and nothing moved"


async def pass_waits(bench: Bench) -> str:
    """A PASS that comes while the watchdog has tripped is carried out when the heartbeat is back."""
    before = await bench.part()
    await silence(bench)
    try:
        answer, _ = await bench.tell(before.part, PASS)
        moved = await bench.quiet(before)
    finally:
        bench.heart.start()
    if moved:
        raise NotSo(
            f"PASS for {before.part} while the watchdog had tripped: {moved}",
            "keep the gate closed while the watchdog has tripped, whatever is commanded",
        )
    if answer != ACCEPTED:
        raise NotSo(
            f"PASS for {before.part} while the watchdog had tripped was answered {named(answer, ANSWERS)}",
            "answer it as always; only what it opens waits for the heartbeat",
        )
    await passed(bench, before, f"PASS for {before.part} was accepted and the heartbeat is back")
    return f"{before.part} waited before the closed gate, and passed when the heartbeat was back"


async def silence(bench: Bench) -> float:
    """Stops the heartbeat and waits for the bit; seconds from the last beat. It beats again when this raises."""
    await bench.heart.stop()
    opened = bench.opened
    tripped = await bench.until(lambda look: look.tripped, WATCHDOG_S + SLACK_S)
    after_s = 0.0 if tripped is None else tripped.at - bench.heart.last
    if tripped and after_s >= SOONEST_S and bench.opened == opened:
        return after_s
    bench.heart.start()
    if tripped is None:
        raise NotSo(
            f"the watchdog bit was not set {WATCHDOG_S + SLACK_S:g} s after the last change of the edge heartbeat",
            "trip the watchdog when word 0 of the command block has not changed for 2 s: close the gate, set the"
            " bit and the alarm output",
        )
    if after_s < SOONEST_S:
        raise NotSo(
            f"the watchdog tripped {after_s:.2f} s after the last change of the edge heartbeat",
            "trip it after 2 s; the edge may be late by some beats",
        )
    raise NotSo("the gate opened when the heartbeat stopped", "keep the gate closed without a heartbeat")


async def _sound(bench: Bench) -> None:
    bench.heart.start()
    if await bench.until(lambda look: not look.tripped, CLEARS_WITHIN_S) is None:
        raise NotSo(
            f"the watchdog bit is still set {CLEARS_WITHIN_S:g} s after the edge heartbeat changes again",
            "let a changing edge heartbeat reset the watchdog",
        )


RULE: Final = "What the PLC does 6"
CHECKS: Final = (
    Check("4.1", RULE, "a silent edge trips the watchdog in 2 s", trips, ("3.11",), parts=True),
    Check("4.2", RULE, "a heartbeat resets it and opens nothing", resets, ("4.1",), parts=True),
    Check("4.3", "States", "PASS while it has tripped waits", pass_waits, ("4.1",), parts=True),
)
