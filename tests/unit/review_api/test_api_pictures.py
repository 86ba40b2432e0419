"""Pictures: kept for ever under their hash, live ones never, and maps to lay over them."""

import hashlib
import struct
import zlib

import httpx
import numpy as np
import pytest

from quality.judgement import Verdict
from review_api.png import overlay
from review_api.settings import ReviewSettings
from tests.unit.review_api.conftest import PICTURE, Store


def _pixels(png: bytes) -> np.ndarray:
    """The RGBA pixels of a PNG with unfiltered rows, every chunk's checksum checked."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        content = png[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + content) == struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0]
        chunks[kind] = content
        at += 12 + length
    columns, rows, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colour) == (8, 6)
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(rows, 1 + columns * 4)
    assert not lines[:, 0].any()
    return lines[:, 1:].reshape(rows, columns, 4)


def test_an_overlay_is_clear_where_low_and_red_where_high() -> None:
    pixels = _pixels(overlay(np.array([[0, 60, 128], [200, 255, 255]], np.uint8)))
    assert pixels.shape == (2, 3, 4)
    assert pixels[0, 0, 3] == pixels[0, 1, 3] == 0
    assert 0 < pixels[0, 2, 3] < pixels[1, 0, 3] < pixels[1, 1, 3]
    assert pixels[1, 1, 0] > 2 * pixels[1, 1, 1:3].max()


async def test_a_kept_frame_is_served_for_ever(engineer: httpx.AsyncClient, store: Store) -> None:
    store.make_part(Verdict.HOLD, with_evidence=True)
    answer = await engineer.get(f"/pictures/{hashlib.sha256(PICTURE).hexdigest()}")
    assert answer.content == PICTURE
    assert answer.headers["content-type"] == "image/jpeg"
    assert "immutable" in answer.headers["cache-control"]
    assert "private" in answer.headers["cache-control"]


@pytest.mark.parametrize("name", ["0" * 64, "0" * 63, "..%2F..%2Fjidoka.db", "F" * 64])
async def test_nothing_else_is_served(engineer: httpx.AsyncClient, name: str) -> None:
    assert (await engineer.get(f"/pictures/{name}")).status_code in {404, 422}


async def test_the_live_picture_is_the_newest(engineer: httpx.AsyncClient, settings: ReviewSettings) -> None:
    assert (await engineer.get("/pictures/live/face")).status_code == 404
    for picture in (PICTURE, PICTURE * 2):
        (settings.live_folder / "face.jpg").write_bytes(picture)
        answer = await engineer.get("/pictures/live/face")
        assert answer.content == picture
        assert answer.headers["cache-control"] == "no-cache"
        unchanged = await engineer.get("/pictures/live/face", headers={"If-None-Match": answer.headers["etag"]})
        assert (unchanged.status_code, unchanged.content) == (304, b"")


@pytest.mark.parametrize("camera", ["..%2Fsecret", "%2e%2e", "a.b", ".face", "a" * 65, "face%00"])
async def test_a_camera_is_a_plain_name(
    engineer: httpx.AsyncClient, settings: ReviewSettings, camera: str
) -> None:
    (settings.live_folder.parent / "secret.jpg").write_bytes(PICTURE)
    assert (await engineer.get(f"/pictures/live/{camera}")).status_code in {404, 422}


async def test_the_map_of_a_finding_is_a_picture(engineer: httpx.AsyncClient, store: Store) -> None:
    store.make_part(Verdict.HOLD, with_evidence=True)
    number = store.review.recent_inspections("beam-line-3", 1)[0].id
    answer = await engineer.get(f"/pictures/map/{number}/face.png")
    assert answer.headers["content-type"] == "image/png"
    pixels = _pixels(answer.content)
    assert pixels.shape == (4, 5, 4)
    assert np.argwhere(pixels[..., 3]).tolist() == [[1, 2]]
    assert (await engineer.get(f"/pictures/map/{number}/rear.png")).status_code == 404
    assert (await engineer.get("/pictures/map/999/face.png")).status_code == 404
