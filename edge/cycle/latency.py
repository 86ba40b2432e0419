"""How long parts wait for their verdict: trigger seen to acknowledged by the PLC."""

from collections import deque

import numpy as np

REMEMBERED = 2000


class Latency:
    """The latest latencies, in seconds in and milliseconds out."""

    def __init__(self) -> None:
        self.seconds: deque[float] = deque(maxlen=REMEMBERED)

    def add(self, seconds: float) -> None:
        """One part's latency."""
        self.seconds.append(seconds)

    def percentiles_ms(self) -> dict[str, float] | None:
        """p50, p95 and p99 in milliseconds, or None before the first part."""
        if not self.seconds:
            return None
        p50, p95, p99 = np.percentile(np.fromiter(self.seconds, float), [50, 95, 99]) * 1000
        return {"p50": round(float(p50), 2), "p95": round(float(p95), 2), "p99": round(float(p99), 2)}
