"""Tags read what stands in the registers, and nothing that cannot be believed becomes a reading."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.registers import ContractError, WordOrder
from plc.tags import RegisterImage, Span, Tag, TagType, coalesce, decode, every_decoding, number_of, text_value
from quality.evidence import NoEvidence, Reading
from tests.unit.plc.equipment import START

FORMATS = {
    TagType.INT16: ">h", TagType.UINT16: ">H", TagType.INT32: ">i", TagType.UINT32: ">I",
    TagType.INT64: ">q", TagType.UINT64: ">Q", TagType.FLOAT32: ">f", TagType.FLOAT64: ">d",
}  # fmt: skip


def words(raw: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(raw) // 2}H", raw)


def image(*held: int, start: int = 0) -> RegisterImage:
    return RegisterImage([(Span(start, len(held)), held)])


@given(st.sampled_from(sorted(FORMATS)), st.sampled_from(WordOrder), st.binary(min_size=8, max_size=8))
def test_numbers_come_back_in_every_type_and_word_order(kind: TagType, order: WordOrder, raw: bytes) -> None:
    raw = raw[: struct.calcsize(FORMATS[kind])]
    (expected,) = struct.unpack(FORMATS[kind], raw)
    stored = words(raw) if order is WordOrder.BIG else words(raw)[::-1]
    value = number_of(stored, kind, order)
    assert value == expected or (math.isnan(value) and math.isnan(expected))


def test_a_reading_is_scaled_and_has_name_unit_and_time() -> None:
    tag = Tag("temperature_c", 40, TagType.INT16, "°C", scale=0.1, offset=-5.0, lower=-20, upper=90)
    assert decode(tag, image(0xFFFF, 250, start=39), START) == Reading("temperature_c", 20.0, "°C", START)


@pytest.mark.parametrize(("bit", "value"), [(0, 0.0), (3, 1.0), (15, 1.0)])
def test_a_bit_is_0_or_1(bit: int, value: float) -> None:
    reading = decode(Tag("door", 5, TagType.BIT, bit=bit), image(0x8008, start=5), START)
    assert isinstance(reading, Reading)
    assert reading.value == value


def test_text_with_a_number_in_it_is_a_reading_and_other_text_is_not() -> None:
    tag = Tag("torque_nm", 0, TagType.ASCII, "Nm", length=5)
    assert decode(tag, image(*words(b"12.50\0")), START) == Reading("torque_nm", 12.5, "Nm", START)
    for raw in (b"none\0\0", b"\xff1.50\0"):
        missing = decode(tag, image(*words(raw)), START)
        assert isinstance(missing, NoEvidence)
        assert "torque_nm, register 0 (40001)" in missing.device
        assert "no number" in missing.problem
    assert text_value(tag, image(*words(b"S-17\0\0"))) == "S-17"
    with pytest.raises(ContractError):
        text_value(tag, image(*words(b"\xff1.50\0")))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_no_evidence(value: float) -> None:
    tag = Tag("power_kw", 32, TagType.FLOAT32, "kW")
    missing = decode(tag, image(*words(struct.pack(">f", value)), start=32), START)
    assert isinstance(missing, NoEvidence)
    assert missing.device == "tag power_kw, register 32 (40033)"
    assert missing.problem == f"reads {value}"
    assert "word order" in missing.mend


def test_what_is_outside_the_physical_range_is_no_evidence() -> None:
    tag = Tag("power_kw", 32, TagType.UINT16, "kW", lower=0, upper=40)
    for value, kind in ((0, Reading), (40, Reading), (41, NoEvidence)):
        assert isinstance(decode(tag, image(value, start=32), START), kind)
    missing = decode(tag, image(41, start=32), START)
    assert isinstance(missing, NoEvidence)
    assert missing.problem == "reads 41 kW, outside its physical range 0 to 40"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"type": TagType.ASCII}, "length of 1 to 250"),
        ({"type": TagType.ASCII, "length": 251}, "length of 1 to 250"),
        ({"type": TagType.BIT, "bit": 16}, "bit 16"),
        ({"type": TagType.FLOAT64, "address": 65533}, "outside 0 to 65535"),
        ({"type": TagType.UINT16, "address": -1}, "outside 0 to 65535"),
        ({"type": TagType.UINT16, "lower": 1.0, "upper": 1.0}, "is empty"),
        ({"type": TagType.UINT16, "lower": math.nan}, "is empty"),
    ],
)
def test_a_tag_that_cannot_be_read_as_it_says_is_refused(fields: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=f"tag odd: .*{says}"):
        Tag(**({"name": "odd", "address": 0} | fields))


def test_the_image_gives_only_what_was_read_in_one_request() -> None:
    both = RegisterImage([(Span(10, 2), (1, 2)), (Span(12, 2), (3, 4))])
    assert both.words(11, 1) == (2,)
    assert both.words(12, 2) == (3, 4)
    for start, count in ((11, 2), (9, 1), (14, 1)):
        with pytest.raises(KeyError):
            both.words(start, count)


def test_neighbours_are_read_together_and_far_ones_are_not() -> None:
    tags = [Tag("b", 48, TagType.INT16), Tag("a", 32, TagType.FLOAT32), Tag("far", 300, TagType.INT16)]
    assert coalesce(tags, [Span(0, 32)]) == (Span(0, 49), Span(300, 1))
    assert coalesce(tags, [Span(0, 32)], max_gap=0) == (Span(0, 34), Span(48, 1), Span(300, 1))
    assert coalesce([]) == ()
    with pytest.raises(ValueError, match="126 registers from 0 do not fit"):
        coalesce([], [Span(0, 126)])


def fewest(wanted: list[Span], most: int, gap: int) -> int:
    """The least number of requests, by trying every way to cut the sorted list."""
    best = [0] + [10**6] * len(wanted)
    for end in range(1, len(wanted) + 1):
        for begin in range(end):
            group = wanted[begin:end]
            reach = group[0].end
            fits = True
            for span in group[1:]:
                fits = fits and span.start - reach <= gap
                reach = max(reach, span.end)
            if fits and reach - group[0].start <= most:
                best[end] = min(best[end], best[begin] + 1)
    return best[-1]


@given(
    st.lists(st.builds(Span, st.integers(0, 60), st.integers(1, 4)), min_size=1, max_size=8),
    st.integers(4, 20),
    st.integers(0, 6),
)
def test_coalescing_covers_everything_keeps_the_limits_and_is_the_fewest(
    wanted: list[Span], most: int, gap: int
) -> None:
    spans = coalesce([], wanted, max_count=most, max_gap=gap)
    assert all(span.count <= most for span in spans)
    assert all(any(s.start <= w.start and w.end <= s.end for s in spans) for w in wanted)
    asked = {address for w in wanted for address in range(w.start, w.end)}
    for span in spans:
        run = 0
        for address in range(span.start, span.end):
            run = 0 if address in asked else run + 1
            assert run <= gap
    assert len(spans) == fewest(sorted(wanted, key=lambda w: (w.start, w.end)), most, gap)


def test_every_decoding_shows_what_a_person_has_to_choose_from() -> None:
    shown = every_decoding(words(struct.pack(">f", 12.5)))
    assert shown["float32 big"] == "12.5"
    assert shown["hex"] == "4148 0000"
    assert shown["int16"] == "16712"
    assert shown["uint32 little"] == "16712"
    assert shown["ascii"] == "AH.."
    assert "float64 big" not in shown
    assert every_decoding((1, 2, 3, 4))["uint64 little"] == str(0x0004_0003_0002_0001)
