"""However the test ends, the PLC is left as it was found."""

import asyncio
from contextlib import suppress

from edge.clock import SystemClock
from edge.conformance import orders, verdicts
from edge.conformance.bench import Bench
from edge.conformance.block_sheet import examine
from edge.conformance.ending import leave_safe
from edge.conformance.sheet import Line
from edge.simulator.plc_program import COMMAND, Answer
from plc.link import ModbusLink, PlcAddress
from plc.registers import BlockLayout
from tests.unit.edge.conformance import wrong
from tests.unit.edge.conformance.served import ADJUSTABLE, OFFSET, QUICK, served


def bench_of(link: ModbusLink) -> Bench:
    return Bench(link, BlockLayout(), (OFFSET,), (ADJUSTABLE,), QUICK, SystemClock(), lambda _: None)


async def test_a_held_part_leaves_the_lane_the_line_runs_and_the_newest_order_stands() -> None:
    plc = wrong.Program()
    async with served(plc) as port, ModbusLink(PlcAddress("127.0.0.1", port), SystemClock()) as link:
        bench = bench_of(link)
        bench.heart.start()
        await bench.recover()
        await verdicts.keep(bench, verdicts.HOLD)
        await bench.give(orders.STOP)
        newest = bench.order_sequence
        await bench.give(orders.STOP, sequence=newest - 1 or newest)
        assert await leave_safe(bench) == []
        look = await bench.look()
    assert (look.held, look.stopped, look.closed) == (0, False, True)
    assert look.answered_order == bench.order_sequence > newest
    assert plc._written[COMMAND + 1 : COMMAND + 3] == [0, 0]


async def test_what_is_cut_short_is_put_right() -> None:
    """Interrupted while a parameter is changed, as by Ctrl-C."""
    plc, seen = wrong.Program(), []
    changed = asyncio.Event()

    def shown(line: Line) -> None:
        seen.append(line.number)
        if line.number == "5.7":
            changed.set()

    async with served(plc) as port, ModbusLink(PlcAddress("127.0.0.1", port), SystemClock()) as link:
        examining = asyncio.create_task(examine(bench_of(link), shown, parts=False))
        await changed.wait()
        while plc.station.offsets.um[0][0] == 0:  # noqa: ASYNC110 - the machine has no event to wait for
            await asyncio.sleep(0.001)
        examining.cancel()
        with suppress(asyncio.CancelledError):
            await examining
    assert plc.station.offsets.um[0][0] == 0
    assert "5.8" not in seen


async def test_where_nothing_was_written_nothing_is_put_right() -> None:
    """Another client beats: it is the edge, and what stands in its blocks is its own."""
    plc = wrong.Beaten()
    plc._answered = (7, Answer.ACCEPTED)
    async with served(plc) as port, ModbusLink(PlcAddress("127.0.0.1", port), SystemClock()) as link:
        await examine(bench_of(link), lambda _: None, parts=True)
    assert plc._answered == (7, Answer.ACCEPTED)
    assert plc._written[COMMAND + 1 : COMMAND + 14] == [0] * 13
