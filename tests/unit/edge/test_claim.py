"""One process at a time has a line's Modbus devices."""

import os
from pathlib import Path

import pytest

from edge.claim import EquipmentTaken, claim
from edge.line_file import read_line_file
from edge.template import line_file


def test_who_comes_second_is_told_who_has_them_and_who_comes_after_has_them(tmp_path: Path) -> None:
    path = tmp_path / "LINE.yaml"
    path.write_text(line_file(), encoding="utf-8")
    settings = read_line_file(path)
    with claim(settings, "jidoka edge"):
        with pytest.raises(EquipmentTaken) as taken, claim(settings, "jidoka check"):
            pass
        assert f"jidoka edge (process {os.getpid()}) has the devices of line-1; end it first" in str(taken.value)
    with claim(settings, "jidoka check"):
        pass
