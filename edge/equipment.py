"""Makes the equipment's ports from the line's settings: the gate, the gauge and the cameras."""

from concurrent.futures import Executor

from edge.acquisition.camera import Camera
from edge.acquisition.settings import USUAL_LATENCY_S, CameraSettings
from edge.modbus_settings import CoilsSettings, DeviceSettings, PlcSettings, Reach, TagSettings
from edge.settings import CameraSection, LineSettings
from plc.address import PlcAddress, SerialAddress
from plc.coils import CoilsGate, CoilsLayout
from plc.device import DeviceLayout, ModbusDevice
from plc.gate import ModbusGate
from plc.gauge import GaugeLayout, ModbusGauge
from plc.link import Bus, ModbusLink
from plc.registers import BlockLayout, WordOrder
from plc.tags import Tag, TagType
from plc.tls import TlsFiles
from quality.ports import Clock


def tags(settings: PlcSettings) -> tuple[Tag, ...]:
    """Every reading and parameter of the PLC."""
    return tuple(_tag(tag, settings.word_order) for tag in (*settings.readings, *settings.parameters))


def _tag(tag: TagSettings, word_order: str) -> Tag:
    return Tag(
        name=tag.name,
        address=tag.address,
        type=TagType(tag.type),
        unit=tag.unit,
        title=tag.title,
        word_order=WordOrder(tag.word_order or word_order),
        bit=tag.bit,
        length=tag.length if tag.type == "ascii" else 0,
        scale=tag.scale,
        offset=tag.offset,
        lower=tag.range[0],
        upper=tag.range[1],
    )


def address_of(reach: Reach, device: str, timeout_ms: float) -> PlcAddress | SerialAddress:
    """Where that device answers. `device` is its section in LINE.yaml, by which messages name it."""
    timeout_s = timeout_ms / 1000
    if reach.serial is not None:
        return SerialAddress(
            reach.serial, reach.baud, reach.parity, reach.stop_bits, reach.unit, timeout_s, device=device
        )
    assert reach.host is not None  # noqa: S101 - the settings allow a device one of the two, and no less
    tls = None
    if reach.tls is not None:
        tls = TlsFiles(reach.tls.ca, reach.tls.certificate, reach.tls.key, reach.tls.server_name)
    return PlcAddress(reach.host, reach.port, reach.unit, timeout_s, device=device, tls=tls)


class Buses:
    """The serial lines that gauge and devices share, by path, so that each port is opened once."""

    def __init__(self) -> None:
        self._buses: dict[str, Bus] = {}

    def of(self, reach: Reach) -> Bus:
        """The line of that device; a device over TCP has its own."""
        return Bus() if reach.serial is None else self._buses.setdefault(reach.serial, Bus())


def open_gate(settings: LineSettings, clock: Clock) -> ModbusGate | CoilsGate:
    """The line's PLC under the profile it was configured for. Nothing is connected yet."""
    plc = settings.plc
    link = ModbusLink(address_of(plc, "plc", plc.timeout_ms), clock)
    if plc.coils is not None and plc.profile == "coils":
        return CoilsGate(link, coils_layout(plc.coils, plc), tags(plc), clock)
    return ModbusGate(link, block_layout(plc), tags(plc), clock)


def block_layout(plc: PlcSettings) -> BlockLayout:
    """Where the contract's blocks lie in this PLC."""
    return BlockLayout(
        plc.status_address,
        plc.command_address,
        plc.order_address,
        WordOrder(plc.word_order),
        plc.max_gap,
        plc.max_registers,
    )


def coils_layout(coils: CoilsSettings, plc: PlcSettings) -> CoilsLayout:
    """Which coils and registers the smaller profile has in this PLC."""
    order = WordOrder(plc.word_order)
    cycle = Tag("cycle", coils.cycle_address, TagType(coils.cycle_type), word_order=order)
    serial = boot = None
    if coils.serial_address is not None:
        serial = Tag("serial", coils.serial_address, TagType.ASCII, length=coils.serial_length)
    if coils.boot_address is not None:
        boot = Tag("boot", coils.boot_address, TagType.UINT16)
    return CoilsLayout(
        cycle,
        serial,
        boot,
        coils.hold,
        coils.heartbeat,
        coils.acknowledge,
        plc.max_gap,
        plc.max_registers,
    )


def open_gauge(settings: LineSettings, clock: Clock, buses: Buses) -> ModbusGauge | None:
    """The gauge, if the line has one."""
    gauge = settings.gauge
    if gauge is None:
        return None
    link = ModbusLink(address_of(gauge, "gauge", settings.plc.timeout_ms), clock, buses.of(gauge))
    names = tuple(c.name for c in settings.plan.characteristics)
    layout = GaugeLayout(
        request=gauge.request_address,
        answer=gauge.answer_address,
        word_order=WordOrder(settings.plc.word_order),
        within_s=gauge.timeout_s,
        max_count=gauge.max_registers,
    )
    return ModbusGauge(link, layout, names, clock)


def open_devices(settings: LineSettings, clock: Clock, buses: Buses) -> tuple[ModbusDevice, ...]:
    """The further devices that bring readings, in the order of the file. Nothing is connected yet."""
    return tuple(_open_device(device, clock, buses) for device in settings.devices)


def device_layout(device: DeviceSettings) -> DeviceLayout:
    """What is read of a further device."""
    order = WordOrder(device.word_order)
    cycle = device.cycle
    return DeviceLayout(
        tags=tuple(_tag(tag, device.word_order) for tag in device.readings),
        cycle=Tag("cycle", cycle.address, TagType(cycle.type), word_order=order) if cycle else None,
        within_s=device.within_ms / 1000,
        max_gap=device.max_gap,
        max_count=device.max_registers,
    )


def _open_device(device: DeviceSettings, clock: Clock, buses: Buses) -> ModbusDevice:
    link = ModbusLink(address_of(device, device.name, device.timeout_ms), clock, buses.of(device))
    return ModbusDevice(link, device_layout(device), clock)


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
            latency_s=USUAL_LATENCY_S[camera.kind] if camera.latency_ms is None else camera.latency_ms / 1000,
            trigger=camera.trigger,
            lead_s=camera.trigger_lead_ms / 1000,
        ),
        executor,
    )
