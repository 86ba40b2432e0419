"""Boxes stand where the map is high, one for each connected region."""

import numpy as np

from inference.regions import boxes


def test_regions_apart_are_boxes_apart_strongest_first():
    seen = np.zeros((6, 8), dtype=np.float32)
    seen[0, 0] = 0.6
    seen[3:5, 4:7] = 0.9
    found = boxes(seen, 0.5, 16, 96, 128)
    assert [(b.left, b.top, b.width, b.height) for b in found] == [(64, 48, 48, 32), (0, 0, 16, 16)]
    assert [round(b.score, 3) for b in found] == [0.9, 0.6]


def test_diagonal_neighbours_belong_together():
    seen = np.eye(4, dtype=np.float32)
    (box,) = boxes(seen, 0.5, 1, 4, 4)
    assert (box.width, box.height) == (4, 4)


def test_a_box_ends_with_the_frame():
    seen = np.ones((2, 2), dtype=np.float32)
    (box,) = boxes(seen, 0.5, 16, 20, 30)
    assert (box.width, box.height) == (30, 20)


def test_at_most_twenty_boxes():
    seen = np.zeros((20, 20), dtype=np.float32)
    seen[::2, ::2] = 1
    assert len(boxes(seen, 0.5, 1, 20, 20)) == 20
