"""The design system: readable in light and dark, and every stylesheet speaks in its names."""

import re
from pathlib import Path

import pytest

STYLES = Path(__file__).parents[3] / "review_api" / "static" / "css"
GROUND = (STYLES / "ground.css").read_text()
GROUNDS = ("ground", "raised", "well", "panel")
WRITTEN = ("ink", "soft", "alarm", "attention", "act", "settled")
WASHED = {"alarm": "alarm-wash", "attention": "attention-wash", "act": "act-wash", "settled": "settled-wash"}
FILLED = (("on-fill", "alarm-fill"), ("on-fill", "act-fill"), ("on-bright", "attention-fill"))
READABLE = 4.5
"""WCAG 2.2, 1.4.3 (AA), for text of any size."""
SEEN = 3.0
"""WCAG 2.2, 1.4.11, for the edges of controls and for marks."""


def colours(*, dark: bool) -> dict[str, str]:
    light, _, rest = GROUND.partition("@media (prefers-color-scheme: dark)")
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", light))
    if dark:
        found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", rest))
    return found


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_word_can_be_read_on_every_ground(*, dark: bool) -> None:
    of = colours(dark=dark)
    pairs = [(word, ground) for word in WRITTEN for ground in GROUNDS] + [
        pair for word, wash in WASHED.items() for pair in ((word, wash), ("ink", wash), ("soft", wash))
    ]
    faint = {pair: round(contrast(of[pair[0]], of[pair[1]]), 2) for pair in (*pairs, *FILLED)}
    assert {pair: ratio for pair, ratio in faint.items() if ratio < READABLE} == {}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_edges_and_marks_can_be_seen(*, dark: bool) -> None:
    of = colours(dark=dark)
    for mark in ("edge", "forecast"):
        for ground in ("ground", "panel"):
            assert contrast(of[mark], of[ground]) >= SEEN, (mark, ground)


@pytest.mark.parametrize("path", sorted(STYLES.glob("*.css")), ids=lambda path: path.name)
def test_sizes_of_type_and_colours_have_names(path: Path) -> None:
    style = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    if path.name == "ground.css":
        style = style.partition("*,\n*::before")[2]
    # Paper is white and ink is black, whatever the tablet shows.
    style = re.sub(r"@media print \{.*?\n\}", "", style, flags=re.DOTALL)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\([^)]*\)", style) == []
    sizes = re.findall(r"font-size: ([^;]+);", style)
    assert [size for size in sizes if not size.startswith("var(--")] == []
    assert re.findall(r"font-weight: (?!400)\d+", style) == []


def test_every_name_that_is_used_is_known() -> None:
    known = set(re.findall(r"(--[\w-]+):", GROUND))
    for path in STYLES.glob("*.css"):
        text = path.read_text()
        own = set(re.findall(r"(--[\w-]+):", text))
        assert set(re.findall(r"var\((--[\w-]+)", text)) <= known | own, path.name


def test_what_acts_on_the_line_is_twenty_millimetres_on_a_ten_inch_tablet() -> None:
    # 1280 x 800 css px on 10.1 inches: 149.4 px to the inch.
    (glove,) = re.findall(r"--glove: (\d+)px", GROUND)
    assert int(glove) / 149.4 * 25.4 >= 20
