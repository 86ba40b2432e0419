"""A network on the virtual loop: connections that deliver late, damaged, twice or not at all when told to.

A server's name is its host and port. Faults of a link hit what travels to and from that server; those of a reply
take one chunk of bytes, which in Modbus is one frame, on its way to the client.
"""

import asyncio
import struct
from collections.abc import Callable
from contextvars import Context, copy_context
from random import Random
from typing import Any, Final

from edge.trial.loop import VirtualLoop
from edge.trial.process import current_process
from edge.trial.schedule import Fault, FaultKind

Factory = Callable[[], asyncio.Protocol]

LATENCY_S: Final = (0.0005, 0.003)
SLOW_S: Final = (0.1, 1.5)
LATE_S: Final = (0.5, 2.5)
HIT_SHARE: Final = 0.3
"""Share of the chunks that a fault of requests or replies hits while it lasts."""
_HEADER: Final = struct.Struct(">HHHB")
_UNIT_AT: Final = 6
_FUNCTION_AT: Final = 7
_READ: Final = 3
_REQUESTS: Final = tuple(kind for kind in FaultKind if kind.name.startswith("REQUEST_"))
_REPLIES: Final = tuple(kind for kind in FaultKind if kind.name.startswith("REPLY_"))


class Transport(asyncio.Transport):
    """One end of a connection. What it writes arrives at the other end after the network's delay."""

    def __init__(self, network: "Network", link: "Link", protocol: asyncio.Protocol, context: Context) -> None:
        super().__init__()
        self.link = link
        self.peer: Transport | None = None
        self.to_server = False
        self.closed = False
        self.last_arrival = 0.0
        self.before = b""
        """The chunk sent before."""
        self._network = network
        self.protocol = protocol
        self._context = context

    def write(self, data: Any) -> None:
        """Sends the bytes on their way."""
        if not self.closed and data:
            self._network.carry(self, bytes(data))

    def close(self) -> None:
        """Closes this end; the other hears of it."""
        self._end(None)

    def abort(self) -> None:
        """As `close`, for the other end a reset."""
        self._end(ConnectionResetError("connection reset by peer"))

    def is_closing(self) -> bool:
        """True once closed."""
        return self.closed

    def get_protocol(self) -> asyncio.BaseProtocol:
        """What receives the bytes."""
        return self.protocol

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """The server's address, for both ends."""
        return self.link.address if name in {"peername", "sockname"} else default

    def vanish(self) -> None:
        """The process of this end is dead: the other end hears a reset, and this one nothing."""
        if not self.closed:
            self.closed = True
            self._tell_peer(ConnectionResetError("connection reset by peer"))

    def reset(self) -> None:
        """The connection breaks under both ends."""
        self._end(ConnectionResetError("connection reset by peer"), hears=True)

    def later(self, delay: float, callback: Callable[..., object], *args: object) -> None:
        """Calls it in this end's own process."""
        self._network.loop.call_later(delay, callback, *args, context=self._context)

    def receive(self, data: bytes) -> None:
        """Bytes have arrived. A protocol that fails on them loses its connection, as with real ones."""
        if self.closed:
            return
        try:
            self.protocol.data_received(data)
        except Exception as error:  # noqa: BLE001 - as asyncio's own transports do
            self._end(error, hears=True)

    def _end(self, error: Exception | None, *, hears: bool = False) -> None:
        if self.closed:
            return
        self.closed = True
        self.later(0.0, self.protocol.connection_lost, error if hears else None)
        self._tell_peer(error)

    def _tell_peer(self, error: Exception | None) -> None:
        self.link.ends.pop(self, None)
        if self.peer is not None and not self.peer.closed:
            self.peer.later(self._network.latency(), self.peer.lost, error)

    def lost(self, error: Exception | None) -> None:
        """The other end has closed."""
        if not self.closed:
            self.closed = True
            self.link.ends.pop(self, None)
            self.protocol.connection_lost(error)


class Link:
    """The way to one server, and what is wrong with it now."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.factory: Factory | None = None
        self.context = copy_context()
        self.ends: dict[Transport, None] = {}
        """In the order in which they were opened."""
        self.until: dict[FaultKind, float] = {}
        self.sound_from = 0.0
        """When the last of its faults is over."""

    def has(self, kind: FaultKind, now: float) -> bool:
        """True while that fault lasts."""
        return now < self.until.get(kind, 0.0)


class Server:
    """What listening gives: enough of `asyncio.Server` for who listens here."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.sockets = (self,)

    def getsockname(self) -> tuple[str, int]:
        """Host and port."""
        return self._link.address

    def close(self) -> None:
        """Refuses connections from now on."""
        self._link.factory = None

    async def wait_closed(self) -> None:
        """It is."""


