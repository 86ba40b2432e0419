"""Group 8, a sheet of its own: the coils profile, which promises less and so has less to be asked."""

from collections.abc import Callable
from typing import Final

from edge.conformance.coil_bench import CoilBench, CoilLook
from edge.conformance.heart import BEAT_S
from edge.conformance.sheet import Check, Line, NotAsked, NotSo, fill_in
from edge.conformance.wire import SLACK_S, WATCHDOG_S

ACKNOWLEDGED_WITHIN_S: Final = 2.0
SET_HOLD: Final = "set the hold coil for each part that enters, before the counter grows"


async def is_read(bench: CoilBench) -> str:
    """The counter, and what else names the part, and the coils can be read."""
    look = await bench.look()
    serial = f", serial {look.serial}" if look.serial else ""
    return f"{bench.link.address}: counter {look.cycle}{serial}, hold {look.hold:d}"


async def nobody_else_writes(bench: CoilBench) -> str:
    """The heartbeat coil stands while we do not beat."""
    (first,) = await bench.link.read_coils(bench.layout.heartbeat, 1)
    until = bench.clock.monotonic() + 3 * BEAT_S
    while bench.clock.monotonic() < until:
        await bench.clock.sleep(BEAT_S / 5)
        if await bench.link.read_coils(bench.layout.heartbeat, 1) != (first,):
            raise NotSo(
                f"somebody else toggles coil {bench.layout.heartbeat} (edge heartbeat)",
                "stop the edge (and any other client that writes to this PLC), then start this test again",
            )
    return f"the heartbeat coil stands at {first:d}"


async def is_written(bench: CoilBench) -> str:
    """Function 5 writes the heartbeat coil."""
    await bench.heart.once()
    bench.heart.start()
    return f"coil {bench.layout.heartbeat}, confirmed as written"


async def part_is_kept(bench: CoilBench) -> str:
    """A part in the station is kept before anybody has said anything."""
    look = await bench.look()
    if look.cycle == 0:
        look = await bench.next_part(look)
    if not look.hold:
        raise NotSo(f"the hold coil reads 0 for cycle {look.cycle}, which nobody let pass", SET_HOLD)
    return f"cycle {look.cycle}: hold 1"


async def keep(bench: CoilBench) -> str:
    """Written 1, the part stays, and the acknowledgement comes."""
    before = await bench.look()
    await bench.keep()
    await _acknowledged(bench, before, "1 was written to the hold coil")
    await _stays(bench, before, "after 1 was written to the hold coil")
    return f"cycle {before.cycle} stays"


async def release(bench: CoilBench) -> str:
    """Written 0 after 1, the kept part goes and the next one is kept."""
    before = await bench.look()
    await bench.let_pass()
    after = await bench.next_part(before)
    await _stays(bench, after, f"after the release of cycle {before.cycle}")
    return f"cycle {before.cycle} went, cycle {after.cycle} stays"


async def let_pass(bench: CoilBench) -> str:
    """Written 0, an unanswered part goes, alone."""
    before = await bench.look()
    await bench.let_pass()
    await _acknowledged(bench, before, "0 was written to the hold coil")
    after = await bench.next_part(before)
    await _stays(bench, after, f"after cycle {before.cycle} was let pass")
    return f"cycle {before.cycle} went, cycle {after.cycle} stays"


async def watchdog(bench: CoilBench) -> str:
    """Without a heartbeat a 0 in the hold coil opens nothing; with the heartbeat the part goes."""
    before = await bench.look()
    bench.say("the heartbeat stops for some seconds: the gate must stay closed")
    await bench.heart.stop()
    await bench.clock.sleep(WATCHDOG_S + SLACK_S)
    try:
        await bench.let_pass()
        await _stays(bench, before, f"{WATCHDOG_S + SLACK_S:g} s after the last heartbeat, with hold written 0,")
    finally:
        bench.heart.start()
    after = await bench.next_part(before)
    return f"cycle {before.cycle} waited for the heartbeat, then went; cycle {after.cycle} stays"


