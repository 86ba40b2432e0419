"""Probes a line's equipment once: what the PLC, the gauge, the cameras and the models say for themselves."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from edge.bundles import Bundles
from edge.claim import EquipmentTaken, claim
from edge.clock import SystemClock
from edge.equipment import address_of, block_layout, device_layout, open_camera, tags
from edge.modbus_settings import DeviceSettings
from edge.settings import CameraSection, LineSettings
from inference.bundle import BundleError
from plc.link import ModbusLink
from plc.registers import STATUS_WORDS, ContractError, decode_status
from plc.tags import RegisterImage, Span, Tag, coalesce, decode, every_decoding
from quality.evidence import NoEvidence, Reading
from quality.ports import Clock, EquipmentError


@dataclass(frozen=True, slots=True)
class Probe:
    """What one device answered: `ok`, one sentence, and for registers every way to read them."""

    device: str
    ok: bool
    sentence: str
    decodings: Mapping[str, Mapping[str, str]]


async def probe(settings: LineSettings, beside: Path) -> list[Probe]:
    """One probe for each model, the PLC, the gauge, each further device and each camera."""
    clock = SystemClock()
    found = _probe_models(settings, beside)
    try:
        with claim(settings, "jidoka check"):
            found += await _probe_modbus(settings, clock)
    except EquipmentTaken as taken:
        found.append(Probe("plc and all Modbus devices", ok=False, sentence=f"not asked: {taken}", decodings={}))
    with ThreadPoolExecutor(max_workers=1) as vision:
        found += await asyncio.gather(*(_probe_camera(camera, clock, vision) for camera in settings.cameras))
    return found


def _probe_models(settings: LineSettings, beside: Path) -> list[Probe]:
    wanted = [("forecast", settings.models.forecast)] if settings.models.forecast else []
    wanted += [("surface", name) for name in settings.models.surface.values()]
    try:
        bundles = Bundles(settings, beside)
    except BundleError as error:
        return [Probe("models.trusted_keys", ok=False, sentence=str(error), decodings={})]
    found = []
    for kind, name in wanted:
        try:
            opened = bundles.open(name, kind, lambda bundle: bundle.digest[:12])
        except BundleError as error:
            found.append(Probe(f"model {name}", ok=False, sentence=str(error), decodings={}))
            continue
        sentence = opened.instead or f"digest {opened.model}"
        found.append(Probe(f"model {name}", ok=not opened.instead, sentence=sentence, decodings={}))
    return found


async def _probe_modbus(settings: LineSettings, clock: Clock) -> list[Probe]:
    """One after the other, since some share a serial line."""
    found = [await _probe_plc(settings, clock)]
    if settings.gauge is not None:
        found.append(await _probe_gauge(settings, clock))
    found += [await _probe_device(device, clock) for device in settings.devices]
    return found


async def _probe_plc(settings: LineSettings, clock: Clock) -> Probe:
    plc = settings.plc
    address = address_of(plc, "plc", plc.timeout_ms)
    name = str(address)
    wanted = tags(plc)
    status = Span(plc.status_address, STATUS_WORDS)
    try:
        async with ModbusLink(address, clock) as link:
            spans = coalesce(wanted, (status,), max_count=plc.max_registers, max_gap=plc.max_gap)
            image = RegisterImage([(span, await link.read_registers(span.start, span.count)) for span in spans])
    except EquipmentError as error:
        return Probe(name, ok=False, sentence=str(error), decodings={})
    read = _read(name, wanted, image, clock)
    try:
        if plc.profile == "block":
            decode_status(image.words(status.start, status.count), block_layout(plc))
    except ContractError as error:
        return Probe(name, ok=False, sentence=str(error), decodings=read.decodings)
    return read


def _read(name: str, wanted: Sequence[Tag], image: RegisterImage, clock: Clock) -> Probe:
    """What the device's tags say, each under every decoding."""
    decodings: dict[str, Mapping[str, str]] = {}
    readings = [decode(tag, image, clock.now()) for tag in wanted]
    for tag, reading in zip(wanted, readings, strict=True):
        taken = (
            f"{reading.value:g} {reading.unit}"
            if isinstance(reading, Reading)
            else f"none: {reading.problem}. Mend: {reading.mend}"
        )
        decodings[tag.name] = {"taken": taken} | every_decoding(image.words(tag.address, tag.words))
    bad = [reading for reading in readings if isinstance(reading, NoEvidence)]
    sentence = f"answers; {len(wanted)} tags read, {len(bad)} of them without evidence"
    return Probe(name, ok=not bad, sentence=sentence, decodings=decodings)


async def _probe_gauge(settings: LineSettings, clock: Clock) -> Probe:
    assert settings.gauge is not None  # noqa: S101 - the caller asks only then
    gauge = settings.gauge
    address = address_of(gauge, "gauge", settings.plc.timeout_ms)
    name = str(address)
    words = 3 + 2 * len(settings.plan.characteristics)
    try:
        async with ModbusLink(address, clock) as link:
            for read in range(0, words, gauge.max_registers):
                await link.read_registers(gauge.answer_address + read, min(words - read, gauge.max_registers))
    except EquipmentError as error:
        return Probe(name, ok=False, sentence=str(error), decodings={})
    return Probe(name, ok=True, sentence=f"answers; its {words} registers can be read", decodings={})


async def _probe_device(device: DeviceSettings, clock: Clock) -> Probe:
    address = address_of(device, device.name, device.timeout_ms)
    wanted = device_layout(device).tags
    try:
        async with ModbusLink(address, clock) as link:
            spans = coalesce(wanted, max_count=device.max_registers, max_gap=device.max_gap)
            image = RegisterImage([(span, await link.read_registers(span.start, span.count)) for span in spans])
    except EquipmentError as error:
        return Probe(str(address), ok=False, sentence=str(error), decodings={})
    return _read(str(address), wanted, image, clock)


async def _probe_camera(section: CameraSection, clock: Clock, vision: ThreadPoolExecutor) -> Probe:
    camera = open_camera(section.model_copy(update={"timeout_ms": 5000}), 3, vision)
    await camera.start()
    try:
        frame = await camera.frame_after(clock.monotonic())
    finally:
        await camera.close()
    if isinstance(frame, NoEvidence):
        sentence = f"{frame.problem}. Mend: {frame.mend}"
        return Probe(f"camera {section.name}", ok=False, sentence=sentence, decodings={})
    height, width = frame.pixels.shape[:2]
    age_ms = (clock.now() - frame.captured_at).total_seconds() * 1000
    sentence = f"{width}x{height}, {len(frame.encoded) / 1000:.0f} KB, {age_ms:.0f} ms old when it was ready"
    return Probe(f"camera {section.name}", ok=True, sentence=sentence, decodings={})
