"""Real lines for the faults that need one, and one on a clock that is moved for those that need time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.line import Line, settings
from tests.faults.store import Store, opened
from tests.system.conftest import make_line

__all__ = ["make_line"]


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(settings(tmp_path))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with opened(tmp_path) as store:
        yield store
