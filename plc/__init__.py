"""The line's equipment over Modbus: the only room that knows pymodbus.

`registers` and `tags` are pure codecs, `link` is the one connection to a device, and `gate`, `coils` and
`gauge` are the ports of `quality` on top of it. `docs/plc.md` is the contract they all keep.
"""
