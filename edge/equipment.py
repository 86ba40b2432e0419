"""Makes the equipment's ports from the line's settings: the gate, the gauge, the cameras and the models."""

from concurrent.futures import Executor
from importlib.util import find_spec
from pathlib import Path

from edge.acquisition.camera import Camera
from edge.acquisition.settings import CameraSettings
from edge.settings import CameraSection, CoilsSettings, LineSettings, PlcSettings, TagSettings
from inference.bundle import Bundle, BundleError, load_bundle
from plc.address import PlcAddress
from plc.coils import CoilsGate, CoilsLayout
from plc.gate import ModbusGate
from plc.gauge import GaugeLayout, ModbusGauge
from plc.link import ModbusLink
from plc.registers import BlockLayout, WordOrder
from plc.tags import Tag, TagType
from quality.ports import Clock

BUILTIN = "builtin:"


def shipped_bundles() -> list[Path]:
    """The folders of the bundles that ship, by name."""
    spec = find_spec("models")
    places = (spec.submodule_search_locations if spec else None) or ()
    return sorted(manifest.parent for place in places for manifest in Path(place).glob("*/manifest.json"))


def bundle_folder(name: str, beside: Path) -> Path:
    """The folder of a bundle named in LINE.yaml: `builtin:NAME` is one that ships. Raises BundleError."""
    if not name.startswith(BUILTIN):
        return beside / name
    shipped = {folder.name: folder for folder in shipped_bundles()}
    if (folder := shipped.get(name.removeprefix(BUILTIN))) is None:
        known = ", ".join(f"{BUILTIN}{known}" for known in shipped) or "none"
        raise BundleError(f"{name}: no such bundle ships (there is: {known}); name one, or a folder")
    return folder


def open_bundle(name: str, kind: str, beside: Path) -> Bundle:
    """The bundle of that kind. Raises BundleError."""
    bundle = load_bundle(bundle_folder(name, beside))
    if bundle.kind != kind:
        raise BundleError(f"{name} is a {bundle.kind} bundle, where a {kind} bundle is needed; name another")
    return bundle


def tags(settings: PlcSettings) -> tuple[Tag, ...]:
    """Every reading and parameter of the PLC."""
    return tuple(_tag(tag, settings) for tag in (*settings.readings, *settings.parameters))


def _tag(tag: TagSettings, plc: PlcSettings) -> Tag:
    return Tag(
        name=tag.name,
        address=tag.address,
        type=TagType(tag.type),
        unit=tag.unit,
        title=tag.title,
        word_order=WordOrder(tag.word_order or plc.word_order),
        bit=tag.bit,
        length=tag.length if tag.type == "ascii" else 0,
        scale=tag.scale,
        offset=tag.offset,
        lower=tag.range[0],
        upper=tag.range[1],
    )


def open_gate(settings: LineSettings, clock: Clock) -> ModbusGate | CoilsGate:
    """The line's PLC under the profile it was configured for. Nothing is connected yet."""
    plc = settings.plc
    link = ModbusLink(PlcAddress(plc.host, plc.port, plc.unit, plc.timeout_ms / 1000), clock)
    if plc.coils is not None and plc.profile == "coils":
        return CoilsGate(link, _coils_layout(plc.coils, WordOrder(plc.word_order)), tags(plc), clock)
    return ModbusGate(link, block_layout(plc), tags(plc), clock)


def block_layout(plc: PlcSettings) -> BlockLayout:
    """Where the contract's blocks lie in this PLC."""
    return BlockLayout(plc.status_address, plc.command_address, plc.order_address, WordOrder(plc.word_order))


def _coils_layout(coils: CoilsSettings, order: WordOrder) -> CoilsLayout:
    cycle = Tag("cycle", coils.cycle_address, TagType(coils.cycle_type), word_order=order)
    serial = boot = None
    if coils.serial_address is not None:
        serial = Tag("serial", coils.serial_address, TagType.ASCII, length=coils.serial_length)
    if coils.boot_address is not None:
        boot = Tag("boot", coils.boot_address, TagType.UINT16)
    return CoilsLayout(cycle, serial, boot, coils.hold, coils.heartbeat, coils.acknowledge)


def open_gauge(settings: LineSettings, clock: Clock) -> ModbusGauge | None:
    """The gauge, if the line has one."""
    gauge = settings.gauge
    if gauge is None:
        return None
    address = PlcAddress(gauge.host, gauge.port, gauge.unit, settings.plc.timeout_ms / 1000, device="gauge")
    link = ModbusLink(address, clock)
    names = tuple(c.name for c in settings.plan.characteristics)
    layout = GaugeLayout(
        request=gauge.request_address,
        answer=gauge.answer_address,
        word_order=WordOrder(settings.plc.word_order),
        within_s=gauge.timeout_s,
    )
    return ModbusGauge(link, layout, names, clock)


def open_camera(camera: CameraSection, channels: int, executor: Executor) -> Camera:
    """One camera; its process is not started yet."""
    return Camera(
        CameraSettings(
            name=camera.name,
            kind=camera.kind,
            source=camera.source,
            width=camera.width,
            height=camera.height,
            channels=3 if channels == 3 else 1,  # noqa: PLR2004
            clock=camera.clock,
            timeout_s=camera.timeout_ms / 1000,
            latency_s=camera.latency_ms / 1000,
        ),
        executor,
    )
