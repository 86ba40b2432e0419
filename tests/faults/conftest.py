"""Real lines for the faults that need one."""

from tests.system.conftest import make_line

__all__ = ["make_line"]
