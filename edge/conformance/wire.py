"""Group 1: the wire. What is read and written at all, and in which order bytes and words come."""

from typing import Final

from edge.conformance.bench import SOMEBODY_ELSE, Bench
from edge.conformance.heart import BEAT_S
from edge.conformance.sheet import Check, NotSo
from plc.registers import (
    CONTRACT_ID,
    CONTRACT_VERSION,
    ORDER_WORDS,
    STATUS_WORDS,
    WORD_ORDER_PROBE,
    WordOrder,
    place,
    uint32_of,
)
from plc.tags import Span, coalesce
from quality.ports import EquipmentError

WATCHDOG_S: Final = 2.0
SLACK_S: Final = 0.25
"""On top of the watchdog time: one scan of the program, one of its Modbus server, and the reading."""
SWAPPED_ID: Final = CONTRACT_ID >> 8 | (CONTRACT_ID & 0xFF) << 8
BYTES: Final = "the two bytes of each register are swapped"
WORDS: Final = "the two words of a 32-bit value are swapped"
SWAP_BYTES: Final = (
    "exchange the bytes of each register in the PLC's program or its Modbus server, high byte first"
)


async def unit_answers(bench: Bench) -> str:
    """One register is read from the unit, and the reply is proved against the request."""
    await bench.link.read_registers(bench.layout.status, 1)
    return f"{bench.link.address} answers as itself"


async def status_in_one_request(bench: Bench) -> str:
    """Function 3 brings the whole status block."""
    await bench.look()
    return f"{STATUS_WORDS} words from {place(bench.layout.status)} came in one request"


async def contract_id(bench: Bench) -> str:
    """The block is where LINE.yaml says."""
    read = (await bench.look()).words[0]
    if read == SWAPPED_ID:
        raise NotSo(f"contract id reads 0x{read:04X}: {BYTES}", SWAP_BYTES)
    if read != CONTRACT_ID:
        raise NotSo(
            f"contract id reads 0x{read:04X}, not 0x{CONTRACT_ID:04X}",
            f"correct plc.status_address ({place(bench.layout.status)}), or let the PLC write the id there",
        )
    return f"0x{read:04X}"


async def contract_version(bench: Bench) -> str:
    """The version is the one this program speaks."""
    read = (await bench.look()).words[1]
    if read != CONTRACT_VERSION:
        raise NotSo(
            f"contract version reads {read}, not {CONTRACT_VERSION}",
            f"install the PLC's function block of contract version {CONTRACT_VERSION}",
        )
    return f"{read}"


async def probe(bench: Bench) -> str:
    """The probe names the swap, if there is one."""
    configured = bench.layout.word_order
    read = uint32_of((await bench.look()).words, 2, configured)
    if read == WORD_ORDER_PROBE:
        return f"0x{read:08X} with plc.word_order: {configured}"
    other = WordOrder.LITTLE if configured == WordOrder.BIG else WordOrder.BIG
    bytes_swapped = (read & 0x00FF00FF) << 8 | (read & 0xFF00FF00) >> 8
    seen = f"the probe reads 0x{read:08X}, not 0x{WORD_ORDER_PROBE:08X}"
    if uint32_of((read >> 16, read & 0xFFFF), 0, WordOrder.LITTLE) == WORD_ORDER_PROBE:
        raise NotSo(f"{seen}: {WORDS}", f"set plc.word_order: {other}")
    if bytes_swapped == WORD_ORDER_PROBE:
        raise NotSo(f"{seen}: {BYTES}", SWAP_BYTES)
    if uint32_of((bytes_swapped >> 16, bytes_swapped & 0xFFFF), 0, WordOrder.LITTLE) == WORD_ORDER_PROBE:
        raise NotSo(f"{seen}: {BYTES}, and {WORDS}", f"{SWAP_BYTES}; then set plc.word_order: {other}")
    raise NotSo(seen, "let the PLC write 0x01020304 there, high byte first in each register")


async def tags_are_readable(bench: Bench) -> str:
    """Every request of a scan is answered, gaps and longest blocks included."""
    status = Span(bench.layout.status, STATUS_WORDS)
    spans = coalesce(bench.tags, (status,), max_count=bench.layout.max_count, max_gap=bench.layout.max_gap)
    for span in spans:
        await bench.link.read_registers(span.start, span.count)
    longest = max(span.count for span in spans)
    return f"{len(bench.tags)} tags and the status in {len(spans)} request(s) of at most {longest} registers"


async def nobody_else_writes(bench: Bench) -> str:
    """Without a beat of ours the watchdog has tripped, or at least nobody moves the edge heartbeat."""
    if await bench.until(lambda look: look.tripped, WATCHDOG_S + SLACK_S):
        return "nobody beats: the watchdog has tripped"
    mend = "stop the edge (and any other client that writes to this PLC), then start this test again"
    first = await _heartbeat_register(bench, mend)
    await bench.clock.sleep(3 * BEAT_S)
    if (now := await _heartbeat_register(bench, mend)) != first:
        raise NotSo(f"somebody else writes the edge heartbeat: it went from {first} to {now}", mend)
    return "nobody moves the edge heartbeat (the watchdog has not tripped, see 4.1)"


async def heartbeat_alone(bench: Bench) -> str:
    """Function 16 writes the first word of the command block alone."""
    await bench.heart.once()
    return f"1 word to {place(bench.layout.command)}, confirmed as written"


async def command_block_whole(bench: Bench) -> str:
    """Function 16 writes the whole command block: a HOLD for a part that there is not, which moves nothing."""
    await bench.write_command(SOMEBODY_ELSE, 3)
    return f"14 words to {place(bench.layout.command)} in one request, confirmed as written"


async def order_block_whole(bench: Bench) -> str:
    """Function 16 writes the whole order block: zeros, which are no order."""
    await bench.link.write_registers(bench.layout.order, (0,) * ORDER_WORDS)
    return f"{ORDER_WORDS} words to {place(bench.layout.order)} in one request, confirmed as written"


async def _heartbeat_register(bench: Bench, mend: str) -> int:
    try:
        return (await bench.link.read_registers(bench.layout.command, 1))[0]
    except EquipmentError as error:
        raise NotSo(
            "the watchdog has not tripped though this test has not begun to beat, and the edge heartbeat cannot be"
            f" read back ({error}): the edge may be running, or the watchdog never trips",
            mend,
        ) from error


CHECKS: Final = (
    Check("1.1", "The wire", "the unit answers", unit_answers),
    Check("1.2", "The wire", "function 3 reads the status block whole", status_in_one_request, ("1.1",)),
    Check("1.3", "Status block", "contract id", contract_id, ("1.2",)),
    Check("1.4", "Status block", "contract version", contract_version, ("1.3",)),
    Check("1.5", "The wire", "byte order and word order", probe, ("1.2",)),
    Check("1.6", "The wire", "readings and parameters can be read", tags_are_readable, ("1.2",)),
    Check("1.7", "The wire", "nobody else writes", nobody_else_writes, ("1.4", "1.5")),
    Check("1.8", "The wire", "function 16 writes the edge heartbeat alone", heartbeat_alone, ("1.7",)),
    Check("1.9", "The wire", "function 16 writes the command block whole", command_block_whole, ("1.8",)),
    Check("1.10", "The wire", "function 16 writes the order block whole", order_block_whole, ("1.8",)),
)
