"""The gauge: what it shows of a part, and the second Modbus device through which it is asked.

It reads the truth with a little noise. Rarely it loses its reference at a hole: from there on, every value of
that part is grossly wrong, as happens on real measuring machines.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.simulator.part import CHARACTERISTICS, HOLES, NOMINAL, Part
from edge.simulator.registers import (
    ILLEGAL_ADDRESS,
    SERIAL_WORDS,
    DeviceRefusal,
    serial_of,
    uint32_of,
    words_of_float32,
)
from edge.simulator.truth import Fate

NOISE_MM: Final = np.tile([0.003, 0.003, 0.0015], HOLES)
LOST_SHARE: Final = 0.005
"""Share of measured parts on which the reference is lost; over half of such a part's values are outliers."""
STREAM: Final = 2

REQUEST_WORDS: Final = 2 + SERIAL_WORDS
ANSWER: Final = 20
ANSWER_WORDS: Final = 3 + 2 * len(CHARACTERISTICS)
IDLE, MEASURING, DONE, NO_SUCH_PART = 0, 1, 2, 3


def measure(part: Part, seed: int, attempt: int = 0) -> NDArray[np.float64]:
    """float64 [18] in mm, in the order of CHARACTERISTICS; the same for the same seed, part and attempt."""
    random = np.random.default_rng([seed, STREAM, part.number, attempt])
    shown = part.values + random.normal(0, 1, len(CHARACTERISTICS)) * NOISE_MM
    lost_from = int(random.integers(HOLES)) * len(CHARACTERISTICS) // HOLES
    error = random.uniform(2.0, 9.0, len(CHARACTERISTICS)) * random.choice([-1, 1])
    if random.random() < LOST_SHARE:
        shown[lost_from:] = NOMINAL[lost_from:] + error[lost_from:]
    return np.asarray(shown)


class GaugeDevice:
    """A `Device`. `fates` are the parts made so far, by serial; a measurement takes `seconds`."""

    def __init__(self, fates: Mapping[str, Fate], seed: int, seconds: float) -> None:
        self._fates = fates
        self._seed = seed
        self._seconds = seconds
        self._request = [0] * REQUEST_WORDS
        self._state = IDLE
        self._left_s = 0.0
        self._values = [0] * (2 * len(CHARACTERISTICS))

    def step(self, dt: float) -> None:
        """Measures on for that many seconds."""
        if self._state == MEASURING:
            self._left_s -= dt
            if self._left_s <= 0:
                self._finish()

    def read_registers(self, address: int, count: int, /) -> Sequence[int]:
        """Request and answer block; what lies between reads 0."""
        image = [
            *self._request,
            *[0] * (ANSWER - REQUEST_WORDS),
            *self._request[:2],
            self._state,
            *self._values,
        ]
        if address + count > len(image):
            raise DeviceRefusal(ILLEGAL_ADDRESS)
        return image[address : address + count]

    def write_registers(self, address: int, words: Sequence[int], /) -> None:
        """The request block, whole; it ends a measurement that is under way."""
        if address != 0 or len(words) != REQUEST_WORDS:
            raise DeviceRefusal(ILLEGAL_ADDRESS)
        self._request = list(words)
        self._state, self._left_s = MEASURING, self._seconds
        fate = self._asked()
        if fate is None or fate.sequence != uint32_of(words):
            self._state = NO_SUCH_PART
        elif self._seconds <= 0:
            self._finish()

    def read_bits(self, _address: int, _count: int, /) -> Sequence[bool]:
        """The gauge has no coils."""
        raise DeviceRefusal(ILLEGAL_ADDRESS)

    def write_bits(self, _address: int, _bits: Sequence[bool], /) -> None:
        """The gauge has no coils."""
        raise DeviceRefusal(ILLEGAL_ADDRESS)

    def _asked(self) -> Fate | None:
        return self._fates.get(serial_of(self._request[2:]))

    def _finish(self) -> None:
        fate = self._asked()
        if fate is None:
            self._state = NO_SUCH_PART
            return
        shown = measure(fate.part, self._seed, len(fate.measured)).astype(np.float32).tolist()
        fate.measured.append(shown)
        self._values = words_of_float32(shown)
        self._state = DONE
