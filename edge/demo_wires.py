"""The three ways in which a demo's Modbus devices are reached, as settings for LINE.yaml."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path


class DemoWire(StrEnum):
    """Modbus TCP, Modbus RTU over a pair of pseudo-terminals, or Modbus/TCP Security."""

    TCP = "tcp"
    RTU = "rtu"
    TLS = "tls"


def reach(wire: DemoWire, folder: Path, ports: Mapping[str, int]) -> dict[str, str]:
    """Values for `line_file`: where PLC and gauge answer. The simulated line puts its files in that folder."""
    if wire is DemoWire.RTU:
        return {
            "plc_reach": f"serial: {folder / 'plc.tty'}\n  baud: 115200\n  parity: N",
            "gauge_reach": f"serial: {folder / 'devices.tty'}, baud: 115200, parity: N",
        }
    if wire is DemoWire.TLS:
        files = (("ca", "ca.pem"), ("certificate", "client.pem"), ("key", "client.key"))
        tls = "tls: {" + ", ".join(f"{key}: {folder / name}" for key, name in files) + "}"
        return {
            "plc_reach": f"host: 127.0.0.1\n  port: {ports['plc']}\n  {tls}",
            "gauge_reach": f"host: 127.0.0.1, port: {ports['gauge']}, {tls}",
        }
    return {}
