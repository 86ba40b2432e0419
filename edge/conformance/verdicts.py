"""Group 3: verdicts. What the PLC answers to a command block, and what it moves and does not move."""

from dataclasses import replace
from typing import Final

from edge.conformance.bench import SETTLE_S, SOMEBODY_ELSE, Bench
from edge.conformance.look import ANSWERS, NOBODY, Look, Part, named
from edge.conformance.sheet import Check, NotSo
from plc.registers import text_of
from quality.ports import EquipmentError

PASS, REVIEW, HOLD = 1, 2, 3
ACCEPTED, WRONG_SEQUENCE, WRONG_SERIAL, BAD_CHECK_WORD, PART_GONE = 1, 16, 17, 18, 19
ONE_BIT: Final = (0x0001, 0x8000)
LAST_SEQUENCE: Final = 0xFFFF_FFFF


async def is_answered(bench: Bench) -> str:
    """Verdicts for parts that there are not are answered, each by its own number."""
    slowest = 0.0
    for nobody in (SOMEBODY_ELSE, NOBODY):
        answer, after_s = await bench.tell(nobody, HOLD)
        slowest = max(slowest, after_s)
        if answer != PART_GONE:
            raise NotSo(
                f"HOLD for cycle {nobody.sequence}, which there is not, was answered {named(answer, ANSWERS)}",
                f"answer {named(PART_GONE, ANSWERS)} for a part that is neither in the station nor in the lane",
            )
    return f"answered part gone under its own number after at most {1000 * slowest:.1f} ms"


async def part_enters(bench: Bench) -> str:
    """A part is shown with everything that belongs to it."""
    look = await bench.part()
    if look.sequence == 0:
        raise NotSo("a part is present and the cycle sequence reads 0", "count each part that enters, from 1 on")
    try:
        serial = text_of(look.serial, bench.layout.status + 8)
    except EquipmentError as error:
        raise NotSo(f"{error}", "write the serial high byte first and fill the rest with zeros") from error
    if not serial:
        raise NotSo(f"the serial of cycle {look.sequence} is empty", "write the serial before the cycle sequence")
    return f"{look.part} is present and ready, the gate is closed"


async def wrong_sequence(bench: Bench) -> str:
    """PASS for a neighbour's number; the second differs in the high word alone."""
    before = await bench.part()
    for other in (following(before.sequence), before.sequence ^ 0x1_0000):
        await _refused(
            bench,
            before,
            replace(before.part, sequence=other),
            WRONG_SEQUENCE,
            f"PASS with the wrong sequence ({other} for {before.sequence})",
            "compare both words of the cycle sequence before anything opens",
        )
    return f"answered {named(WRONG_SEQUENCE, ANSWERS)}, nothing moved"


async def wrong_serial(bench: Bench) -> str:
    """PASS for the right number and another serial: another last letter, and a letter behind the end."""
    before = await bench.part()
    serial = before.serial
    end = max((index for index, word in enumerate(serial) if word), default=0)
    letter = 0x0001 if serial[end] & 0xFF else 0x0100
    for place, flaw in ((end, letter), (len(serial) - 1, 0x0058)):
        other = tuple(word ^ flaw if index == place else word for index, word in enumerate(serial))
        await _refused(
            bench,
            before,
            Part(before.sequence, other),
            WRONG_SERIAL,
            f"PASS for {before.part} with the wrong serial (word {place} differs)",
            "compare all eight words of the serial before anything opens",
        )
    return f"answered {named(WRONG_SERIAL, ANSWERS)}, nothing moved"


async def bad_check_word(bench: Bench) -> str:
    """PASS for the part in the station, right in everything but one bit of the check word."""
    before = await bench.part()
    for flaw in ONE_BIT:
        await _refused(
            bench,
            before,
            before.part,
            BAD_CHECK_WORD,
            f"PASS with a bad check word (bit {flaw.bit_length() - 1} changed)",
            "obey no block whose check word does not match words 1 to 12",
            flaw,
        )
    return f"answered {named(BAD_CHECK_WORD, ANSWERS)}, nothing moved"


async def hold_keeps(bench: Bench) -> str:
    """HOLD moves the part to the lane, behind a closed gate."""
    return await keep(bench, HOLD)


