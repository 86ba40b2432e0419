"""The live picture is small enough for a tablet's Wi-Fi, and one that did not arrive whole is not shown."""

import numpy as np
import pytest

from edge.acquisition.camera import GLANCE_WIDTH, small
from edge.acquisition.pictures import PictureError, decode, encode_jpeg, encode_png

RAMP = np.tile(np.linspace(0, 255, 1280, dtype=np.uint8), (1024, 1))


@pytest.mark.parametrize("width", [400, 640, 1280, 2560, 2600])
def test_a_large_picture_is_made_small_and_a_small_one_stays(width: int) -> None:
    picture = encode_png(np.zeros((100, width), np.uint8))
    shown = decode(small(picture, width), 1)
    assert shown.shape[1] == width or GLANCE_WIDTH <= shown.shape[1] < 2 * GLANCE_WIDTH


def test_it_weighs_a_fraction_and_shows_the_same() -> None:
    picture = encode_png(RAMP)
    shown = small(picture, 1280)
    assert len(shown) < 30_000 < len(picture)
    assert np.abs(decode(shown, 1).astype(int) - RAMP[::2, ::2]).mean() < 2


def test_a_cut_picture_is_refused() -> None:
    with pytest.raises(PictureError):
        small(encode_jpeg(RAMP)[:-100], 1280)
