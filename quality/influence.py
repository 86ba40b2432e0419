"""Why a forecast is what it is: what each of its inputs moved it by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Influence:
    """What one input moved the mean of a characteristic by.

    `source` is a reading's name, or the serial of a part that was measured. `value` is the reading, or what was
    measured of the characteristic on that part (None where only others were); `usual` the reading's median on the
    parts before, None for a part. `moved`, in the characteristic's unit, is the mean as forecast minus the mean
    with the reading at its usual value, or with the part not measured. What several inputs moved together need not
    add up.
    """

    source: str
    value: float | None
    usual: float | None
    moved: float
