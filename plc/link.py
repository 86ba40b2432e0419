"""The link to one Modbus device: one connection, one request at a time, every reply proved before it counts."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Self, TypeVar

from pymodbus.pdu import ModbusPDU, ReadCoilsRequest, ReadHoldingRegistersRequest
from pymodbus.pdu.bit_message import WriteSingleCoilRequest
from pymodbus.pdu.register_message import WriteMultipleRegistersRequest

from plc.address import PlcAddress, SerialAddress
from plc.registers import place
from plc.replies import BadReply, Refusal, bits_of, confirm_echo, payload_of, registers_of
from plc.serial_wire import SerialWire
from plc.tls import TlsTrouble
from plc.wire import TcpWire, Wire
from quality.ports import Clock, EquipmentError
from quality.saying import Saying, saying, told

T = TypeVar("T")

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 2.0
_COIL_ON: Final = 0xFF00


class Bus:
    """What devices on one serial line share: the opened port, and whose turn it is. Over TCP each has its own."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.wire: Wire | None = None

    def drop(self) -> None:
        """Closes the connection; nothing that is still on its way is ever read."""
        if self.wire is not None:
            self.wire.give_up()
            self.wire = None


class ModbusLink:
    """One device. Every method raises EquipmentError that names device, register and mend.

    There is no retry here: whoever asks knows whether asking again is right. After a time-out or a reply that
    cannot be trusted the connection is dropped, so that nothing late can answer a later request; the next
    one is made no sooner than 0.1 s later, doubling up to 2 s until the device answers again. Asked
    meanwhile, the link fails at once. Time-outs run on the loop's time, since a socket knows no other; the
    pauses run on the clock. `bus` is shared by the links of one serial line, and its port is closed with the
    first of them that is.
    """

    def __init__(self, address: PlcAddress | SerialAddress, clock: Clock, bus: Bus | None = None) -> None:
        self.address = address
        self._clock = clock
        self._bus = bus or Bus()
        self._failures = 0
        self._not_before = 0.0
        self._trouble = Saying("")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connection; whoever waits for a reply gets an EquipmentError."""
        self._bus.drop()
        await asyncio.sleep(0)

    async def read_registers(self, start: int, count: int) -> tuple[int, ...]:
        """Holding registers (function 3): `count` words, 1 to 125, from the 0-based address on."""
        return await self._ask(
            ReadHoldingRegistersRequest(dev_id=self.address.unit, address=start, count=count),
            lambda payload: registers_of(payload, count),
            saying("reading {count} from {place}", count=count, place=place(start)),
        )

    async def write_registers(self, start: int, words: Sequence[int]) -> None:
        """Holding registers (function 16), all in one request: 1 to 123 words of 0 to 65535."""
        await self._ask(
            WriteMultipleRegistersRequest(dev_id=self.address.unit, address=start, registers=words),
            lambda payload: confirm_echo(payload, start, len(words)),
            saying("writing {count} to {place}", count=len(words), place=place(start)),
        )

    async def read_coils(self, start: int, count: int) -> tuple[bool, ...]:
        """Coils (function 1): `count` states from the 0-based address on."""
        return await self._ask(
            ReadCoilsRequest(dev_id=self.address.unit, address=start, count=count),
            lambda payload: bits_of(payload, count),
            saying("reading {count} from coil {start}", count=count, start=start),
        )

    async def write_coil(self, address: int, *, on: bool) -> None:
        """One coil (function 5)."""
        await self._ask(
            WriteSingleCoilRequest(dev_id=self.address.unit, address=address, bits=[on]),
            lambda payload: confirm_echo(payload, address, _COIL_ON if on else 0),
            saying("writing coil {address}", address=address),
        )

    async def _ask(self, request: ModbusPDU, answer_of: Callable[[bytes], T], what: Saying) -> T:
        async with self._bus.turn:
            wire = await self._connected()
            try:
                answer = answer_of(payload_of(await wire.ask(request, self.address.timeout_s), request))
            except Refusal as refusal:
                self._failures = 0
                raise self._error(saying("{what}: {trouble}", what=what, trouble=told(refusal))) from refusal
            except TimeoutError as error:
                raise self._given_up(
                    saying(
                        "{what}: no reply within {within} s; {mend}",
                        what=what,
                        within=f"{self.address.timeout_s:g}",
                        mend=self.address.silence_mend,
                    )
                ) from error
            except TlsTrouble as error:
                raise self._given_up(saying("{what}: {trouble}", what=what, trouble=told(error))) from error
            except (BadReply, ConnectionError) as error:
                raise self._given_up(
                    saying(
                        "{what}: {trouble}; {mend}",
                        what=what,
                        trouble=told(error),
                        mend=self.address.doubt_mend,
                    )
                ) from error
            except asyncio.CancelledError:
                self._bus.drop()
                raise
            self._failures = 0
            return answer

    async def _connected(self) -> Wire:
        pause = self._not_before - self._clock.monotonic()
        if self._failures and pause > 0:
            again = saying("{trouble}; trying again in {pause} s", trouble=self._trouble, pause=f"{pause:.1f}")
            raise self._error(again)
        wire = self._bus.wire
        if wire is not None and wire.is_active():
            return wire
        try:
            wire = self._bus.wire = self._new_wire()
            await wire.open(self.address.timeout_s)
        except TlsTrouble as error:
            raise self._given_up(saying("no connection: {trouble}", trouble=told(error))) from error
        except TimeoutError as error:
            raise self._given_up(
                saying(
                    "no connection within {within} s; {mend}",
                    within=f"{self.address.timeout_s:g}",
                    mend=self.address.connection_mend,
                )
            ) from error
        except OSError as error:
            raise self._given_up(
                saying("no connection: {trouble}; {mend}", trouble=str(error), mend=self.address.connection_mend)
            ) from error
        except asyncio.CancelledError:
            self._bus.drop()
            raise
        return wire

    def _new_wire(self) -> Wire:
        return SerialWire(self.address) if isinstance(self.address, SerialAddress) else TcpWire(self.address)

    def _given_up(self, trouble: Saying) -> EquipmentError:
        self._bus.drop()
        self._failures += 1
        pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(self._failures - 1, 5))
        self._not_before = self._clock.monotonic() + pause
        self._trouble = trouble
        return self._error(trouble)

    def _error(self, trouble: Saying) -> EquipmentError:
        return EquipmentError(saying("{address}, {trouble}", address=str(self.address), trouble=trouble))
