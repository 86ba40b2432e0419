import cv2
import numpy as np
import pytest

from edge.simulator.camera import Camera
from edge.simulator.exposures import spoil
from edge.simulator.face import HEIGHT, HOLE_CENTRES, PIXELS_PER_MM, SERIAL_MIDDLE, WIDTH
from edge.simulator.part import DEFECTS, Defect
from tests.unit.edge.simulator.parts import ideal_part


@pytest.fixture(scope="module")
def camera() -> Camera:
    return Camera(7)


def decoded(jpeg: bytes) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return picture


def dark_centre(face: np.ndarray, hole: int) -> np.ndarray:
    x, y = HOLE_CENTRES[hole]
    patch = face[y - 90 : y + 90, x - 90 : x + 90].astype(float)
    rows, columns = np.mgrid[0:180, 0:180]
    weight = np.clip(60 - patch, 0, None)
    centre = np.array([(weight * columns).sum(), (weight * rows).sum()]) / weight.sum()
    return centre - 90 + np.array([x, y])


def test_an_exposure_is_a_picture_of_1280_by_1024_of_100_to_200_kilobytes(camera: Camera) -> None:
    jpeg = camera.expose(camera.portray(ideal_part()).face)
    assert decoded(jpeg).shape == (HEIGHT, WIDTH) == (1024, 1280)
    assert 90_000 < len(jpeg) < 200_000


def test_two_exposures_of_one_part_differ_a_little(camera: Camera) -> None:
    face = camera.portray(ideal_part()).face
    one, two = camera.expose(face), camera.expose(face)
    assert one != two
    assert np.abs(decoded(one).astype(int) - decoded(two)).mean() < 6


def test_the_same_part_looks_the_same_to_a_camera_of_the_same_seed(camera: Camera) -> None:
    assert np.array_equal(camera.portray(ideal_part(5)).face, Camera(7).portray(ideal_part(5)).face)


@pytest.mark.parametrize("hole", range(6))
def test_holes_are_drawn_where_they_are(camera: Camera, hole: int) -> None:
    true, moved = ideal_part(3), ideal_part(3)
    moved.values[3 * hole : 3 * hole + 2] = [0.5, -0.4]
    shift = dark_centre(camera.portray(moved).face, hole) - dark_centre(camera.portray(true).face, hole)
    assert shift == pytest.approx([0.5 * PIXELS_PER_MM, -0.4 * PIXELS_PER_MM], abs=0.4)


def test_the_serial_is_on_the_part(camera: Camera) -> None:
    part = ideal_part(12)
    other = ideal_part(12)
    object.__setattr__(other, "serial", "BM-0788888")
    changed = camera.portray(part).face.astype(int) != camera.portray(other).face
    rows, columns = np.nonzero(changed)
    assert abs(columns.mean() - SERIAL_MIDDLE[0]) < 150
    assert abs(rows.mean() - SERIAL_MIDDLE[1]) < 20


def test_a_sound_part_has_an_empty_mask(camera: Camera) -> None:
    assert not camera.portray(ideal_part()).mask.any()


@pytest.mark.parametrize("label", DEFECTS)
def test_a_defect_is_seen_where_its_mask_is_and_nowhere_else(camera: Camera, label: str) -> None:
    sound = camera.portray(ideal_part(2)).face.astype(int)
    for shape in range(12):
        portrait = camera.portray(ideal_part(2, Defect(label, shape)))
        assert set(np.unique(portrait.mask)) == {0, 255}
        assert (portrait.mask > 0).sum() > 150
        change = np.abs(portrait.face.astype(int) - sound)
        half = cv2.resize(change.astype(np.float32), (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
        assert half.max() > 35, "a model at half the resolution can see it"
        around = cv2.dilate(portrait.mask, np.ones((33, 33), np.uint8)) > 0
        assert change[~around].max() <= 2


def test_an_empty_fixture_is_dark(camera: Camera) -> None:
    empty, full = camera.portray(None).face, camera.portray(ideal_part()).face
    assert empty.mean() + 40 < full.mean()


def test_light_drifts_slowly(camera: Camera) -> None:
    levels = [camera.portray(ideal_part(number)).face.mean() for number in (1, 2, 60)]
    assert abs(levels[0] - levels[2]) > 5


def test_spoilt_pictures_are_not_whole(camera: Camera) -> None:
    jpeg = camera.expose(camera.portray(ideal_part()).face)
    assert not spoil(jpeg, 1).endswith(b"\xff\xd9")
    assert len(spoil(jpeg, 2)) == len(jpeg)
    assert bytes(2000) in spoil(jpeg, 2)
