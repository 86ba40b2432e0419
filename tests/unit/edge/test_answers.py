"""Tables for people."""

import pytest

from edge.answers import WIDE, print_table


def test_a_table_too_wide_for_a_terminal_is_turned(capsys: pytest.CaptureFixture[str]) -> None:
    figures = [f"figure_{i}" for i in range(WIDE)]
    print_table(("", *figures), [("x_mm", *range(WIDE)), ("y_mm", *range(WIDE, 2 * WIDE))])
    lines = [
        [cell.strip() for cell in line.strip("│┃").replace("┃", "│").split("│")]
        for line in capsys.readouterr().out.splitlines()
    ]
    assert lines[1] == ["", "x_mm", "y_mm"]
    assert ["figure_3", "3", str(WIDE + 3)] in lines


def test_a_narrow_table_stays_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name", "share"), [("a", 0.25)])
    assert "0.25" in capsys.readouterr().out.splitlines()[3]


def test_nothing_is_cut_short(capsys: pytest.CaptureFixture[str]) -> None:
    figures = [f"a_rather_long_name_of_a_figure_{i}" for i in range(5)]
    print_table(("", *figures), [("hole", {"every": 5, "escapes": [18, 0.25]}, *"bcde")])
    out = capsys.readouterr().out
    heads = [line.strip("┃").split("┃") for line in out.splitlines() if line.startswith("┃")]
    assert ["".join(parts).replace(" ", "") for parts in zip(*heads, strict=True)] == ["", *figures]
    assert "{" not in out
    assert "every 5" in out
