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
_SHORTEST: Final = 3
_LONGEST: Final = 254
"""What the length field of a reply can say: unit, function code and 1 to 252 bytes."""


class Wire(ModbusProtocol):
    """A connection that is used once: when it is lost or given up, a new one is made.

    Must be made inside a running loop. Never two requests at a time: the link's lock sees to that.
    """

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            CommParams(comm_type=CommType.TCP, comm_name=f"{host}:{port}", host=host, port=port), is_server=False
        )
        self._framer = FramerSocket(DecodePDU(is_server=False))
        self._transaction = 0
        self._reply: asyncio.Future[bytes] | None = None

    async def open(self) -> None:
        """Connects. Raises OSError."""
        await self.call_create()

    async def ask(self, request: ModbusPDU) -> bytes:
        """Sends the request under a transaction id that this connection has not used for 65,534 requests.

        Returns one complete frame, header included; whether it answers the request is for the caller to check.
        Raises BadReply when what came is no frame, and ConnectionError when the connection is lost.
        """
        self._transaction = self._transaction % 0xFFFF + 1
        request.transaction_id = self._transaction
        self._reply = self.loop.create_future()
        self.send(self._framer.buildFrame(request))
        return await self._reply

    def give_up(self) -> None:
        """Closes the connection; a reply that is still on its way is never read."""
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

    def callback_data(self, data: bytes, addr: tuple[str, int] | None = None) -> int:  # noqa: ARG002 - UDP's
        """Takes what has come since the request; returns how many of these bytes are done with."""
        if self._reply is None or self._reply.done():
            self.give_up()
            return len(data)
        if len(data) < HEADER.size:
            return 0
        length = HEADER.unpack_from(data)[2]
        if not _SHORTEST <= length <= _LONGEST:
            self._fail(BadReply(f"the reply says it is {length} bytes long, which no Modbus reply is"))
        elif len(data) > _LENGTH_END + length:
            self._fail(BadReply(f"{len(data) - _LENGTH_END - length} bytes came behind the end of the reply"))
        elif len(data) == _LENGTH_END + length:
            self._reply.set_result(data)
        else:
            return 0
        return len(data)

    def _fail(self, error: Exception) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(error)
