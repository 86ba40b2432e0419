"""The stream is cut exactly where the camera says, or refused with what is wrong and the mend."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Literal

import pytest

from edge.acquisition import mjpeg
from edge.acquisition.settings import CameraSettings, Trigger
from edge.acquisition.wire import Captured, SourceError

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=cut\r\n\r\n"


def part(body: bytes, fields: bytes = b"", length: int | None = None) -> bytes:
    declared = len(body) if length is None else length
    return b"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n%s\r\n%s\r\n" % (declared, fields, body)


@contextlib.contextmanager
def sending(
    *blocks: bytes | float,
    clock: Literal["camera", "arrival"] = "arrival",
    latency_s: float = 0.0,
    timeout_s: float = 0.2,
    trigger: Trigger = "free",
) -> Iterator[Iterator[tuple[Captured, bytes] | None]]:
    """A camera that sends these blocks, pausing where a number stands, then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def send() -> None:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(65536)
                for block in blocks:
                    if isinstance(block, bytes):
                        connection.sendall(block)
                    else:
                        time.sleep(block)

        thread = threading.Thread(target=send)
        thread.start()
        settings = CameraSettings(
            "face", "mjpeg", f"http://127.0.0.1:{port}/s?x=1", 8, 8, 1, clock, timeout_s, latency_s, trigger
        )
        with contextlib.closing(mjpeg.pictures(settings)) as stream:
            yield stream
        thread.join()


def refusal(*blocks: bytes | float, clock: Literal["camera", "arrival"] = "arrival") -> str:
    with sending(*blocks, clock=clock) as stream, pytest.raises(SourceError) as caught:
        list(stream)
    assert caught.value.mend
    return caught.value.problem


def bodies(*blocks: bytes | float) -> list[bytes]:
    received: list[bytes] = []
    with sending(*blocks) as stream, pytest.raises(SourceError, match="ended the stream"):
        received.extend(body for _, body in stream)
    return received


def test_parts_are_cut_by_their_length_whatever_they_contain() -> None:
    pictures = [b"one", b"two\r\n--cut\r\nthree", b"\r\n\r\n", bytes(300_000)]
    assert bodies(HEAD, *(part(picture) for picture in pictures)) == pictures


def test_parts_are_the_same_however_the_network_slices_them() -> None:
    text = HEAD + part(b"one") + part(b"two")
    assert bodies(*(text[at : at + 1] for at in range(len(text)))) == [b"one", b"two"]
    assert bodies(text) == [b"one", b"two"]


def test_without_lengths_parts_end_at_the_boundary() -> None:
    text = HEAD + b"--cut\r\n\r\none\r\n--cut\r\nX: y\r\n\r\ntwo\r\n--cut\r\n"
    assert bodies(text) == [b"one", b"two"]


def test_a_quoted_boundary_with_its_dashes_is_understood() -> None:
    assert bodies(HEAD.replace(b"boundary=cut", b'boundary="--cut"'), part(b"one")) == [b"one"]


def test_the_camera_s_stamp_is_the_capture_time_when_its_clock_is_trusted() -> None:
    stamp = time.time() - 0.5
    with sending(HEAD, part(b"one", b"X-Timestamp: %.6f\r\n" % stamp), clock="camera") as stream:
        captured, _ = next(stream)
    assert captured.epoch == pytest.approx(stamp, abs=1e-5)
    assert captured.monotonic == pytest.approx(time.monotonic() - (time.time() - stamp), abs=0.01)


def test_arrival_is_that_of_the_part_s_first_byte_less_the_latency() -> None:
    whole = part(b"x" * 100)
    started = time.monotonic()
    with sending(HEAD + b"--cut\r\n", 0.1, whole[7:50], 0.1, whole[50:], latency_s=5.0, timeout_s=3) as stream:
        captured, body = next(stream)
    assert body == b"x" * 100
    assert captured.monotonic + 5.0 - started == pytest.approx(0.1, abs=0.06)


@pytest.mark.parametrize(
    ("blocks", "problem"),
    [
        ([HEAD, 0.5], "stands still"),
        ([HEAD, part(b"one"), b"--cut\r\nContent-Length: 500\r\n\r\nhalf", 0.5], "stands still"),
        ([HEAD, part(b"one", length=2)], "boundary was due"),
        ([HEAD, part(b"one", length=9), part(b"two")], "boundary was due"),
        ([HEAD, part(b"one", length=20_000_001)], "20000001 bytes"),
        ([HEAD, part(b"one", b"X-Other\r\n")], "header"),
        ([HEAD, part(b"one", b"X-Long: " + b"a" * 40_000 + b"\r\n")], "16384 bytes"),
        ([b"HTTP/1.0 404 Not Found\r\n\r\n"], "HTTP 404"),
        ([b"HTTP/1.0 401 Unauthorized\r\n\r\n"], "sign-in"),
        ([b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n"], "image/jpeg"),
        ([HEAD.replace(b"; boundary=cut", b"")], "no boundary"),
        ([HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")], "no plain multipart"),
        ([b"220 FTP ready\r\n"], "no HTTP server"),
    ],
)
def test_what_cannot_be_cut_is_refused(blocks: list[bytes | float], problem: str) -> None:
    assert problem in refusal(*blocks)


def test_a_trickle_does_not_keep_a_picture_waiting_for_ever() -> None:
    trickle: list[bytes | float] = [b"x", 0.05] * 20
    started = time.monotonic()
    assert "stands still" in refusal(HEAD, b"--cut\r\nContent-Length: 500\r\n\r\n", *trickle)
    assert time.monotonic() - started < 1.5


def test_a_missing_stamp_is_refused_when_the_camera_s_clock_is_to_be_used() -> None:
    assert "X-Timestamp" in refusal(HEAD, part(b"one"), clock="camera")


def test_a_source_that_is_no_http_address_is_refused() -> None:
    with pytest.raises(SourceError, match="no http address"):
        next(mjpeg.pictures(CameraSettings("face", "mjpeg", "face.local/stream", 8, 8, 1)))


def test_a_triggered_camera_may_rest_between_pictures_and_says_that_it_is_watched() -> None:
    blocks = (HEAD, part(b"one", b"X-Frame-Counter: 41\r\n"), 0.5, part(b"two", b"X-Frame-Counter: 42\r\n"), 0.5)
    with sending(*blocks, trigger="hardware") as stream:
        found = []
        with contextlib.suppress(SourceError):  # it hangs up at the end
            found.extend(stream)
    assert [(item[0].counter, item[1]) for item in found if item is not None] == [(41, b"one"), (42, b"two")]
    assert found.index(None) == 1
    assert found.count(None) >= 4


def test_a_triggered_camera_that_stops_inside_a_picture_stands_still() -> None:
    whole = part(b"one" * 100, b"X-Frame-Counter: 41\r\n")
    with sending(HEAD, whole[:-100], 1.0, trigger="hardware") as stream, pytest.raises(SourceError, match="still"):
        list(stream)


@pytest.mark.parametrize("counter", [b"", b"X-Frame-Counter: one\r\n", b"X-Frame-Counter: -1\r\n"])
def test_a_triggered_camera_that_does_not_count_is_refused(counter: bytes) -> None:
    with (
        sending(HEAD, part(b"one", counter), trigger="hardware") as stream,
        pytest.raises(SourceError, match="X-Frame-Counter") as caught,
    ):
        list(stream)
    assert "trigger: free" in caught.value.mend
