"""The gauge: what it shows of a part, and the second Modbus device through which it is asked.

It reads the truth with a little noise. Rarely it loses its reference at a hole: from there on, every value of
that part is grossly wrong, as happens on real measuring machines.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.simulator.part import CHARACTERISTICS, HOLES, NOMINAL, Part

NOISE_MM: Final = np.tile([0.003, 0.003, 0.0015], HOLES)
LOST_SHARE: Final = 0.005
"""Share of measured parts on which the reference is lost; over half of such a part's values are outliers."""
STREAM: Final = 2


def measure(part: Part, seed: int, attempt: int = 0) -> NDArray[np.float64]:
    """float64 [18] in mm, in the order of CHARACTERISTICS; the same for the same seed, part and attempt."""
    random = np.random.default_rng([seed, STREAM, part.number, attempt])
    shown = part.values + random.normal(0, 1, len(CHARACTERISTICS)) * NOISE_MM
    lost_from = int(random.integers(HOLES)) * len(CHARACTERISTICS) // HOLES
    error = random.uniform(2.0, 9.0, len(CHARACTERISTICS)) * random.choice([-1, 1])
    if random.random() < LOST_SHARE:
        shown[lost_from:] = NOMINAL[lost_from:] + error[lost_from:]
    return np.asarray(shown)
