"""However the test ends, the PLC is left as it was found."""

import asyncio
from contextlib import suppress

from edge.clock import SystemClock
from edge.conformance import orders, verdicts
from edge.conformance.bench import Bench
from edge.conformance.ending import leave_safe
from edge.simulator.plc_program import COMMAND
from plc.link import ModbusLink
from plc.registers import BlockLayout
from tests.unit.edge.conformance import wrong
from tests.unit.edge.conformance.served import ADJUSTABLE, OFFSET, QUICK, address, served


def bench_of(link: ModbusLink) -> Bench:
    return Bench(link, BlockLayout(), (OFFSET,), (ADJUSTABLE,), QUICK, SystemClock(), lambda _: None)


async def test_a_held_part_leaves_the_lane_the_line_runs_and_the_newest_order_stands() -> None:
    plc = wrong.Program()
    async with served(plc) as port, ModbusLink(address(port), SystemClock()) as link:
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


async def test_a_line_that_was_stopped_before_stays_stopped() -> None:
    plc = wrong.Stopped()
    async with served(plc) as port, ModbusLink(address(port), SystemClock()) as link:
        bench = bench_of(link)
        await bench.heart.once()
        await bench.look()
        assert await leave_safe(bench) == []
    assert plc._stopped
    assert plc._last_order == wrong.Stopped.BY


async def test_a_parameter_is_set_back_when_the_test_is_interrupted() -> None:
    """As by Ctrl-C, which cancels."""
    plc = wrong.Program()
    async with served(plc) as port, ModbusLink(address(port), SystemClock()) as link:
        asking = asyncio.create_task(orders.parameter_is_set(bench_of(link)))
        while plc.station.offsets.um[0][0] == 0:  # noqa: ASYNC110 - the machine has no event to wait for
            await asyncio.sleep(0.001)
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
    assert plc.station.offsets.um[0][0] == 0
