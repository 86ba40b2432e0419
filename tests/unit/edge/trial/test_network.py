"""The network delivers in order and a little later, or what a fault leaves of it."""

import asyncio
from random import Random

import pytest

from edge.trial.loop import VirtualLoop
from edge.trial.network import Network, spoil
from edge.trial.process import Process
from edge.trial.schedule import NETWORK, Fault, FaultKind

READ = bytes.fromhex("0001 0000 0007 01 03 04 1234 5678")
"""A reply to a read of two registers."""
WRITE = bytes.fromhex("0002 0000 0006 01 10 00C8 0001")
"""A reply to a write of one register at 200."""


class Echo(asyncio.Protocol):
    """Sends back what comes."""

    def __init__(self, lost: list[Exception | None]) -> None:
        self._lost = lost

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost.append(exc)


class Client(asyncio.Protocol):
    """Keeps what comes, and when."""

    def __init__(self) -> None:
        self.came: list[tuple[float, bytes]] = []
        self.lost: list[Exception | None] = []

    def data_received(self, data: bytes) -> None:
        self.came.append((asyncio.get_running_loop().time(), data))

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)


async def connected(network: Network) -> tuple[asyncio.Transport, Client]:
    transport, client = await network.connect(Client, "plc", 502)
    assert isinstance(client, Client)
    return transport, client


@pytest.fixture
def network() -> Network:
    loop = VirtualLoop(Random(1))  # type: ignore[abstract]  # sockets and signals are left out
    return Network(loop, Random(2))


@pytest.fixture
def lost(network: Network) -> list[Exception | None]:
    lost: list[Exception | None] = []
    network.serve(lambda: Echo(lost), "plc", 502)
    return lost


def test_bytes_come_back_in_order_and_later(network: Network, lost: list[Exception | None]) -> None:
    async def main() -> list[bytes]:
        transport, client = await connected(network)
        sent_at = network.loop.time()
        for number in range(50):
            transport.write(bytes([number]))
        await asyncio.sleep(1)
        assert all(at > sent_at for at, _ in client.came)
        transport.close()
        await asyncio.sleep(1)
        return [data for _, data in client.came]

    assert network.loop.run_until_complete(main()) == [bytes([number]) for number in range(50)]
    assert lost == [None]


def test_nobody_listening_is_refused(network: Network) -> None:
    with pytest.raises(ConnectionRefusedError):
        network.loop.run_until_complete(network.connect(Client, "nobody", 502))


def test_a_cut_resets_both_ends(network: Network, lost: list[Exception | None]) -> None:
    async def main() -> Client:
        _, client = await connected(network)
        network.begin(Fault(0, FaultKind.LINK_CUT, 0, 0), "plc", 502)
        await asyncio.sleep(1)
        return client

    client = network.loop.run_until_complete(main())
    assert [type(error) for error in (*client.lost, *lost)] == [ConnectionResetError] * 2


def test_in_a_partition_nothing_arrives_and_nothing_is_reset(
    network: Network, lost: list[Exception | None]
) -> None:
    async def main() -> tuple[Client, float]:
        transport, client = await connected(network)
        network.begin(Fault(0, FaultKind.LINK_PARTITION, 10, 0), "plc", 502)
        over = network.loop.time() + 10
        transport.write(b"held up")
        await asyncio.sleep(9)
        assert client.came == []
        await asyncio.sleep(2)
        return client, over

    client, over = network.loop.run_until_complete(main())
    assert [data for _, data in client.came] == [b"held up"]
    assert client.came[0][0] > over
    assert client.lost == lost == []


def test_a_killed_process_hears_nothing_and_its_peer_a_reset(
    network: Network, lost: list[Exception | None]
) -> None:
    clients: list[Client] = []

    async def life(_: Process) -> None:
        transport, client = await connected(network)
        clients.append(client)
        transport.write(b"last words")
        await asyncio.sleep(100)

    async def main() -> None:
        process, _ = network.loop.spawn("edge", life)
        while not clients:  # noqa: ASYNC110 - virtual time
            await asyncio.sleep(0.001)
        process.kill()
        await asyncio.sleep(1)

    network.loop.run_until_complete(main())
    assert [type(error) for error in lost] == [ConnectionResetError]
    assert clients[0].came == clients[0].lost == []
    network.loop.close()


OF_ONE_CHUNK = sorted(
    kind for kind in NETWORK if not kind.name.startswith("LINK_") and kind is not FaultKind.REPLY_LATE
)


@pytest.mark.parametrize("kind", OF_ONE_CHUNK)
def test_every_fault_of_a_chunk_spoils_it(kind: FaultKind) -> None:
    data = WRITE if kind is FaultKind.REPLY_WRONG_ECHO else READ
    for seed in range(20):
        assert spoil(kind, data, b"an older one", Random(seed)) != (data,)


def test_a_wrong_count_is_a_whole_frame_with_a_register_less() -> None:
    (frame,) = spoil(FaultKind.REPLY_WRONG_COUNT, READ, b"", Random(1))
    assert frame == bytes.fromhex("0001 0000 0005 01 03 02 1234")
