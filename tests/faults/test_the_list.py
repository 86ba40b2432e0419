"""The page of faults says nothing that no test shows: each row's test exists, and no fault is without a row."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "faults.md"
NAMED = """
power cut mid-transaction
power cut after commit and before the PLC write
PLC acknowledgement lost
PLC reboot
PLC busy (exception 6) for 10 s
exceptions 1 to 4, 10 and 11
register glitch
truncated frame
wrong function code
wrong count
wrong echo
wrong unit
transaction id 0
late reply after a time-out
duplicated reply
word order swapped
unit id 0 configured
PLC heartbeat frozen
edge heartbeat stopped
duplicated trigger
missed trigger
sequence rollover
serial rollover
duplicate serial
two parts in the station (slip)
camera freeze
previous part's frame
corrupt JPEG
truncated JPEG
capture hang
camera gone and back
wrong resolution
model file swapped while running
NaN or infinite reading
NaN model output
wrong shape of model output
model slower than its deadline
inference worker killed
wall clock jumps ahead
wall clock jumps back
disk full
fsync EIO
store locked
two decisions at once
tablet loses Wi-Fi after the tap
request replayed with the same body
request replayed with a changed body
edge and PLC disagree after restart
bypass switch turned on and off
"""
"""The faults that have to be on the page; it has more."""

ROW = re.compile(r"^\|(?P<fault>[^|]+)\|(?P<does>[^|]*)\|(?P<test>[^|]*)\|$")
NODE = re.compile(r"`(?P<file>tests/[\w/]+\.py)::(?P<test>\w+)`")


def rows() -> dict[str, tuple[str, str]]:
    """What is done and which test shows it, by fault."""
    found = [ROW.match(line) for line in PAGE.read_text(encoding="utf-8").splitlines()]
    cells = [[cell.strip() for cell in row.groups()] for row in found if row]
    return {fault: (does, test) for fault, does, test in cells if fault != "fault" and not fault.startswith("---")}


@cache
def named_in(file: Path) -> frozenset[str]:
    """The names of the test functions in that file."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(function.name for function in functions if function.name.startswith("test_"))


@pytest.mark.parametrize("fault", rows())
def test_row_names_a_test_that_exists_and_says_what_is_done(fault: str) -> None:
    does, test = rows()[fault]
    assert does, f"{fault}: the page does not say what Jidoka does"
    nodes = list(NODE.finditer(test))
    assert nodes, f"{fault}: the page names no test (write `tests/faults/test_x.py::test_y`)"
    for node in nodes:
        file = ROOT / node["file"]
        assert file.is_file(), f"{fault}: there is no {node['file']}"
        assert node["test"] in named_in(file), f"{fault}: {node['file']} has no {node['test']}"


@pytest.mark.parametrize("fault", NAMED.strip().splitlines())
def test_named_fault_has_a_row(fault: str) -> None:
    assert fault in rows()
