"""Real lines for the faults that need one, and one on a clock that is moved for those that need time."""

from pathlib import Path

import pytest

from tests.faults.line import Line, settings
from tests.system.conftest import make_line

__all__ = ["make_line"]


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(settings(tmp_path))
