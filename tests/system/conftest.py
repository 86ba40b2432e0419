"""Real lines for the system tests, ended whatever happens."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system.running import RunningLine


@pytest.fixture
def make_line(tmp_path: Path) -> Iterator[Callable[..., RunningLine]]:
    """Makes lines with the simulator's options."""
    lines: list[RunningLine] = []

    def make(*options: str) -> RunningLine:
        lines.append(RunningLine(tmp_path / f"line-{len(lines)}", *options))
        return lines[-1]

    yield make
    for line in lines:
        line.close()
