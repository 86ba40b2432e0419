"""A made-up line whose truth is known: what a reading explains, what drifts, what is noise."""

import numpy as np

from quality.characteristic import Characteristic, Limits
from quality.recording import PartHistory


def made_up_history(parts: int, seed: int, *, outliers: float = 0.0, prefix: str = "P") -> PartHistory:
    """Two characteristics: `x_mm` follows power (0.1 mm/kW) and a slow walk, `y_mm` is noise around 0.02.

    `outliers` is the share of parts on which the gauge is off by metres. `tool_parts` counts to 50, over and over.
    """
    random = np.random.default_rng(seed)
    power = 5.0 + np.repeat(random.normal(0, 1, parts // 10 + 1), 10)[:parts]
    walk = np.cumsum(random.normal(0, 0.004, parts))
    x = 0.1 * (power - 5.0) + walk + random.normal(0, 0.01, parts)
    y = 0.02 + random.normal(0, 0.01, parts)
    measured = np.column_stack([x, y])
    measured[random.random(parts) < outliers] += 3000.0
    measured[random.random(parts) < 0.02] = np.nan
    return PartHistory(
        characteristics=(
            Characteristic("x_mm", "mm", Limits(-0.15, 0.15)),
            Characteristic("y_mm", "mm", Limits(-0.05, 0.05)),
        ),
        sequence=np.arange(1, parts + 1),
        serials=tuple(f"{prefix}{i}" for i in range(parts)),
        measured=measured,
        reading_names=("power_kw", "tool_parts"),
        readings=np.column_stack([power + random.normal(0, 0.02, parts), np.arange(parts) % 50.0]),
        times={},
        bars=(None,) * parts,
        provoked=np.zeros(parts, dtype=np.int64),
        maintenance=(),
    )
