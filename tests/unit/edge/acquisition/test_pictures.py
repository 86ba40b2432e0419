"""A picture decodes whole or not at all."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.acquisition.pictures import PictureError, decode, encode_jpeg, encode_png

HEIGHT, WIDTH = 240, 320


def face(seed: int = 0) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 2), np.uint8)


def jpeg(*options: int) -> bytes:
    written, encoded = cv2.imencode(".jpg", face(), list(options))
    assert written
    return encoded.tobytes()


def bmp() -> bytes:
    written, encoded = cv2.imencode(".bmp", face())
    assert written
    return encoded.tobytes()


BASELINE = jpeg()
PROGRESSIVE = jpeg(cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
RESTARTS = jpeg(cv2.IMWRITE_JPEG_RST_INTERVAL, 10)
KINDS = {
    "baseline": BASELINE,
    "progressive": PROGRESSIVE,
    "restarts": RESTARTS,
    "png": encode_png(face()),
    "bmp": bmp(),
}
ALL = pytest.mark.parametrize("encoded", KINDS.values(), ids=KINDS.keys())
JPEGS = pytest.mark.parametrize(
    "encoded", [BASELINE, PROGRESSIVE, RESTARTS], ids=["baseline", "progressive", "rst"]
)


@ALL
def test_a_whole_picture_decodes_as_asked(encoded: bytes) -> None:
    assert decode(encoded, 1).shape == (HEIGHT, WIDTH)
    assert decode(encoded, 3).shape == (HEIGHT, WIDTH, 3)
    assert decode(encoded, 3).dtype == np.uint8


@ALL
def test_a_reduced_picture_has_the_sides_divided(encoded: bytes) -> None:
    assert decode(encoded, 1, scale=2).shape == (HEIGHT // 2, WIDTH // 2)
    assert decode(encoded, 3, scale=4).shape == (HEIGHT // 4, WIDTH // 4, 3)


def test_colours_are_blue_green_red() -> None:
    red = np.zeros((16, 16, 3), np.uint8)
    red[:, :, 2] = 255
    for encoded in (encode_jpeg(red), encode_png(red)):
        assert np.abs(decode(encoded, 3).astype(int) - red).max() <= 3


def test_png_is_lossless_and_jpeg_nearly() -> None:
    gray = face()[:, :, 0]
    assert np.array_equal(decode(encode_png(gray), 1), gray)
    assert np.array_equal(decode(encode_png(face()), 3), face())
    assert np.abs(decode(encode_jpeg(gray), 1).astype(int) - gray).max() <= 12


@ALL
def test_a_cut_picture_is_refused_wherever_it_was_cut(encoded: bytes) -> None:
    cuts = {*range(40), *range(40, len(encoded), 997), *range(len(encoded) - 12, len(encoded))}
    for cut in sorted(cuts):
        with pytest.raises(PictureError):
            decode(encoded[:cut], 1)


@JPEGS
def test_a_cut_jpeg_is_refused_even_with_an_end_marker(encoded: bytes) -> None:
    for cut in (700, len(encoded) // 2, len(encoded) - 200):
        with pytest.raises(PictureError):
            decode(encoded[:cut] + b"\xff\xd9", 1)


@JPEGS
@pytest.mark.parametrize("hole", [b"", bytes(1460), b"\xff" * 1460], ids=["lost", "zeros", "ones"])
def test_a_lost_packet_is_noticed(encoded: bytes, hole: bytes) -> None:
    for start in np.random.default_rng(7).integers(1000, len(encoded) - 1600, 25):
        with pytest.raises(PictureError):
            decode(encoded[:start] + hole + encoded[start + 1460 :], 1)


def test_a_jpeg_cut_in_its_head_and_run_over_by_the_next_is_refused() -> None:
    """Cut between two segments, or within a table that the next one gives again, it would decode as the next."""
    head = BASELINE.index(b"\xff\xda")
    for cut in range(3, head):
        with pytest.raises(PictureError):
            decode(BASELINE[:cut] + BASELINE, 1)


def test_a_preview_within_a_jpeg_is_no_second_picture() -> None:
    preview = b"Exif" + BASELINE[:2000]
    segment = b"\xff\xe1" + (len(preview) + 2).to_bytes(2, "big") + preview
    whole = BASELINE[:2] + segment + BASELINE[2:]
    assert np.array_equal(decode(whole, 1), decode(BASELINE, 1))


@ALL
def test_a_flipped_header_byte_is_refused_unless_it_carries_no_picture(encoded: bytes) -> None:
    """Density, comments and the like may differ; the picture's own bytes may not."""
    refused = 0
    for place in range(30):
        damaged = bytearray(encoded)
        damaged[place] ^= 0xFF
        try:
            decode(bytes(damaged), 1)
        except PictureError:
            refused += 1
    assert refused >= 5


def test_a_png_is_refused_for_any_damaged_byte() -> None:
    encoded = KINDS["png"]
    for place in (*range(40), *range(40, len(encoded), 499)):
        damaged = bytearray(encoded)
        damaged[place] ^= 0x10
        with pytest.raises(PictureError):
            decode(bytes(damaged), 1)


@pytest.mark.parametrize("kind", ["baseline", "png"])
def test_padding_after_the_picture_is_fine_and_anything_else_is_not(kind: str) -> None:
    encoded = KINDS[kind]
    assert decode(encoded + bytes(512), 1).shape == (HEIGHT, WIDTH)
    assert decode(encoded + b"\r\n", 1).shape == (HEIGHT, WIDTH)
    with pytest.raises(PictureError):
        decode(encoded + b"<html>", 1)


@pytest.mark.parametrize(
    "encoded", [b"", b"<html><body>login</body></html>", bytes(1000), b"BM", b"\xff\xd8\xff\xd9"]
)
def test_what_is_no_picture_is_refused_with_a_mend(encoded: bytes) -> None:
    with pytest.raises(PictureError) as caught:
        decode(encoded, 3)
    assert caught.value.mend


def test_a_header_that_claims_gigapixels_is_refused_before_anything_is_allocated() -> None:
    header = bytearray(BASELINE)
    frame = header.index(b"\xff\xc0")
    header[frame + 5 : frame + 9] = b"\xfd\xe8\xfd\xe8"
    with pytest.raises(PictureError, match="65000×65000"):
        decode(bytes(header), 1)


def test_nothing_is_printed_for_a_damaged_picture(capfd: pytest.CaptureFixture[str]) -> None:
    for encoded in (BASELINE[:3000] + b"\xff\xd9", KINDS["png"][:2000], KINDS["bmp"][:2000]):
        with pytest.raises(PictureError):
            decode(encoded, 1)
    assert capfd.readouterr() == ("", "")
