import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import pytest

from edge.simulator.camera import Camera
from edge.simulator.exposures import Exposures
from edge.simulator.faults import Fault, Faults
from edge.simulator.part import Defect, Part
from edge.simulator.stream import CameraServer
from edge.simulator.truth import Fate, truth
from tests.unit.edge.simulator.parts import ideal_part

CAMERA = Camera(7)


@dataclass
class Scene:
    part: Part | None = None
    now: float = 0.0
    port: int = 0
    fates: list[Fate] = field(default_factory=list)
    ordered: list[tuple[Fault, float]] = field(default_factory=list)
    faults: Faults = field(init=False)

    def __post_init__(self) -> None:
        self.faults = Faults(lambda: self.now)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    scene = Scene(part=ideal_part(12))
    exposures = Exposures(CAMERA, lambda: scene.part, scene.faults)
    server = CameraServer(
        exposures,
        scene.faults,
        lambda: truth(scene.fates),
        lambda fault, seconds: scene.ordered.append((fault, seconds)),
    )
    running = asyncio.create_task(exposures.run())
    scene.port = await server.start("127.0.0.1", 0)
    yield scene
    running.cancel()
    await server.stop()


async def fetch(port: int, head: str, body: bytes = b"") -> tuple[int, bytes, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{head} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    answer = await reader.read()
    writer.close()
    headers, _, content = answer.partition(b"\r\n\r\n")
    return int(headers.split()[1]), headers, content


class Viewer:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> "Viewer":
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        return cls(reader, writer)

    async def head(self) -> str:
        return (await self.reader.readuntil(b"\r\n\r\n")).decode()

    async def to_the_end(self) -> None:
        while True:
            await self.picture()

    async def picture(self) -> tuple[float, bytes]:
        head = await self.head()
        headers = dict(line.split(": ", 1) for line in head.strip().splitlines()[1:])
        assert head.startswith("--exposure\r\n")
        assert headers["Content-Type"] == "image/jpeg"
        jpeg = await self.reader.readexactly(int(headers["Content-Length"]))
        assert await self.reader.readexactly(2) == b"\r\n"
        return float(headers["X-Timestamp"]), jpeg


def shows(jpeg: bytes, part: Part | None) -> bool:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    expected = CAMERA.portray(part).face
    return picture is not None and np.abs(picture.astype(int) - expected).mean() < 5


async def test_the_stream_shows_the_part_in_the_station_with_the_time_of_its_exposure(scene: Scene) -> None:
    began = time.time()
    viewer = await Viewer.open(scene.port)
    head = await viewer.head()
    assert "multipart/x-mixed-replace; boundary=exposure" in head
    at, jpeg = await viewer.picture()
    assert began <= at <= time.time()
    assert shows(jpeg, scene.part)
    scene.part = ideal_part(13, Defect("missing_hole", 3))
    changed = time.time()
    while True:
        at, jpeg = await viewer.picture()
        if at > changed:
            break
    assert shows(jpeg, scene.part), "a picture taken after the change shows the new part"
    scene.part = None
    await viewer.picture()
    await viewer.picture()
    assert shows((await viewer.picture())[1], None)
    viewer.writer.close()


@pytest.mark.whole_machine
async def test_the_stream_sends_at_most_15_pictures_a_second_and_no_two_are_alike(scene: Scene) -> None:
    viewer = await Viewer.open(scene.port)
    await viewer.head()
    pictures = [await viewer.picture() for _ in range(12)]
    took = pictures[-1][0] - pictures[1][0]
    assert 10 / 16 < took < 5, "a loaded machine may be slower, none may be faster"
    assert len({jpeg for _, jpeg in pictures}) == 12
    viewer.writer.close()


async def test_a_snapshot_is_one_picture(scene: Scene) -> None:
    status, headers, jpeg = await fetch(scene.port, "GET /snapshot")
    assert status == 200
    assert b"X-Timestamp" in headers
    assert shows(jpeg, scene.part)


async def test_a_frozen_camera_repeats_its_last_picture(scene: Scene) -> None:
    _, _, before = await fetch(scene.port, "GET /snapshot")
    scene.faults.begin(Fault.CAMERA_FREEZE, 3)
    scene.part = ideal_part(13)
    assert (await fetch(scene.port, "GET /snapshot"))[2] == before
    scene.now = 3.0
    assert shows((await fetch(scene.port, "GET /snapshot"))[2], scene.part)


async def test_a_corrupt_picture_is_not_whole(scene: Scene) -> None:
    scene.faults.begin(Fault.CAMERA_CORRUPT, 3)
    scene.part = ideal_part(13)
    jpeg = (await fetch(scene.port, "GET /snapshot"))[2]
    assert jpeg.startswith(b"\xff\xd8")
    assert not jpeg.endswith(b"\xff\xd9")


async def test_a_camera_that_is_gone_cuts_and_refuses(scene: Scene) -> None:
    viewer = await Viewer.open(scene.port)
    await viewer.head()
    await viewer.picture()
    scene.faults.begin(Fault.CAMERA_GONE, 3)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await viewer.to_the_end()
    viewer.writer.close()
    again = await Viewer.open(scene.port)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await again.head()
    again.writer.close()


async def test_the_truth_is_told_when_asked(scene: Scene) -> None:
    part = ideal_part(12, Defect("burr", 1))
    part.values[3] = 0.2
    scene.fates.append(Fate(part, 5, 2, verdict="HOLD", passed_by="release", held=True))
    status, _, body = await fetch(scene.port, "GET /truth")
    assert status == 200
    told: dict[str, Any] = json.loads(body)["parts"][0]
    values, readings = told.pop("values"), told.pop("readings")
    assert told == {
        "sequence": 5,
        "boot": 2,
        "serial": "BM-0700012",
        "conforming": False,
        "out": ["hole_2_x_mm"],
        "defect": "burr",
        "verdict": "HOLD",
        "passed_by": "release",
        "held": True,
        "diverted": False,
        "measured": [],
    }
    assert len(readings) == len(part.readings)
    assert values["hole_2_x_mm"] == 0.2
    assert values["hole_6_diameter_mm"] == 14.0


async def test_a_fault_is_ordered_and_an_unknown_one_is_answered_with_those_there_are(scene: Scene) -> None:
    status, _, _ = await fetch(scene.port, "POST /fault", b'{"kind": "plc_busy", "seconds": 1.5}')
    assert (status, scene.ordered) == (200, [(Fault.PLC_BUSY, 1.5)])
    for wrong in (b'{"kind": "fire"}', b"[]", b"{", b'{"kind": "plc_busy", "seconds": "long"}'):
        status, _, body = await fetch(scene.port, "POST /fault", wrong)
        assert status == 400
        assert json.loads(body)["kinds"] == list(Fault)
    assert len(scene.ordered) == 1


async def test_other_addresses_are_not_here(scene: Scene) -> None:
    status, _, body = await fetch(scene.port, "GET /")
    assert status == 404
    assert "/stream" in json.loads(body)["error"]


async def test_a_triggered_camera_takes_one_counted_picture_for_each_pulse() -> None:
    faults = Faults(lambda: 0.0)
    exposures = Exposures(CAMERA, lambda: None, faults, triggered=True)
    server = CameraServer(exposures, faults, dict, lambda _fault, _seconds: None)
    running = asyncio.create_task(exposures.run())
    viewer = await Viewer.open(await server.start("127.0.0.1", 0))
    await viewer.head()
    for expected in (1, 2):
        exposures.trigger()
        head = await viewer.head()
        fields = dict(line.split(": ", 1) for line in head.strip().splitlines()[1:])
        assert fields["X-Frame-Counter"] == str(expected)
        await viewer.reader.readexactly(int(fields["Content-Length"]) + 2)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(viewer.head(), 0.3)
    viewer.writer.close()
    running.cancel()
    await server.stop()
