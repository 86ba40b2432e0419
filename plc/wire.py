"""One connection to one Modbus device: one request, one complete frame back, or it is given up.

It stands on pymodbus's transport and requests. pymodbus's client is left out on purpose: it takes replies for
good that are not (wrong function, count, echo or transaction 0), and matching is its inner part.
"""

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from pymodbus.pdu import ModbusPDU
from pymodbus.transport import CommParams, CommType, ModbusProtocol

from plc.address import PlcAddress
from plc.framing import Framing, TcpFraming
from plc.replies import BadReply
from plc.tls import context_of, trouble, unexplained


class Wire(ModbusProtocol):
    """A connection that is used once: when it is lost or given up, a new one is made.

    Must be made inside a running loop. Never two requests at a time: the link's lock sees to that.
    """

    def __init__(self, params: CommParams, framing: Framing) -> None:
        super().__init__(params, is_server=False)
        self.framing = framing
        self._reply: asyncio.Future[bytes] | None = None
        self._due = 0.0
        self._watch: asyncio.TimerHandle | None = None

    async def open(self, timeout_s: float) -> None:
        """Connects. Raises OSError, TimeoutError among them."""
        async with asyncio.timeout(timeout_s):
            await self.call_create()

    async def ask(self, request: ModbusPDU, timeout_s: float) -> bytes:
        """Sends the request; returns the reply's unit, function code and what follows it.

        Whether that answers the request is for the caller to check. Raises BadReply when what came is no frame,
        or a damaged one, or one of another transaction; TimeoutError when nothing complete came in time; and
        ConnectionError when the connection is lost.
        """
        self._reply = self.loop.create_future()
        self._due = self.loop.time() + timeout_s
        if self._watch is not None and self._watch.when() > self._due:
            self._watch.cancel()
            self._watch = None
        if self._watch is None:
            self._watch = self.loop.call_at(self._due, self._look)
        self.send(self.framing.frame_of(request))
        return self.framing.body_of(await self._reply, request)

    def give_up(self) -> None:
        """Closes the connection; a reply that is still on its way is never read."""
        if self._watch is not None:
            self._watch.cancel()
        self._fail(ConnectionResetError("the connection was given up"))
        if isinstance(self.transport, asyncio.Transport):
            # Not a polite end: with TLS that would wait for a device that may not answer.
            self.transport.abort()
        self.close()

    def callback_connected(self) -> None:
        """Nothing to do: `open` returns when the connection stands."""

    def callback_disconnected(self, exc: Exception | None) -> None:
        """Tells the one who waits that no reply will come."""
        self._fail(self.end_of(exc))

    def end_of(self, exc: Exception | None) -> Exception:
        """Why the connection ended, as the one who waits is told it."""
        return ConnectionResetError(f"the device closed the connection{f' ({exc})' if exc else ''}")

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
        try:
            size = self.framing.size_of(data)
        except BadReply as bad:
            self._fail(bad)
            return len(data)
        if size is None or len(data) < size:
            return 0
        if len(data) > size:
            self._fail(BadReply(f"{len(data) - size} bytes came behind the end of the reply"))
        else:
            self._reply.set_result(data)
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


class TcpWire(Wire):
    """A TCP connection, with TLS where the address has it. Raises TlsTrouble for files that cannot be used."""

    def __init__(self, address: PlcAddress) -> None:
        tls = address.tls
        self._requests = TcpFraming()
        super().__init__(
            CommParams(
                comm_type=CommType.TCP if tls is None else CommType.TLS,
                comm_name=str(address),
                host=address.host,
                port=address.port,
                sslctx=None if tls is None else context_of(tls, address.device),
            ),
            self._requests,
        )
        self._address = address
        self._name = (tls.server_name if tls else None) or address.host
        if tls is not None:
            create: Callable[..., Coroutine[Any, Any, Any]] = self.call_create
            self.call_create = partial(create, server_hostname=self._name)

    async def open(self, timeout_s: float) -> None:
        """As `Wire`; raises TlsTrouble for what stands in the way of TLS."""
        try:
            await super().open(timeout_s)
        except (ssl.SSLError, ConnectionResetError, ConnectionAbortedError) as error:
            raise self.end_of(error) from error

    def end_of(self, exc: Exception | None) -> Exception:
        """As `Wire`; TLS 1.3 says only after the connection stands that the device refuses our certificate."""
        tls = self._address.tls
        if tls is not None and isinstance(exc, ssl.SSLError):
            return trouble(exc, tls, self._address.device, self._name)
        if tls is not None and self._requests.transaction <= 1:
            return unexplained(tls, self._address.device)
        return super().end_of(exc)