async def keep(bench: Bench, verdict: int) -> str:
    """Gives REVIEW or HOLD to the next part and sees it into the lane. Raises NotSo."""
    before, opened = await bench.part(), bench.opened
    word = "REVIEW" if verdict == REVIEW else "HOLD"
    answer, after_s = await bench.tell(before.part, verdict)
    if answer != ACCEPTED:
        raise NotSo(
            f"{word} for {before.part}, which is in the station, was answered {named(answer, ANSWERS)}",
            "compare the check word over words 1 to 12, the sequence and the serial as the edge writes them",
        )
    kept = await bench.until(lambda look: look.held == before.held + 1, bench.patience.move_s)
    if bench.opened > opened:
        raise NotSo(
            f"the gate opened after {word} for {before.part}", "open the gate on PASS and on a release alone"
        )
    if kept is None:
        now = await bench.look()
        raise NotSo(
            f"{word} for {before.part} was accepted, and after {bench.patience.move_s:g} s the held count reads"
            f" {now.held} (before: {before.held})",
            "move the part to the hold lane and count it in held count",
        )
    bench.lane.append(before.part)
    return f"{before.part}: accepted after {1000 * after_s:.1f} ms, held count {kept.held}, the gate stayed closed"


async def held_part(bench: Bench, verdict: int = HOLD) -> Part:
    """A part that this test has in the lane; keeps the next one when there is none. Raises NotSo."""
    if not bench.lane:
        await keep(bench, verdict)
    return bench.lane[-1]


async def hold_again(bench: Bench) -> str:
    """A hold is asserted again, as the edge does at its start."""
    held, before = await held_part(bench), await bench.look()
    answer, _ = await bench.tell(held, HOLD)
    moved = (await bench.look()).held != before.held
    if answer != ACCEPTED or moved:
        raise NotSo(
            f"HOLD again for {held}, which is in the lane, was answered {named(answer, ANSWERS)}"
            + (" and changed the held count" if moved else ""),
            "accept REVIEW and HOLD for a part that is in the lane already, and move nothing",
        )
    return f"{held}: accepted again, nothing moved"


async def pass_for_a_held_part(bench: Bench) -> str:
    """Only a release lets a held part go."""
    held, before = await held_part(bench), await bench.look()
    await _refused(
        bench,
        before,
        held,
        PART_GONE,
        f"PASS for {held}, which is in the hold lane",
        "let a release order alone take a part out of the lane through the gate",
    )
    return f"answered {named(PART_GONE, ANSWERS)}, nothing moved"


async def sequence_grows_by_one(bench: Bench) -> str:
    """The part after the kept one has the next number."""
    before = await held_part(bench)
    after = (await bench.part()).part
    if after.sequence != following(before.sequence):
        how = "was repeated" if after.sequence == before.sequence else f"went on to {after.sequence}"
        raise NotSo(
            f"after {before} the cycle sequence {how} with the next part, {after}",
            "add exactly 1 to the cycle sequence with each part that enters",
        )
    return f"{before.sequence}, then {after.sequence}"


def following(sequence: int) -> int:
    """The cycle sequence behind that one: 1 behind the greatest, since 0 is no part."""
    return sequence % LAST_SEQUENCE + 1


async def pass_opens(bench: Bench) -> str:
    """PASS lets the part in the station through, and last passed sequence says so."""
    before, opened = await bench.part(), bench.opened
    answer, after_s = await bench.tell(before.part, PASS)
    if answer != ACCEPTED:
        raise NotSo(
            f"PASS for {before.part}, which is in the station, was answered {named(answer, ANSWERS)}",
            "compare the check word over words 1 to 12, the sequence and the serial as the edge writes them",
        )
    await passed(bench, before, f"PASS for {before.part} was accepted")
    bench.let_pass = before.part
    gate = f"open in {bench.opened - opened} looks" if bench.opened > opened else "open too shortly to be seen"
    return f"{before.part}: accepted after {1000 * after_s:.1f} ms, gone through the gate ({gate})"


async def passed(bench: Bench, before: Look, what: str) -> Look:
    """Waits until that part is through and the gate closed behind it, or another went too. Raises NotSo."""
    gone = await bench.until(
        lambda look: look.last_passed != before.last_passed and look.closed, bench.patience.move_s
    )
    if gone is None:
        now = await bench.look()
        raise NotSo(
            f"{what}, and after {bench.patience.move_s:g} s last passed sequence reads {now.last_passed}, gate"
            f" closed {now.closed:d}",
            "open the gate for that part, set last passed sequence when it is through, close the gate behind it",
        )
    return gone


