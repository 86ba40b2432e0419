"""Virtual time goes on by itself, and a killed process runs nothing more, its `finally` neither."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from random import Random

import pytest

from edge.trial.loop import StandstillError, VirtualClock, VirtualExecutor, VirtualLoop
from edge.trial.process import PowerCut, Process


@contextmanager
def virtual_loop() -> Iterator[VirtualLoop]:
    loop = VirtualLoop(Random(1))  # type: ignore[abstract]  # sockets and signals are left out
    try:
        yield loop
    finally:
        loop.close()


def test_an_hour_passes_at_once_and_in_order() -> None:
    woken: list[tuple[float, str]] = []

    async def sleeper(name: str, seconds: float, loop: VirtualLoop) -> None:
        await asyncio.sleep(seconds)
        woken.append((loop.elapsed(), name))

    async def main(loop: VirtualLoop) -> None:
        await asyncio.gather(
            sleeper("late", 3600, loop), sleeper("soon", 0.5, loop), sleeper("with it", 0.5, loop)
        )

    with virtual_loop() as loop:
        loop.run_until_complete(main(loop))
    assert woken == [(0.5, "soon"), (0.5, "with it"), (3600, "late")]


def test_the_wall_clock_can_be_set_and_the_other_never_notices() -> None:
    async def main(clock: VirtualClock) -> tuple[timedelta, float]:
        now, monotonic = clock.now(), clock.monotonic()
        clock.jump(-3600)
        await clock.sleep(10)
        return clock.now() - now, clock.monotonic() - monotonic

    with virtual_loop() as loop:
        assert loop.run_until_complete(main(VirtualClock(loop))) == (timedelta(seconds=-3590), 10.0)


def test_a_killed_process_runs_no_finally_and_no_callback_that_is_due() -> None:
    after: list[str] = []
    closed: list[str] = []

    async def life(process: Process) -> None:
        process.when_killed.append(lambda: closed.append("connections"))
        asyncio.get_running_loop().call_later(1.0, after.append, "timer")
        try:
            await asyncio.sleep(100)
            after.append("woke")
        finally:
            after.append("finally")

    async def main(loop: VirtualLoop) -> list[str]:
        process, _ = loop.spawn("edge", life)
        await asyncio.sleep(0.5)
        process.kill()
        await asyncio.sleep(1000)
        return list(after)

    with virtual_loop() as loop:
        assert loop.run_until_complete(main(loop)) == []
        assert closed == ["connections"]


def test_a_kill_can_fall_on_any_await() -> None:
    """Armed for k callbacks, it lets exactly so many awaits happen."""
    reached: dict[int, int] = {}

    async def main(loop: VirtualLoop) -> None:
        for turns in range(5):

            async def life(_: Process, turns: int = turns) -> None:
                reached[turns] = 0
                while True:
                    await asyncio.sleep(0)
                    reached[turns] += 1

            process, _ = loop.spawn("edge", life)
            process.kill_after(turns)
            await asyncio.sleep(1)
            assert not process.alive

    with virtual_loop() as loop:
        loop.run_until_complete(main(loop))
    assert reached == {turns: turns for turns in range(5)}


def test_a_stopped_process_goes_on_with_what_came_meanwhile() -> None:
    beats: list[float] = []

    async def life(_: Process) -> None:
        loop = asyncio.get_running_loop()
        while True:
            beats.append(loop.time())
            await asyncio.sleep(1)

    async def main(loop: VirtualLoop) -> None:
        process, _ = loop.spawn("edge", life)
        await asyncio.sleep(2.5)
        process.stop()
        await asyncio.sleep(10)
        assert len(beats) == 3
        process.go_on()
        await asyncio.sleep(1.5)

    with virtual_loop() as loop:
        loop.run_until_complete(main(loop))
    assert [round(beat - beats[0], 1) for beat in beats] == [0, 1, 2, 12.5, 13.5]


def test_calls_in_a_thread_run_one_after_the_other_and_a_power_cut_in_one_is_never_heard_of() -> None:
    done: list[str] = []

    def cut() -> None:
        raise PowerCut

    async def main(loop: VirtualLoop) -> None:
        thread = VirtualExecutor(0.5)
        waiting = [loop.run_in_executor(thread, done.append, name) for name in ("first", "second")]
        await waiting[1]
        assert loop.elapsed() == pytest.approx(1.0, abs=0.01)
        lost = loop.run_in_executor(thread, cut)
        await asyncio.sleep(5)
        assert not lost.done()

    with virtual_loop() as loop:
        loop.run_until_complete(main(loop))
    assert done == ["first", "second"]


def test_a_loop_with_nothing_to_do_or_in_a_circle_says_so() -> None:
    async def for_nothing() -> None:
        await asyncio.get_running_loop().create_future()

    async def in_a_circle() -> None:
        while True:  # noqa: ASYNC110 - that is the point
            await asyncio.sleep(0)

    with virtual_loop() as loop, pytest.raises(StandstillError, match="nothing is left"):
        loop.run_until_complete(for_nothing())
    with virtual_loop() as loop, pytest.raises(StandstillError, match="circle"):
        loop.run_until_complete(in_a_circle())


def test_what_a_callback_raises_ends_the_trial() -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 // 0)
        await asyncio.sleep(1)

    with virtual_loop() as loop, pytest.raises(ZeroDivisionError):
        loop.run_until_complete(main())
