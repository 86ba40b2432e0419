"""A serial port to one Modbus RTU line, where nothing but silence and shape tells one reply from another.

A reply over RTU names neither its request nor the registers it shows. So (decision 0014):

- Each request follows 3.5 characters of silence; a byte that comes in it was asked for by nobody, and ends the
  port.
- A port that was just opened is listened to for as long as a reply may take, and what comes is thrown away.
- The first thing a device is then asked is a *roll call*: a read whose reply has another shape than the one that
  may be owed. A device answers in order, so once it has answered that, it owes nothing more. The same goes
  before a read that differs from the one before it in nothing but the address.
"""

import asyncio
from typing import Final

from pymodbus.pdu import ModbusPDU, ReadHoldingRegistersRequest
from pymodbus.transport import CommParams, CommType

from plc.address import SerialAddress
from plc.framing import RtuFraming
from plc.replies import Refusal, payload_of, registers_of
from plc.wire import Wire
from quality.saying import saying

_READS: Final = frozenset({1, 3})
_QUIET_WITHIN: Final = 4
"""How many times the silence is waited for before the line counts as never silent."""


class SerialWire(Wire):
    """One opened port; several devices (units) may be asked over it, one at a time. Raises OSError."""

    def __init__(self, address: SerialAddress) -> None:
        super().__init__(
            CommParams(
                comm_type=CommType.SERIAL,
                comm_name=str(address),
                host=address.path,
                baudrate=address.baud,
                bytesize=8,
                parity=address.parity,
                stopbits=address.stop_bits,
            ),
            RtuFraming(),
        )
        self._silence_s = address.silence_s
        self._heard_at = 0.0
        self._settling = False
        self._asked: dict[int, ModbusPDU] = {}
        """The last request to each unit that it has answered over this port."""

    async def open(self, timeout_s: float) -> None:
        """Opens the port, then throws away what comes until it has been silent for the time of a reply."""
        self._settling = True
        self.transport, _ = await self.call_create()
        self._heard_at = self.loop.time()
        await self._silence(timeout_s)
        self._settling = False

    async def ask(self, request: ModbusPDU, timeout_s: float) -> bytes:
        """As `Wire`, after the silence and, where it is needed, a roll call."""
        before = self._asked.pop(request.dev_id, None)
        if before is None or _confusable(before, request):
            await self._call_roll(request, timeout_s)
        body = await self._exchange(request, timeout_s)
        self._asked[request.dev_id] = request
        return body

    def data_received(self, data: bytes) -> None:
        """As `Wire`; while the port settles, what comes only begins the silence anew."""
        self._heard_at = self.loop.time()
        if not self._settling:
            super().data_received(data)

    async def _call_roll(self, request: ModbusPDU, timeout_s: float) -> None:
        """Asks the device for something whose reply cannot be taken for one to the request, or to the last one.

        That it refuses is an answer too. Raises as `ask`.
        """
        count = request.count - 1 if request.function_code in _READS and request.count > 1 else 2
        call = ReadHoldingRegistersRequest(dev_id=request.dev_id, address=request.address, count=count)
        try:
            registers_of(payload_of(await self._exchange(call, timeout_s), call), count)
        except Refusal:
            return

    async def _exchange(self, request: ModbusPDU, timeout_s: float) -> bytes:
        await self._silence(self._silence_s)
        if not self.is_active():
            raise ConnectionResetError(saying("bytes came that nobody had asked for"))
        return await super().ask(request, timeout_s)

    async def _silence(self, seconds: float) -> None:
        """Returns once nothing has been heard for so long."""
        end = self.loop.time() + _QUIET_WITHIN * seconds
        while (left := self._heard_at + seconds - self.loop.time()) > 0:
            if self.loop.time() > end:
                raise ConnectionError(saying("the line is never silent; something else talks on it"))
            await asyncio.sleep(left)


def _confusable(before: ModbusPDU, request: ModbusPDU) -> bool:
    """Two reads whose replies have the same shape and show different registers."""
    return (
        request.function_code in _READS
        and (before.function_code, before.count) == (request.function_code, request.count)
        and before.address != request.address
    )