async def pass_opens_for_its_part_alone(bench: Bench) -> str:
    """The part behind the passed one stays before the closed gate."""
    last = bench.let_pass
    came = await bench.until(
        lambda look: (look.waiting and look.part != last) or look.last_passed != last.sequence,
        bench.patience.part_s,
        "let the next part come",
    )
    if came is None:
        raise NotSo(f"no part within {bench.patience.part_s:g} s", "let parts come")
    await bench.clock.sleep(SETTLE_S)
    before = await bench.look()
    moved = await bench.quiet(before)
    now = await bench.look()
    if now.last_passed != last.sequence:
        raise NotSo(
            f"cycle {now.last_passed} went through the gate without a verdict, after the PASS for {last}",
            "forget the permission when its part has left, and close the gate behind it",
        )
    if moved:
        raise NotSo(
            f"{moved} after the PASS for {last}", "keep the gate closed until the next part has its verdict"
        )
    return f"{before.part} stands before the closed gate"


async def same_block_again(bench: Bench) -> str:
    """The PASS that was carried out is written once more, word for word, while the next part waits."""
    before = await bench.part()
    await bench.tell_again()
    moved = await bench.quiet(before)
    now = await bench.look()
    if moved:
        raise NotSo(
            f"the same block written again: {moved}", "act on a block when its words 1 to 13 change, and once"
        )
    if (now.answered_cycle, now.answer) != (before.answered_cycle, before.answer):
        raise NotSo(
            f"the same block written again changed the answer to cycle {now.answered_cycle},"
            f" {named(now.answer, ANSWERS)}",
            "answer a block once each time its words 1 to 13 change",
        )
    return f"the answer still is cycle {now.answered_cycle}, {named(now.answer, ANSWERS)}; nothing moved"


async def pass_for_a_part_that_has_passed(bench: Bench) -> str:
    """PASS again for the part that is through."""
    before = await bench.part()
    last = bench.let_pass
    await _refused(
        bench,
        before,
        last,
        PART_GONE,
        f"PASS again for {last}, which has passed",
        "answer part gone for a part that is neither in the station nor in the lane",
    )
    return f"answered {named(PART_GONE, ANSWERS)}, nothing moved"


async def _refused(
    bench: Bench, before: Look, part: Part, expected: int, what: str, mend: str, flaw: int = 0
) -> None:
    """Gives PASS to that part and demands the refusal, and that nothing moves. Raises NotSo."""
    answer, _ = await bench.tell(part, PASS, flaw=flaw)
    if moved := await bench.quiet(before):
        raise NotSo(f"{what} was answered {named(answer, ANSWERS)}, and {moved}", mend)
    if answer != expected:
        raise NotSo(f"{what} was answered {named(answer, ANSWERS)}, not {named(expected, ANSWERS)}", mend)


RULE: Final = "What the PLC does 3"
CHECKS: Final = (
    Check("3.1", RULE, "each verdict is answered within 2 s, by its number", is_answered, ("1.9", "2.2")),
    Check("3.2", "What the PLC does 2", "a part enters", part_enters, ("2.3",), parts=True),
    Check("3.3", RULE, "PASS with the wrong sequence", wrong_sequence, ("3.1", "3.2"), parts=True),
    Check("3.4", RULE, "PASS with the wrong serial", wrong_serial, ("3.1", "3.2"), parts=True),
    Check("3.5", RULE, "PASS with a bad check word", bad_check_word, ("3.1", "3.2"), parts=True),
    Check("3.6", RULE, "HOLD keeps", hold_keeps, ("3.1", "3.2"), parts=True),
    Check("3.7", RULE, "HOLD again for a held part", hold_again, ("3.6",), parts=True),
    Check("3.8", RULE, "PASS for a held part", pass_for_a_held_part, ("3.6",), parts=True),
    Check("3.9", "Status block", "the sequence grows by one", sequence_grows_by_one, ("3.6",), parts=True),
    Check("3.10", RULE, "PASS opens the gate for its part", pass_opens, ("3.6",), parts=True),
    Check("3.11", RULE, "and for its part alone", pass_opens_for_its_part_alone, ("3.10",), parts=True),
    Check("3.12", RULE, "the same block again changes nothing", same_block_again, ("3.11",), parts=True),
    Check("3.13", RULE, "PASS for a part that has passed", pass_for_a_part_that_has_passed, ("3.11",), parts=True),
)
