"""Splitting a recording in the order of time: a first share to learn from, a last share to be scored on.

Both are rounded down, so that shares that add up to 1 never overlap.
"""

from collections.abc import Sequence
from dataclasses import replace

from quality.recording import LabelledFrame, PartHistory

_ROUNDING = 1e-9


def first_parts(history: PartHistory, share: float) -> PartHistory:
    """The first share of the parts, in the order made. Raises ValueError when the share is none."""
    return part_range(history, 0, _count(len(history), share))


def last_start(total: int, share: float) -> int:
    """The index at which the last share of `total` begins. Raises ValueError when the share is none."""
    return total - _count(total, share)


def part_range(history: PartHistory, begin: int, end: int) -> PartHistory:
    """The parts from index `begin` to before `end`; the maintenance log stays whole."""
    return replace(
        history,
        sequence=history.sequence[begin:end],
        serials=history.serials[begin:end],
        measured=history.measured[begin:end],
        readings=history.readings[begin:end],
        times={name: times[begin:end] for name, times in history.times.items()},
        bars=history.bars[begin:end],
        provoked=history.provoked[begin:end],
    )


def first_frames(frames: Sequence[LabelledFrame], share: float) -> tuple[LabelledFrame, ...]:
    """The frames of the first share of tile groups, which stay whole, in the order of their first appearance."""
    groups = _groups(frames)
    kept = set(groups[: _count(len(groups), share)])
    return tuple(frame for frame in frames if frame.tile_group in kept)


def last_frames(frames: Sequence[LabelledFrame], share: float) -> tuple[LabelledFrame, ...]:
    """The frames of the last share of tile groups, which stay whole."""
    groups = _groups(frames)
    kept = set(groups[last_start(len(groups), share) :])
    return tuple(frame for frame in frames if frame.tile_group in kept)


def _groups(frames: Sequence[LabelledFrame]) -> list[str]:
    return list(dict.fromkeys(frame.tile_group for frame in frames))


def _count(total: int, share: float) -> int:
    if not 0 < share <= 1:
        raise ValueError(f"a share must be above 0 and at most 1, not {share:g}")
    count = int(total * share + _ROUNDING)
    if not count:
        raise ValueError(f"{share:g} of {total} is less than one; take a larger share")
    return count
