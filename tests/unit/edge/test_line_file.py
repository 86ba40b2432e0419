"""LINE.yaml: the template is right, and every mistake is named with its line and mend."""

from datetime import time
from pathlib import Path

import pytest

from edge.line_file import LineFileError, Mistake, read_line_file
from edge.template import line_file
from quality.plan import DecisionKind
from quality.reasons import choices

PLAN_FROM = "\nplan:"


def mistakes_of(tmp_path: Path, text: str) -> tuple[Mistake, ...]:
    path = tmp_path / "LINE.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LineFileError) as caught:
        read_line_file(path)
    assert str(path) in str(caught.value)
    return caught.value.mistakes


def test_the_template_is_a_line(tmp_path: Path) -> None:
    path = tmp_path / "LINE.yaml"
    path.write_text(line_file(line="beam-line-3"), encoding="utf-8")
    settings = read_line_file(path)
    plan = settings.control_plan()
    assert settings.line == "beam-line-3"
    assert len(plan.characteristics) == 18
    assert plan.parameter("spindle_b_x_offset_um").moves["hole_4_x_mm"] == 0.001
    assert settings.store.frames == tmp_path / "var/frames"
    assert settings.store.url == f"sqlite:///{tmp_path}/var/jidoka.db"


@pytest.mark.parametrize(
    ("measure", "every", "share"), [("{every: 7}", 7, None), ("{share: 0.2}", 5, 0.2), ("{}", 5, None)]
)
def test_what_is_measured_is_said_as_a_count_or_as_a_share(
    tmp_path: Path, measure: str, every: int, share: float | None
) -> None:
    path = tmp_path / "LINE.yaml"
    path.write_text(line_file().replace("measure: {every: 5}", f"measure: {measure}"), encoding="utf-8")
    plan = read_line_file(path).control_plan()
    assert (plan.measure_every, plan.measure_share) == (every, share)


@pytest.mark.parametrize(
    ("written", "begins"),
    [
        ("[06:00, 14:00, 22:00]", [time(6), time(14), time(22)]),
        ("[19:30, 7:30]", [time(7, 30), time(19, 30)]),
        ('["00:00"]', [time(0)]),
    ],
)
def test_shifts_begin_when_the_file_says(tmp_path: Path, written: str, begins: list[time]) -> None:
    path = tmp_path / "LINE.yaml"
    path.write_text(line_file().replace("[06:00, 14:00, 22:00]", written), encoding="utf-8")
    assert list(read_line_file(path).shifts) == begins


@pytest.mark.parametrize("written", ["[24:00]", "[06:00, 06:00]", "[]", "[early]", "[-60]"])
def test_shifts_that_no_day_has_are_mistakes(tmp_path: Path, written: str) -> None:
    (mistake,) = mistakes_of(tmp_path, line_file().replace("[06:00, 14:00, 22:00]", written))
    assert mistake.where.startswith("shifts")


def test_the_plan_says_who_has_to_agree_and_what_is_signed(tmp_path: Path) -> None:
    path = tmp_path / "LINE.yaml"
    text = line_file().replace("unit: mm, nominal: 14,", "unit: mm, critical: true, nominal: 14,", 1)
    text = text.replace("largest_step: 200", "largest_step: 200\n      alone_within: 0", 1)
    reasons = '{RELEASE: [{code: CONCESSION, en: "By concession", ja: 特採}]}'
    text = text.replace(
        "who: engineer\n", f"who: engineer\n    signed: [RELEASE, RESUME]\n    reasons: {reasons}\n"
    )
    path.write_text(text, encoding="utf-8")
    plan = read_line_file(path).control_plan()
    assert [c.name for c in plan.characteristics if c.critical] == ["hole_1_diameter_mm"]
    assert [rule.alone_within for rule in plan.parameters] == [0, None, None, None]
    assert plan.reaction.signed == (DecisionKind.RELEASE, DecisionKind.RESUME)
    assert [each.text("ja") for each in choices(plan, DecisionKind.RELEASE)] == ["特採"]


