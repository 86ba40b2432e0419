"""The floor: the same work for each part with nothing around it.

Raw asyncio Modbus, one picture decoded, two ONNX sessions, one SQLite commit with synchronous=FULL. No checks,
no retries, no domain: what the libraries cost at least.
"""

import asyncio
import itertools
import sqlite3
import struct
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pysqlite3

REGISTERS = 52
WARM_UP = 30
STEPS = ("forecast model", "picture decoded", "surface model", "commit", "verdict to acknowledgement")


class Wire:
    """Just enough Modbus."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, pdu: bytes) -> bytes:
        """One request, one answer."""
        self._writer.write(struct.pack(">HHHB", 1, 0, len(pdu) + 1, 1) + pdu)
        head = await self._reader.readexactly(7)
        return await self._reader.readexactly(int.from_bytes(head[4:6]) - 1)

    async def status(self) -> tuple[int, ...]:
        """The status block and the readings."""
        answer = await self.ask(struct.pack(">BHH", 3, 0, REGISTERS))
        return struct.unpack(f">{REGISTERS}H", answer[2:])


def session(model: bytes) -> onnxruntime.InferenceSession:
    """One thread, no spinning."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def table(path: Path) -> sqlite3.Connection:
    """A table of blobs."""
    store: sqlite3.Connection = pysqlite3.connect(str(path), isolation_level=None)
    store.execute("PRAGMA journal_mode=WAL")
    store.execute("PRAGMA synchronous=FULL")
    store.execute("CREATE TABLE part (sequence INTEGER PRIMARY KEY, serial TEXT, verdict TEXT, facts BLOB)")
    return store


async def run(
    port: int, parts: int, jpegs: Sequence[bytes], models: tuple[bytes, bytes], folder: Path, scan_s: float
) -> tuple[list[float], float, dict[str, float]]:
    """Seconds from trigger seen to verdict acknowledged for each part; CPU seconds a part; seconds in each step.

    `models` are the surface and the forecast graph.
    """
    wire = Wire(*await asyncio.open_connection("127.0.0.1", port))
    see, foresee, store = session(models[0]), session(models[1]), table(folder / "floor.db")
    shapes = {i.name: [d if isinstance(d, int) else 1 for d in i.shape] for i in foresee.get_inputs()}
    feed = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    last, seconds, cpu = 0, [], 0.0
    spent = dict.fromkeys(STEPS, 0.0)
    while len(seconds) < parts:
        words = await wire.status()
        sequence = words[6] << 16 | words[7]
        if sequence == last or not words[16] & 2:
            await asyncio.sleep(scan_s)
            continue
        marks = [time.perf_counter()]
        foresee.run(None, feed)
        marks.append(time.perf_counter())
        pixels = cv2.imdecode(np.frombuffer(jpegs[sequence % len(jpegs)], np.uint8), cv2.IMREAD_GRAYSCALE)
        marks.append(time.perf_counter())
        see.run(None, {"picture": pixels})
        marks.append(time.perf_counter())
        store.execute("INSERT INTO part VALUES (?, ?, ?, ?)", (None, str(sequence), "PASS", bytes(2000)))
        marks.append(time.perf_counter())
        block = (1, words[6], words[7], *words[8:16], 1, 0, 0)
        await wire.ask(struct.pack(">BHHB14H", 16, 200, 14, 28, *block))
        while True:
            words = await wire.status()
            if words[17] << 16 | words[18] == sequence:
                break
        marks.append(time.perf_counter())
        seconds.append(marks[-1] - marks[0])
        for name, (begin, end) in zip(STEPS, itertools.pairwise(marks), strict=True):
            spent[name] += end - begin
        last = sequence
        if len(seconds) == WARM_UP:
            cpu = time.process_time()
    store.close()
    return (
        seconds[WARM_UP:],
        (time.process_time() - cpu) / (parts - WARM_UP),
        {n: s / parts for n, s in spent.items()},
    )
