"""Splits in the order of time: first and last shares never overlap, tile groups stay whole."""

import numpy as np
import pytest

from quality.characteristic import Characteristic, Limits
from quality.recording import LabelledFrame, PartHistory
from quality.splitting import first_frames, first_parts, last_frames, last_start


def _history(parts: int) -> PartHistory:
    return PartHistory(
        characteristics=(Characteristic("x_mm", "mm", Limits(-1, 1)),),
        sequence=np.arange(parts),
        serials=tuple(f"P{i}" for i in range(parts)),
        measured=np.arange(parts, dtype=float)[:, None],
        reading_names=("a",),
        readings=np.arange(parts, dtype=float)[:, None],
        times={"made_at": (None,) * parts},
        bars=(None,) * parts,
        provoked=np.zeros(parts, dtype=np.int64),
        maintenance=(),
    )


@pytest.mark.parametrize("total", [10, 13, 101, 507, 846])
@pytest.mark.parametrize("first", [0.1, 0.25, 0.5, 0.6, 0.7, 0.9])
def test_a_first_and_the_remaining_last_share_do_not_overlap(total: int, first: float) -> None:
    assert len(first_parts(_history(total), first)) <= last_start(total, 1 - first)


def test_every_field_of_the_history_is_cut_alike() -> None:
    cut = first_parts(_history(10), 0.6)
    assert len(cut) == len(cut.sequence) == len(cut.measured) == len(cut.readings) == 6
    assert len(cut.times["made_at"]) == len(cut.bars) == len(cut.provoked) == 6
    assert cut.serials[-1] == "P5"


def test_the_whole_share_is_everything() -> None:
    assert len(first_parts(_history(7), 1.0)) == 7
    assert last_start(7, 1.0) == 0


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, float("nan")])
def test_shares_outside_0_to_1_are_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        last_start(10, share)


def test_a_share_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.1 of 9 is less than one"):
        last_start(9, 0.1)


def test_tile_groups_stay_whole_in_order_of_first_appearance() -> None:
    groups = ["b", "a", "b", "c", "a", "d", "e"]
    frames = [LabelledFrame(f"{i}.jpg", group, "1", "none", True, None) for i, group in enumerate(groups)]
    first, last = first_frames(frames, 0.6), last_frames(frames, 0.4)
    assert [frame.tile_group for frame in first] == ["b", "a", "b", "c", "a"]
    assert [frame.tile_group for frame in last] == ["d", "e"]