async def counter_grows_by_one(bench: CoilBench) -> str:
    """What all looks saw of the counter."""
    if not bench.entries:
        raise NotAsked("no part came")
    for before, after in bench.entries:
        greatest = 2 ** (16 * bench.layout.cycle.words) - 1
        if after.cycle != before.cycle % greatest + 1:
            raise NotSo(
                f"the counter went from {before.cycle} to {after.cycle} with one part",
                "add exactly 1 to the counter with each part that enters, and 1 follows the greatest number",
            )
    return f"{len(bench.entries)} parts, from {bench.entries[0][0].cycle} to {bench.entries[-1][1].cycle}"


async def hold_before_counter(bench: CoilBench) -> str:
    """Coils that were read behind a new counter."""
    if not bench.entries:
        raise NotAsked("no part came")
    for _, after in bench.entries:
        if not after.hold:
            raise NotSo(f"the counter read {after.cycle} and the hold coil behind it still 0", SET_HOLD)
        if after.acknowledged:
            raise NotSo(
                f"the counter read {after.cycle} and acknowledged was still set for the part before",
                "clear acknowledged when the next part enters, before the counter grows",
            )
    return f"{len(bench.entries)} parts: hold 1, acknowledged 0, before anything was written"


async def boot_count(bench: CoilBench) -> str:
    """The program ran on for the whole test."""
    if bench.layout.boot is None or bench.first is None:
        raise NotAsked("LINE.yaml has no boot count under plc.coils")
    now = await bench.look()
    if now.boot != bench.first.boot:
        raise NotSo(
            f"the boot count went from {bench.first.boot} to {now.boot} during this test",
            "count starts of the program alone; if it restarted, find out why, and begin again",
        )
    return f"{now.boot}, as at the beginning"


async def _acknowledged(bench: CoilBench, before: CoilLook, what: str) -> None:
    if bench.layout.acknowledge is None:
        return
    if not await bench.until(lambda look: look.acknowledged or look.cycle != before.cycle, ACKNOWLEDGED_WITHIN_S):
        raise NotSo(
            f"{what} for cycle {before.cycle}, and coil {bench.layout.acknowledge} (acknowledged) still reads 0"
            f" after {ACKNOWLEDGED_WITHIN_S:g} s",
            "set acknowledged when the hold coil has been written since the part entered",
        )


async def _stays(bench: CoilBench, part: CoilLook, when: str) -> None:
    if gone := await bench.until(lambda look: look.cycle != part.cycle, bench.patience.quiet_s):
        raise NotSo(
            f"{when} cycle {part.cycle} left the station (the counter reads {gone.cycle})",
            "open the gate for one part when 0 is written under a living heartbeat, and for nothing else",
        )


RULE: Final = "The coils profile"
CHECKS: Final = (
    Check("8.1", RULE, "counter and coils can be read", is_read),
    Check("8.2", RULE, "nobody else writes", nobody_else_writes, ("8.1",)),
    Check("8.3", RULE, "function 5 writes the heartbeat", is_written, ("8.2",)),
    Check("8.4", RULE, "a part that enters is kept", part_is_kept, ("8.3",), parts=True),
    Check("8.5", RULE, "1 keeps the part", keep, ("8.4",), parts=True),
    Check("8.6", RULE, "0 releases the kept part alone", release, ("8.5",), parts=True),
    Check("8.7", RULE, "0 lets one part pass", let_pass, ("8.6",), parts=True),
    Check("8.8", RULE, "a silent edge opens nothing", watchdog, ("8.6",), parts=True),
    Check("8.9", RULE, "the counter grows by one", counter_grows_by_one, ("8.6",)),
    Check("8.10", RULE, "hold is set before the counter grows", hold_before_counter, ("8.1",)),
    Check("8.11", RULE, "the boot count stands", boot_count, ("8.1",)),
)


async def examine_coils(
    bench: CoilBench, shown: Callable[[Line], None], *, parts: bool
) -> tuple[list[Line], list[str]]:
    """The filled-in sheet, and what a person has to put right afterwards. The part is kept however it ends."""
    left: list[str] = []
    try:
        sheet = await fill_in(CHECKS, bench, shown, parts=parts)
    finally:
        left += await bench.leave_safe()
    return sheet, left
