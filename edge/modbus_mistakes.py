"""What the Modbus sections of LINE.yaml allow each by itself and together do not."""

from collections.abc import Iterator

from edge.modbus_settings import Reach, TagSettings
from edge.settings import LineSettings

Location = tuple[str | int, ...]
Found = tuple[Location, str, str]
"""Where in the file, what is wrong, and the mend."""

WORDS = {"int16": 1, "uint16": 1, "bit": 1, "int32": 2, "uint32": 2, "float32": 2}


def modbus_mistakes(settings: LineSettings) -> Iterator[Found]:
    """Every contradiction among PLC, gauge and devices."""
    plc = settings.plc
    yield from _tag_mistakes(("plc",), plc, {"readings": plc.readings, "parameters": plc.parameters})
    if plc.coils is not None and plc.coils.serial_address is not None:
        words = (plc.coils.serial_length + 1) // 2
        if words > plc.max_registers:
            yield (
                ("plc", "coils", "serial_length"),
                f"the serial takes {words} registers, the PLC gives {plc.max_registers} at once",
                "Mend the length or max_registers.",
            )
    for index, device in enumerate(settings.devices):
        yield from _tag_mistakes(("devices", index), device, {"readings": device.readings})
    yield from _line_mistakes(settings)


def _tag_mistakes(where: Location, reach: Reach, sections: dict[str, tuple[TagSettings, ...]]) -> Iterator[Found]:
    taken: dict[tuple[int, int], TagSettings] = {}
    for section, tags in sections.items():
        for index, tag in enumerate(tags):
            here = (*where, section, index)
            words = _words(tag)
            if words > reach.max_registers:
                yield (
                    here,
                    f"{tag.name} takes {words} registers, the device gives {reach.max_registers} at once",
                    "Mend the type, the length or max_registers.",
                )
            for address in range(tag.address, tag.address + words):
                key = (address, tag.bit if tag.type == "bit" else -1)
                if (other := taken.setdefault(key, tag)) is not tag:
                    yield (
                        (*here, "address"),
                        f"{tag.name} at {tag.address} overlaps {other.name} at {other.address}",
                        f"A {tag.type} takes {words} register(s); mend the address.",
                    )
                    break


def _words(tag: TagSettings) -> int:
    return (tag.length + 1) // 2 if tag.type == "ascii" else WORDS.get(tag.type, 4)


def _line_mistakes(settings: LineSettings) -> Iterator[Found]:
    """A serial line has one speed, each unit once, and the PLC's has nobody else: its scan must wait for none."""
    gauge: list[tuple[Location, Reach]] = [(("gauge",), settings.gauge)] if settings.gauge else []
    others = [*gauge, *((("devices", index), device) for index, device in enumerate(settings.devices))]
    first: dict[str, Reach] = {}
    units: set[tuple[str, int]] = set()
    for where, reach in others:
        if (path := reach.serial) is None:
            continue
        if path == settings.plc.serial:
            yield (
                (*where, "serial"),
                f"{path} is the PLC's own line",
                "Put this device on another port: the gate must never wait for it.",
            )
            continue
        one = first.setdefault(path, reach)
        if (one.baud, one.parity, one.stop_bits) != (reach.baud, reach.parity, reach.stop_bits):
            yield (
                (*where, "serial"),
                f"the devices on {path} differ in baud, parity or stop_bits",
                "All devices on one line have the same; set it in the devices and here.",
            )
        if (path, reach.unit) in units:
            yield (
                (*where, "unit"),
                f"two devices on {path} are unit {reach.unit}",
                "Give each its own unit, in the device and here.",
            )
        units.add((path, reach.unit))
