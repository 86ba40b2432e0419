"""The conformance test of a PLC against docs/plc.md: a sheet of checks that an integrator runs, the edge stopped.

`sheet` says what a check is and runs them in order. `bench` (block profile) and `coil_bench` (coils profile) hold
the link and what has been seen; every other module is one group of checks, each a small function over a bench.
"""
