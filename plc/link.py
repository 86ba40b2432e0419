"""The link to one Modbus device: one connection, one request at a time, every reply proved before it counts."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self, TypeVar

from pymodbus.pdu import ModbusPDU, ReadCoilsRequest, ReadHoldingRegistersRequest
from pymodbus.pdu.bit_message import WriteSingleCoilRequest
from pymodbus.pdu.register_message import WriteMultipleRegistersRequest

from plc.registers import place
from plc.replies import BadReply, Refusal, bits_of, confirm_echo, payload_of, registers_of
from plc.wire import Wire
from quality.ports import Clock, EquipmentError

T = TypeVar("T")

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 2.0
_COIL_ON: Final = 0xFF00


@dataclass(frozen=True, slots=True)
class PlcAddress:
    """Where a device answers. `device` is its section in LINE.yaml, by which messages name it.

    `timeout_s` is the longest a connection or a reply may take. Raises ValueError for a unit that names no
    device: to unit 0 one broadcasts, and nobody answers.
    """

    host: str
    port: int = 502
    unit: int = 1
    timeout_s: float = 0.5
    device: str = "plc"

    def __post_init__(self) -> None:
        if self.unit != 255 and not 1 <= self.unit <= 247:  # noqa: PLR2004
            raise ValueError(
                f"{self.device}.unit: {self.unit} names no device (0 is the broadcast);"
                " use 1 to 247, or 255 for a device that ignores it"
            )

    def __str__(self) -> str:
        return f"{self.device} {self.host}:{self.port} unit {self.unit}"


class ModbusLink:
    """One device. Every method raises EquipmentError that names device, register and mend.

    There is no retry here: whoever asks knows whether asking again is right. After a time-out or a reply that
    cannot be trusted the connection is dropped, so that nothing late can answer a later request; the next
    one is made no sooner than 0.1 s later, doubling up to 2 s until the device answers again. Asked
    meanwhile, the link fails at once. Time-outs run on the loop's time, since a socket knows no other; the
    pauses run on the clock.
    """

    def __init__(self, address: PlcAddress, clock: Clock) -> None:
        self.address = address
        self._clock = clock
        self._lock = asyncio.Lock()
        self._wire: Wire | None = None
        self._failures = 0
        self._not_before = 0.0
        self._trouble = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connection; whoever waits for a reply gets an EquipmentError."""
        self._drop()
        await asyncio.sleep(0)

    async def read_registers(self, start: int, count: int) -> tuple[int, ...]:
        """Holding registers (function 3): `count` words, 1 to 125, from the 0-based address on."""
        return await self._ask(
            ReadHoldingRegistersRequest(dev_id=self.address.unit, address=start, count=count),
            lambda payload: registers_of(payload, count),
            f"reading {count} from {place(start)}",
        )

    async def write_registers(self, start: int, words: Sequence[int]) -> None:
        """Holding registers (function 16), all in one request: 1 to 123 words of 0 to 65535."""
        await self._ask(
            WriteMultipleRegistersRequest(dev_id=self.address.unit, address=start, registers=words),
            lambda payload: confirm_echo(payload, start, len(words)),
            f"writing {len(words)} to {place(start)}",
        )

    async def read_coils(self, start: int, count: int) -> tuple[bool, ...]:
        """Coils (function 1): `count` states from the 0-based address on."""
        return await self._ask(
            ReadCoilsRequest(dev_id=self.address.unit, address=start, count=count),
            lambda payload: bits_of(payload, count),
            f"reading {count} from coil {start}",
        )

    async def write_coil(self, address: int, *, on: bool) -> None:
        """One coil (function 5)."""
        await self._ask(
            WriteSingleCoilRequest(dev_id=self.address.unit, address=address, bits=[on]),
            lambda payload: confirm_echo(payload, address, _COIL_ON if on else 0),
            f"writing coil {address}",
        )

    async def _ask(self, request: ModbusPDU, answer_of: Callable[[bytes], T], what: str) -> T:
        async with self._lock:
            wire = await self._connected()
            try:
                frame = await wire.ask(request)
                answer = answer_of(payload_of(frame, request))
            except Refusal as refusal:
                self._failures = 0
                raise EquipmentError(f"{self.address}, {what}: {refusal}") from refusal
            except TimeoutError as error:
                raise self._given_up(
                    f"{what}: no reply within {self.address.timeout_s:g} s; check the network, the unit number"
                    " and the device's load"
                ) from error
            except (BadReply, ConnectionError) as error:
                raise self._given_up(
                    f"{what}: {error}; check that nothing but the device answers at this address"
                ) from error
            except asyncio.CancelledError:
                self._drop()
                raise
            self._failures = 0
            return answer

    async def _connected(self) -> Wire:
        if self._wire is not None and self._wire.is_active():
            return self._wire
        pause = self._not_before - self._clock.monotonic()
        if self._failures and pause > 0:
            raise EquipmentError(f"{self.address}, {self._trouble}; trying again in {pause:.1f} s")
        wire = Wire(self.address.host, self.address.port, self.address.timeout_s)
        mend = f"check that it is on, and {self.address.device}.host and {self.address.device}.port"
        try:
            await wire.open()
        except TimeoutError as error:
            raise self._given_up(f"no connection within {self.address.timeout_s:g} s; {mend}") from error
        except OSError as error:
            raise self._given_up(f"no connection: {error}; {mend}") from error
        self._wire = wire
        return wire

    def _given_up(self, trouble: str) -> EquipmentError:
        self._drop()
        self._failures += 1
        pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(self._failures - 1, 5))
        self._not_before = self._clock.monotonic() + pause
        self._trouble = trouble
        return EquipmentError(f"{self.address}, {trouble}")

    def _drop(self) -> None:
        if self._wire is not None:
            self._wire.give_up()
            self._wire = None
