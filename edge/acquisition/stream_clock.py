"""When the pictures of a stream were taken, by the stream's own clock and the moments at which they arrived.

A picture that waited in a buffer arrives late, and its arrival alone makes an old picture look new. The stream's
stamps tell how far apart the pictures were taken; the picture that arrived with the least delay tells where that
clock stands against ours. Both clocks run at their own rate, so only the last seconds are compared.
"""

from dataclasses import dataclass, field

WINDOW_S = 10.0
"""How long the least delay counts; clocks drift apart by less than 1 ms in that time (100 ppm)."""


@dataclass(slots=True)
class StreamClock:
    """The clock of one stream, all in seconds. `stamp` may start anywhere; `arrived` is of the monotonic clock."""

    _last: float | None = None
    _began: float = 0.0
    _least: float = field(default=float("inf"))
    _least_before: float = field(default=float("inf"))

    def captured(self, stamp: float, arrived: float) -> float:
        """When a picture with that stamp was taken, on the monotonic clock, less the delay of the quickest one.

        Never later than it arrived. A stream whose stamps do not grow tells nothing, and the arrival counts.
        """
        grows = self._last is None or stamp > self._last
        self._last = stamp
        if not grows:
            self._least = self._least_before = float("inf")
            return arrived
        if arrived - self._began > WINDOW_S / 2:
            self._began, self._least_before, self._least = arrived, self._least, float("inf")
        self._least = min(self._least, arrived - stamp)
        return stamp + min(self._least, self._least_before)
