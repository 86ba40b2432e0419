"""One TCP connection to one Modbus device: one request, one complete frame back, or it is given up.

It stands on pymodbus's transport, framer and requests. pymodbus's client is left out on purpose: it takes
replies for good that are not (wrong function, count, echo or transaction 0), and matching is its inner part.
"""

import asyncio
from typing import Final

from pymodbus.framer import FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.transport import CommParams, CommType, ModbusProtocol

from plc.replies import HEADER, BadReply

_LENGTH_END: Final = 6
"""Bytes up to and with the header's length field, which counts what follows it."""
_SHORTEST: Final = 9
_LONGEST: Final = 260
"""Bytes of a whole reply: 8 of header and function code, and 1 to 252 of what it says."""


class Wire(ModbusProtocol):
    """A connection that is used once: when it is lost or given up, a new one is made.

    Must be made inside a running loop. Never two requests at a time: the link's lock sees to that.
    """

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        super().__init__(
            CommParams(comm_type=CommType.TCP, comm_name=f"{host}:{port}", host=host, port=port), is_server=False
        )
        self._framer = FramerSocket(DecodePDU(is_server=False))
        self._timeout_s = timeout_s
        self._transaction = 0
        self._reply: asyncio.Future[bytes] | None = None
        self._due = 0.0
        self._watch: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Connects. Raises OSError, TimeoutError among them."""
        async with asyncio.timeout(self._timeout_s):
            await self.call_create()

    async def ask(self, request: ModbusPDU) -> bytes:
        """Sends the request under a transaction id that this connection has not used for 65,534 requests.

        Returns one complete frame, header included; whether it answers the request is for the caller to check.
        Raises BadReply when what came is no frame, TimeoutError when nothing complete came in time, and
        ConnectionError when the connection is lost.
        """
        self._transaction = self._transaction % 0xFFFF + 1
        request.transaction_id = self._transaction
        self._reply = self.loop.create_future()
        self._due = self.loop.time() + self._timeout_s
        if self._watch is None:
            self._watch = self.loop.call_at(self._due, self._look)
        self.send(self._framer.buildFrame(request))
        return await self._reply

    def give_up(self) -> None:
        """Closes the connection; a reply that is still on its way is never read."""
        if self._watch is not None:
            self._watch.cancel()
        self._fail(ConnectionResetError("the connection was given up"))
        self.close()

    def callback_connected(self) -> None:
        """Nothing to do: `open` returns when the connection stands."""

    def callback_disconnected(self, exc: Exception | None) -> None:
        """Tells the one who waits that no reply will come."""
        self._fail(ConnectionResetError(f"the device closed the connection{f' ({exc})' if exc else ''}"))

    def callback_new_connection(self) -> ModbusProtocol:
        """Never called, since a client does not listen; pymodbus wants it defined."""
        return self

    def data_received(self, data: bytes) -> None:
        """Keeps what has come since the request, without the dump of frames that pymodbus keeps of it."""
        if self.recv_buffer:
            data = self.recv_buffer + data
        self.recv_buffer = data[self.callback_data(data) :]

    def callback_data(self, data: bytes, addr: tuple[str, int] | None = None) -> int:  # noqa: ARG002 - UDP's
        """Takes what has come since the request; returns how many of these bytes are done with."""
        if self._reply is None or self._reply.done():
            self.give_up()
            return len(data)
        if len(data) < HEADER.size:
            return 0
        size = _LENGTH_END + HEADER.unpack_from(data)[2]
        if not _SHORTEST <= size <= _LONGEST:
            self._fail(BadReply(f"the reply says it is {size} bytes long, which no Modbus reply is"))
        elif len(data) > size:
            self._fail(BadReply(f"{len(data) - size} bytes came behind the end of the reply"))
        elif len(data) == size:
            self._reply.set_result(data)
        else:
            return 0
        return len(data)

    def _look(self) -> None:
        """Fails the request that is overdue. One timer serves all requests: asyncio.timeout for each costs a
        quarter of the exchange.
        """
        self._watch = None
        if self._reply is None or self._reply.done():
            return
        if self.loop.time() < self._due:
            self._watch = self.loop.call_at(self._due, self._look)
        else:
            self._fail(TimeoutError())

    def _fail(self, error: Exception) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(error)
