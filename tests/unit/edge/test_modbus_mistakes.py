"""Where a Modbus device answers can be said in one way only, and each mistake about it names its mend."""

from pathlib import Path

import pytest

from edge.equipment import Buses, address_of, block_layout, open_devices
from edge.line_file import LineFileError, read_line_file
from edge.settings import LineSettings
from edge.template import line_file
from plc.address import PlcAddress, SerialAddress
from plc.tls import TlsFiles
from tests.fakes import FakeClock

OVER_TCP = "host: 192.0.2.10\n  port: 502"
TLS = "tls: {ca: tls/ca.pem, certificate: tls/edge.pem, key: tls/edge.key}"
MILL = (
    "devices:\n"
    "  - name: mill\n"
    "    {reach}\n"
    "    cycle: {{address: 0}}\n"
    "    readings:\n"
    "      - {{name: mill_power_kw, address: 2, type: float32, unit: kW, range: [0, 60]}}\n"
)


def read(tmp_path: Path, text: str) -> LineSettings:
    path = tmp_path / "LINE.yaml"
    path.write_text(text, encoding="utf-8")
    return read_line_file(path)


def reaching(plc: str, more: str = "") -> str:
    return line_file(plc_reach=plc) + more


def mill(reach: str = "host: 192.0.2.12", name: str = "mill_power_kw") -> str:
    return MILL.format(reach=reach).replace("mill_power_kw", name)


def test_over_tcp_the_port_is_502_and_over_tls_802(tmp_path: Path) -> None:
    assert read(tmp_path, reaching("host: plc")).plc.port == 502
    plc = read(tmp_path, reaching(f"host: plc\n  {TLS}")).plc
    assert plc.port == 802
    files = TlsFiles(tmp_path / "tls/ca.pem", tmp_path / "tls/edge.pem", tmp_path / "tls/edge.key")
    assert address_of(plc, "plc", 500) == PlcAddress("plc", 802, 1, 0.5, tls=files)


def test_a_serial_line_has_a_speed_and_a_parity(tmp_path: Path) -> None:
    settings = read(tmp_path, reaching("serial: /dev/ttyUSB0\n  baud: 115200\n  parity: N\n  stop_bits: 2"))
    assert address_of(settings.plc, "plc", 500) == SerialAddress("/dev/ttyUSB0", 115200, "N", 2, 1, 0.5)
    usual = read(tmp_path, reaching("serial: /dev/ttyUSB0")).plc
    assert address_of(usual, "plc", 500) == SerialAddress("/dev/ttyUSB0", 19200, "E", 1, 1, 0.5)


def test_limits_of_the_plc_reach_its_requests(tmp_path: Path) -> None:
    layout = block_layout(read(tmp_path, reaching(f"{OVER_TCP}\n  max_registers: 40\n  max_gap: 0")).plc)
    assert (layout.max_count, layout.max_gap) == (40, 0)


def test_devices_are_opened_in_the_order_of_the_file_and_share_their_line(tmp_path: Path) -> None:
    line = "serial: /dev/ttyUSB1"
    second = mill(f"{line}\n    unit: 2", "wear").replace("devices:\n", "").replace("name: mill\n", "name: wear\n")
    settings = read(tmp_path, reaching(OVER_TCP, mill(line) + second))
    devices = open_devices(settings, FakeClock(), Buses())
    assert [device.names_part for device in devices] == [True, True]
    buses = {id(device._link._bus) for device in devices}
    assert len(buses) == 1


MISTAKES: dict[str, tuple[str, str, str]] = {
    "neither host nor serial": (
        reaching("unit: 1").replace("  unit: 1\n", "", 1),
        "plc",
        "write host: for Modbus",
    ),
    "both host and serial": (reaching(f"{OVER_TCP}\n  serial: /dev/ttyUSB0"), "plc", "remove the other"),
    "a port beside serial": (reaching("serial: /dev/ttyUSB0\n  port: 502"), "plc", "beside serial, port means"),
    "a speed beside host": (reaching("host: plc\n  baud: 9600"), "plc", "beside host, baud means nothing"),
    "TLS over a serial line": (reaching(f"serial: /dev/ttyUSB0\n  {TLS}"), "plc", "beside serial, tls means"),
    "a certificate without its key": (
        reaching("host: plc\n  tls: {ca: a, certificate: b}"),
        "plc.tls.key",
        "missing",
    ),
    "a parity that is none": (reaching("serial: /dev/ttyUSB0\n  parity: X"), "plc.parity", "'N', 'E' or 'O'"),
    "unit 255 on a serial line": (
        reaching("serial: /dev/ttyUSB0").replace("unit: 1", "unit: 255", 1),
        "plc",
        "unit 255 is for TCP alone",
    ),
    "too few registers for the status block": (
        reaching(f"{OVER_TCP}\n  max_registers: 16"),
        "plc",
        "needs profile: coils",
    ),
    "a device on the PLC's line": (
        reaching("serial: /dev/ttyUSB0", mill("serial: /dev/ttyUSB0\n    unit: 2")),
        "devices[0].serial",
        "another port: the gate must never wait",
    ),
    "two speeds on one line": (
        reaching(OVER_TCP, mill("serial: /dev/ttyUSB1\n    baud: 9600\n    unit: 2")).replace(
            "gauge: {host: 192.0.2.10, port: 503", "gauge: {serial: /dev/ttyUSB1"
        ),
        "devices[0].serial",
        "differ in baud",
    ),
    "one unit twice on a line": (
        reaching(OVER_TCP, mill("serial: /dev/ttyUSB1")).replace(
            "gauge: {host: 192.0.2.10, port: 503", "gauge: {serial: /dev/ttyUSB1"
        ),
        "devices[0].unit",
        "two devices on /dev/ttyUSB1 are unit 1",
    ),
    "a reading named as one of the PLC's": (
        reaching(OVER_TCP, mill(name="clamp_pressure_bar")),
        "devices[0].readings[0].name",
        "is read already",
    ),
    "a reading twice in one device": (
        reaching(OVER_TCP, mill() + mill().split("readings:\n")[1].replace("address: 2", "address: 4")),
        "devices[0].readings[1].name",
        "is read already",
    ),
    "a device without readings": (
        reaching(OVER_TCP, "devices: [{name: mill, host: 192.0.2.12, readings: []}]\n"),
        "devices[0].readings",
        "1",
    ),
    "a serial longer than a request": (
        reaching(
            f"{OVER_TCP}\n  max_registers: 4\n  coils: {{cycle_address: 0, serial_address: 8, serial_length: 16}}"
        ).replace("profile: block", "profile: coils"),
        "plc.coils.serial_length",
        "the serial takes 8 registers, the PLC gives 4 at once",
    ),
    "a reading longer than a request": (
        reaching(OVER_TCP, mill("host: 192.0.2.12\n    max_registers: 4").replace("float32", "ascii, length: 12")),
        "devices[0].readings[0]",
        "takes 6 registers, the device gives 4 at once",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_named_with_its_mend(tmp_path: Path, mistake: str) -> None:
    text, where, says = MISTAKES[mistake]
    with pytest.raises(LineFileError) as caught:
        read(tmp_path, text)
    (found,) = caught.value.mistakes
    assert found.where == where
    assert says in f"{found.problem} {found.mend}"
