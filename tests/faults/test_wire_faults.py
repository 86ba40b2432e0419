"""Faults of the wire's other ends: a PLC that refuses, one that swaps its words, and a unit that nobody is."""

import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge.line_file import LineFileError, read_line_file
from edge.template import line_file
from plc.address import PlcAddress, SerialAddress
from plc.gate import ModbusGate
from plc.link import ModbusLink
from plc.registers import BlockLayout, WordOrder
from plc.tags import Tag, TagType
from quality.judgement import ReasonCode, Verdict
from quality.ports import EquipmentError
from tests.unit.plc.equipment import ManualClock, framed
from tests.unit.plc.scripted_plc import SERIAL, ScriptedPlc

POWER = Tag("power_kw", 32, TagType.FLOAT32, "kW", lower=0, upper=40)
PAIRS = (2, 6, 17, 20, 24, 32)
"""Where the status block and the reading have 32-bit values."""


@pytest.fixture
async def plc() -> AsyncIterator[ScriptedPlc]:
    async with ScriptedPlc() as device:
        device.registers[32:34] = struct.unpack(">2H", struct.pack(">f", 12.5))
        yield device


@pytest.mark.parametrize(
    ("code", "mend"),
    [
        (1, "allow function codes 3 and 16"),
        (2, "compare the address"),
        (3, "compare the length of the block"),
        (4, "own diagnostics"),
        (10, "gateway's routing"),
        (11, "its cable, its power and the unit number"),
    ],
)
async def test_exceptions_1_to_4_10_and_11(plc: ScriptedPlc, code: int, mend: str) -> None:
    clock = ManualClock()
    gate = ModbusGate(ModbusLink(plc.address(), clock), BlockLayout(), (POWER,), clock)
    await gate.scan()
    plc.misbehave = lambda request, _: framed(request, bytes([request[7] | 0x80, code]))
    with pytest.raises(EquipmentError, match=rf"exception {code}: .*{mend}"):
        await gate.scan()
    with pytest.raises(EquipmentError, match=rf"did not acknowledge verdict HOLD .*exception {code}: .*{mend}"):
        await gate.give_verdict(17, SERIAL, Verdict.HOLD, ReasonCode.SURFACE_DEFECT)
    plc.misbehave = None
    assert (await gate.scan()).value("power_kw") == 12.5
    assert plc.connections == 1, "a refusal is an answer: the connection stays"
    await gate.close()


@pytest.mark.parametrize("configured", list(WordOrder))
async def test_word_order_swapped(plc: ScriptedPlc, configured: WordOrder) -> None:
    clock = ManualClock()
    if configured is WordOrder.BIG:
        for place in PAIRS:
            plc.registers[place : place + 2] = plc.registers[place + 1 : place - 1 : -1]
    link = ModbusLink(plc.address(), clock)
    wrong = ModbusGate(link, BlockLayout(word_order=configured), (POWER,), clock)
    other = WordOrder.LITTLE if configured is WordOrder.BIG else WordOrder.BIG
    for attempt in (wrong.scan(), wrong.give_verdict(17, SERIAL, Verdict.PASS, None)):
        with pytest.raises(EquipmentError, match=f"word-order probe read 0x03040102.*set plc.word_order: {other}"):
            await attempt
    assert not plc.commands, "nothing is said to a PLC whose words are not understood"
    right = ModbusGate(link, BlockLayout(word_order=other), (POWER,), clock)
    status = (await right.scan()).status
    assert (status.cycle_sequence, status.serial) == (17, SERIAL)
    await link.close()


def test_unit_id_0_configured(tmp_path: Path) -> None:
    path = tmp_path / "LINE.yaml"
    path.write_text(line_file().replace("unit: 1", "unit: 0", 1), encoding="utf-8")
    with pytest.raises(LineFileError, match=r"plc\.unit: unit 0 cannot be asked; write 1 to 247"):
        read_line_file(path)
    for addressed in (lambda: PlcAddress("plc", 502, 0), lambda: SerialAddress("/dev/ttyUSB0", unit=0)):
        with pytest.raises(ValueError, match="0 names no device"):
            addressed()