MISTAKES = [
    ("port: 502", "port: 70000", "plc.port", "65535"),
    ("profile: block ", "profile: blok ", "plc.profile", "choice"),
    ("word_order: big ", "word_oder: big ", "plc.word_oder", "no setting"),
    ("scan_ms: 20", "scan_ms: fast", "plc.scan_ms", "fast"),
    ("time_zone: UTC", "time_zone: Berlin", "time_zone", "Europe/Berlin"),
    ("range: [0, 400]", "range: [400, 0]", "plc.readings[6].range", "empty"),
    ("width: 1280", "width: -1", "cameras[0].width", "16"),
    ("surface: {review: 0.3, hold: 0.7}", "surface: {review: 0.8, hold: 0.7}", "plan.surface", "above hold"),
    (
        "nominal: 0, lower: -0.18, upper: 0.18}",
        "nominal: 0, lower: 0.18, upper: -0.18}",
        "characteristics[0]",
        "swap",
    ),
    ("measure: {every: 5}", "measure: {every: 5, share: 0.2}", "plan.measure", "exclude each other"),
    ("line: line-1\n", "", "line", "missing"),
]


MISTAKES_IN_WHO_DECIDES = [
    ("decide_within_s: 300", "signed: [RELEASE, HOLD]", "plan.reaction.signed[1]", "'CONFIRM_HOLD'"),
    (
        "    - name: spindle_a_x_offset_um",
        "    - alone_within: 200\n      name: spindle_a_x_offset_um",
        "plan.parameters[0]",
        "leave it out",
    ),
    (
        "decide_within_s: 300",
        "reasons: {RELEASE: [{code: lower case, en: x}]}",
        "plan.reaction.reasons.RELEASE[0].code",
        "pattern",
    ),
    (
        "decide_within_s: 300",
        "reasons: {RELEASE: [{code: A, en: x}, {code: A, en: y}]}",
        "plan.reaction.reasons",
        "twice",
    ),
    ("nominal: 0, lower: -0.18", "critical: maybe, nominal: 0, lower: -0.18", "[0].critical", "maybe"),
]


@pytest.mark.parametrize(("right", "wrong", "where", "says"), [*MISTAKES, *MISTAKES_IN_WHO_DECIDES])
def test_each_mistake_is_named_with_its_line(
    tmp_path: Path, right: str, wrong: str, where: str, says: str
) -> None:
    text = line_file()
    assert right in text
    broken = text.replace(right, wrong, 1)
    expected = text[: text.index(right)].count("\n") + 1
    (mistake,) = mistakes_of(tmp_path, broken)
    assert where in mistake.where
    assert says in f"{mistake.problem} {mistake.mend}"
    if wrong:
        assert mistake.line == expected


def test_ten_mistakes_are_all_named_at_once(tmp_path: Path) -> None:
    text = line_file()
    for right, wrong, _, _ in MISTAKES:
        text = text.replace(right, wrong, 1)
    found = mistakes_of(tmp_path, text)
    assert len(found) == len(MISTAKES)
    assert [mistake.line for mistake in found] == sorted(mistake.line for mistake in found)


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("address: 34", "address: 33", "overlaps"),
        ("name: vibration_b_mm_s", "name: vibration_a_mm_s", "named 2 times"),
        ("reading: tool_life_b_parts", "reading: tool_life_c_parts", "did you mean tool_life"),
        ("moves: {hole_4_y_mm", "moves: {hole_9_y_mm", "no characteristic hole_9_y_mm"),
        ('surface: {face: "', 'surface: {back: "', "no camera back"),
        ("  scan_ms: 20\n", "  scan_ms: 20\n  scan_ms: 20\n", "written twice"),
        ("profile: block ", "profile: coils ", "cycle_address"),
        ("url: sqlite:///var/jidoka.db", "url: mysql://x", "sqlite:///FILE"),
        ("lower: 13.95", "lower: 14.02", "outside"),
        ("kind: mjpeg ", "kind: rtsp ", "carry no capture time"),
        ("kind: mjpeg ", "trigger: hardware\n    kind: folder ", "no counter to match"),
    ],
)
def test_sections_that_do_not_fit_together_are_mistakes(tmp_path: Path, right: str, wrong: str, says: str) -> None:
    text = line_file()
    assert right in text
    found = mistakes_of(tmp_path, text.replace(right, wrong, 1))
    assert any(says in f"{mistake.problem} {mistake.mend}" for mistake in found)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "no settings"), (b"- a\n", "no settings"), (b"\xff\xfe", "UTF-8"), (b"a: [1, 2\nb: 3\n", "brackets")],
)
def test_what_is_no_line_file_at_all_is_said(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "LINE.yaml"
    path.write_bytes(content)
    with pytest.raises(LineFileError, match=says):
        read_line_file(path)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(LineFileError, match="No such file"):
        read_line_file(tmp_path / "none.yaml")