class Network:
    """All links. `random` draws delays, and which chunks a fault hits."""

    def __init__(self, loop: VirtualLoop, random: Random) -> None:
        self.loop = loop
        self._random = random
        self._links: dict[tuple[str, int], Link] = {}
        loop.network = self

    def serve(self, factory: Factory, host: str, port: int) -> Server:
        """Listens there from now on; its protocols run in the context of whoever calls."""
        link = self._link(host, port)
        link.factory, link.context = factory, copy_context()
        return Server(link)

    async def connect(self, factory: Factory, host: str, port: int) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """A connection to whoever listens there. Raises ConnectionRefusedError; hangs in a partition."""
        link = self._link(host, port)
        await asyncio.sleep(self.latency())
        while link.has(FaultKind.LINK_PARTITION, self.loop.time()):  # noqa: ASYNC110 - another may follow
            await asyncio.sleep(link.until[FaultKind.LINK_PARTITION] - self.loop.time())
        if link.factory is None or link.has(FaultKind.LINK_CUT, self.loop.time()):
            raise ConnectionRefusedError(f"nobody listens at {host}:{port}")
        client = Transport(self, link, factory(), copy_context())
        server = Transport(self, link, link.factory(), link.context)
        client.peer, server.peer, client.to_server = server, client, True
        link.ends |= {client: None, server: None}
        process = current_process()
        if process is not None:
            process.when_killed.append(client.vanish)
        server.later(0.0, server.protocol.connection_made, server)
        client.protocol.connection_made(client)
        await asyncio.sleep(0)
        return client, client.protocol

    def begin(self, fault: Fault, host: str, port: int) -> None:
        """The fault is on the way to that server from now on."""
        link = self._link(host, port)
        link.until[fault.kind] = self.loop.time() + fault.seconds
        link.sound_from = max(link.sound_from, link.until[fault.kind])
        if fault.kind is FaultKind.LINK_CUT:
            for end in [end for end in link.ends if end.to_server]:
                end.reset()

    def latency(self) -> float:
        """Seconds from one end to the other."""
        return self._random.uniform(*LATENCY_S)

    def carry(self, sender: Transport, data: bytes) -> None:
        """Brings a chunk to the other end, or what the faults leave of it; never past one that was sent before."""
        peer, link, now = sender.peer, sender.link, self.loop.time()
        if peer is None or peer.closed:
            return
        arrives = now + self.latency()
        chunks: tuple[bytes, ...] = (data,)
        if now < link.sound_from:
            if link.has(FaultKind.LINK_SLOW, now):
                arrives += self._random.uniform(*SLOW_S)
            if link.has(FaultKind.LINK_PARTITION, now):
                arrives = link.until[FaultKind.LINK_PARTITION] + self.latency()
            spoilt = self._spoilt_by(link, now, _REQUESTS if sender.to_server else _REPLIES)
            if spoilt is FaultKind.REPLY_LATE:
                arrives += self._random.uniform(*LATE_S)
            elif spoilt is not None:
                chunks = spoil(spoilt, data, sender.before, self._random)
        sender.before = data
        sender.last_arrival = arrives = max(arrives, sender.last_arrival)
        for chunk in chunks:
            peer.later(arrives - now, peer.receive, chunk)

    def _spoilt_by(self, link: Link, now: float, kinds: tuple[FaultKind, ...]) -> FaultKind | None:
        hits = [kind for kind in kinds if link.has(kind, now) and self._random.random() < HIT_SHARE]
        return self._random.choice(hits) if hits else None

    def _link(self, host: str, port: int) -> Link:
        return self._links.setdefault((host, port), Link((host, port)))


def spoil(kind: FaultKind, data: bytes, before: bytes, random: Random) -> tuple[bytes, ...]:  # noqa: C901, PLR0911
    """What arrives in place of one Modbus frame. `before` is the frame sent before it."""
    match kind:
        case FaultKind.REQUEST_LOST | FaultKind.REPLY_LOST:
            return ()
        case FaultKind.REQUEST_TRUNCATED | FaultKind.REPLY_TRUNCATED:
            return (data[: random.randrange(1, len(data))],)
        case FaultKind.REQUEST_CORRUPT | FaultKind.REPLY_CORRUPT:
            at = random.randrange(len(data))
            return (_with(data, at, data[at] ^ 1 << random.randrange(8)),)
        case FaultKind.REQUEST_DUPLICATED | FaultKind.REPLY_DUPLICATED:
            return (data, data)
        case FaultKind.REPLY_OLD:
            return (before or data,)
        case FaultKind.REPLY_WRONG_FUNCTION:
            return (_with(data, _FUNCTION_AT, data[_FUNCTION_AT] ^ random.choice((1, 4, 16, 0x13))),)
        case FaultKind.REPLY_WRONG_COUNT:
            return (_without_last_register(data),)
        case FaultKind.REPLY_WRONG_ECHO:
            # The lower byte of the address that a write names.
            echo = data[_FUNCTION_AT] != _READ and len(data) > _FUNCTION_AT + 2
            return (_with(data, _FUNCTION_AT + 2, data[_FUNCTION_AT + 2] ^ 1) if echo else data,)
        case FaultKind.REPLY_WRONG_UNIT:
            return (_with(data, _UNIT_AT, data[_UNIT_AT] ^ 1 << random.randrange(8)),)
        case FaultKind.REPLY_TRANSACTION_0:
            return (b"\0\0" + data[2:],)
        case _:
            return (random.randbytes(random.randrange(1, 64)),)


def _with(data: bytes, at: int, byte: int) -> bytes:
    return data[:at] + bytes((byte,)) + data[at + 1 :]


def _without_last_register(data: bytes) -> bytes:
    """A frame that fits its header, with one register less than was asked for."""
    transaction, protocol, length, unit = _HEADER.unpack_from(data)
    if data[_FUNCTION_AT] != _READ or length <= 5:  # noqa: PLR2004 - nothing would be left
        return data
    head = _HEADER.pack(transaction, protocol, length - 2, unit)
    return head + bytes((_READ, data[_FUNCTION_AT + 1] - 2)) + data[_FUNCTION_AT + 2 : -2]
