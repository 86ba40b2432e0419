"""Where a Modbus device answers: over TCP, over TCP with TLS, or on a serial line."""

from dataclasses import dataclass
from typing import Final, Literal

from plc.tls import TlsFiles
from quality.saying import Saying, saying

Parity = Literal["N", "E", "O"]
StopBits = Literal[1, 2]

_LAST_UNIT: Final = 247
_ANY_UNIT: Final = 255
"""Over TCP: the device itself, whatever unit it thinks it is."""
_FAST_BAUD: Final = 19200
_FAST_SILENCE_S: Final = 0.00175
"""The silence between frames above 19200 baud (Modbus over Serial Line V1.02, 2.5.1.1)."""


@dataclass(frozen=True, slots=True)
class PlcAddress:
    """Where a device answers over TCP. `device` is its section in LINE.yaml, by which messages name it.

    `timeout_s` is the longest a connection or a reply may take. With `tls` it is Modbus/TCP Security. Raises
    ValueError for a unit that names no device: to unit 0 one broadcasts, and nobody answers.
    """

    host: str
    port: int = 502
    unit: int = 1
    timeout_s: float = 0.5
    device: str = "plc"
    tls: TlsFiles | None = None

    def __post_init__(self) -> None:
        if self.unit != _ANY_UNIT:
            _check_unit(self.unit, self.device, ", or 255 for a device that ignores it")

    def __str__(self) -> str:
        return f"{self.device} {self.host}:{self.port} unit {self.unit}"

    @property
    def connection_mend(self) -> Saying:
        """What to look at when there is no connection."""
        return saying(
            "check that it is on, and {device}.host and {device}.port; a device that takes one connection must"
            " have"
            " let go of the last one, and nothing else may hold it",
            device=self.device,
        )

    @property
    def silence_mend(self) -> Saying:
        """What to look at when nothing is answered."""
        return saying("check the network, the unit number and the device's load")

    @property
    def doubt_mend(self) -> Saying:
        """What to look at when the answer is none."""
        return saying("check that nothing but the device answers at this address")


@dataclass(frozen=True, slots=True)
class SerialAddress:
    """Where a device answers on a serial line: 8 data bits, RTU frames.

    `timeout_s` is the longest a reply may take, the time of its bytes on the line included. Raises ValueError
    for a unit that names no device.
    """

    path: str
    baud: int = 19200
    parity: Parity = "E"
    stop_bits: StopBits = 1
    unit: int = 1
    timeout_s: float = 0.5
    device: str = "plc"

    def __post_init__(self) -> None:
        _check_unit(self.unit, self.device, "")

    def __str__(self) -> str:
        return f"{self.device} {self.path} unit {self.unit}"

    @property
    def connection_mend(self) -> Saying:
        """What to look at when the port cannot be opened."""
        return saying(
            "check the adapter, {device}.serial and the right to use it; no other program may have it open",
            device=self.device,
        )

    @property
    def silence_mend(self) -> Saying:
        """What to look at when nothing is answered."""
        return saying("check baud, parity and stop bits, the cable, the unit number and the device's load")

    @property
    def doubt_mend(self) -> Saying:
        """What to look at when the answer is none."""
        return saying(
            "check the cable, its shield and its termination, that each unit is there once, and that the adapter"
            " does not echo what is sent"
        )

    @property
    def silence_s(self) -> float:
        """The silence that separates two frames: 3.5 characters of 11 bits, and 1.75 ms above 19200 baud."""
        return _FAST_SILENCE_S if self.baud > _FAST_BAUD else 3.5 * 11 / self.baud


def _check_unit(unit: int, device: str, besides: str) -> None:
    if not 1 <= unit <= _LAST_UNIT:
        raise ValueError(
            f"{device}.unit: {unit} names no device (0 is the broadcast); use 1 to {_LAST_UNIT}{besides}"
        )
