"""The edge process of a trial is started again as the real supervisor does it."""

import asyncio
from random import Random

from edge.trial.loop import VirtualLoop
from edge.trial.process import Process
from edge.trial.schedule import Fault, FaultKind
from edge.trial.supervisor import Ended, Supervisor


def test_a_process_that_ends_is_started_again_soon_and_ever_later_when_it_does_not_last() -> None:
    loop = VirtualLoop(Random(1))  # type: ignore[abstract]  # sockets and signals are left out
    began: list[float] = []
    ended: list[Ended] = []

    async def live(_: Process) -> None:
        began.append(loop.elapsed())
        await asyncio.sleep(60 if len(began) == 1 else 1)
        raise OSError("the disk fails")

    async def main() -> None:
        Supervisor(loop, live, ended.append).start()
        await asyncio.sleep(65)

    loop.run_until_complete(main())
    loop.close()
    assert began == [0, 60.25, 61.75, 63.75]
    assert [str(each.error) for each in ended] == ["the disk fails"] * len(ended)


def test_a_kill_is_no_error_and_a_stopped_process_goes_on() -> None:
    loop = VirtualLoop(Random(1))  # type: ignore[abstract]  # sockets and signals are left out
    beats: list[tuple[int, float]] = []
    ended: list[Ended] = []

    async def live(_: Process) -> None:
        life = supervisor.lives
        while True:
            beats.append((life, loop.elapsed()))
            await asyncio.sleep(1)

    supervisor = Supervisor(loop, live, ended.append)

    async def main() -> None:
        supervisor.start()
        await asyncio.sleep(40.5)
        supervisor.begin(Fault(0, FaultKind.EDGE_HUNG, 5, 0))
        await asyncio.sleep(6)
        supervisor.begin(Fault(0, FaultKind.EDGE_KILLED, 0, 0))
        await asyncio.sleep(3)

    loop.run_until_complete(main())
    loop.close()
    assert not [at for life, at in beats if life == 1 and 40.5 < at < 45.5]
    assert [at for life, at in beats if life == 1][-2:] == [45.5, 46.5]
    assert [(each.life, each.error) for each in ended] == [(1, None)]
    assert beats[-1][0] == 2
