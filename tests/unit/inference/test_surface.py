"""The inspector says what its graph saw, and says so when it saw nothing it can vouch for."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from inference.bundle import Bundle, BundleError, write_bundle
from inference.surface import OnnxInspector, score_frame, surface_session
from quality.evidence import Finding, Frame, NoEvidence


def brightness(height: int | str = "h", width: int | str = "w", *, divide: bool = False) -> bytes:
    """A graph whose map is the brightness of each 4 × 4 pixels and whose score is the brightest of them."""
    nodes = [
        helper.make_node("Constant", [], ["front"], value_ints=[0, 1]),
        helper.make_node("Constant", [], ["full"], value_float=255.0),
        helper.make_node("Cast", ["picture"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["pixels", "pixels" if divide else "full"], ["share"]),
        helper.make_node("Unsqueeze", ["share", "front"], ["planes"]),
        helper.make_node("MaxPool", ["planes"], ["pooled"], kernel_shape=[4, 4], strides=[4, 4], ceil_mode=1),
        helper.make_node("Squeeze", ["pooled", "front"], ["map"]),
        helper.make_node("ReduceMax", ["map"], ["score"], keepdims=0),
    ]
    body = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("picture", TensorProto.UINT8, [height, width])],
        [
            helper.make_tensor_value_info("score", TensorProto.FLOAT, []),
            helper.make_tensor_value_info("map", TensorProto.FLOAT, [None, None]),
        ],
    )
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", 20)], ir_version=10).SerializeToString()


def bundle(folder: Path, model: bytes, *, kind: str = "surface") -> Bundle:
    return write_bundle(
        folder,
        kind=kind,
        name="bright",
        model=model,
        fields={"channels": 1, "patch": 4},
        calibration={"box_threshold": 0.5},
        learned_from=[],
        recipe={},
        figures={},
        card="",
    )


def frame(pixels: np.ndarray) -> Frame:
    return Frame("face", datetime(2026, 1, 5, tzinfo=UTC), "0" * 64, b"", pixels)


def picture(height: int = 40, width: int = 60) -> np.ndarray:
    return np.full((height, width), 10, dtype=np.uint8)


def test_a_bright_spot_is_found_where_it_is(tmp_path: Path):
    pixels = picture()
    pixels[9:11, 17:22] = 204
    made = bundle(tmp_path / "b", brightness())
    finding = OnnxInspector(made, "face").inspect(frame(pixels))
    assert isinstance(finding, Finding)
    assert finding.camera == "face"
    assert finding.model == made.digest
    assert finding.score == pytest.approx(0.8)
    assert finding.map.shape == (10, 15)
    (box,) = finding.boxes
    assert (box.left, box.top, box.width, box.height) == (16, 8, 8, 4)
    assert box.score == pytest.approx(0.8)
    assert finding.mm_per_pixel is None
    scaled = OnnxInspector(made, "face", mm_per_pixel=0.05).inspect(frame(pixels))
    assert isinstance(scaled, Finding)
    assert scaled.mm_per_pixel == 0.05


def test_nothing_bright_gives_no_box(tmp_path: Path):
    finding = OnnxInspector(bundle(tmp_path / "b", brightness()), "face").inspect(frame(picture()))
    assert isinstance(finding, Finding)
    assert finding.boxes == ()
    assert finding.score < 0.1


def test_another_size_than_the_graph_was_made_for_is_no_evidence(tmp_path: Path):
    inspector = OnnxInspector(bundle(tmp_path / "b", brightness(40, 60)), "face")
    assert isinstance(inspector.inspect(frame(picture())), Finding)
    answer = inspector.inspect(frame(picture(60, 40)))
    assert isinstance(answer, NoEvidence)
    assert answer.device == "face"
    assert "60 × 40" in answer.problem
    assert "40 × 60" in answer.problem


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((40, 60, 3), dtype=np.uint8),
        np.zeros((40, 60), dtype=np.float32),
        np.zeros((0, 60), dtype=np.uint8),
    ],
)
def test_another_kind_of_picture_is_no_evidence(tmp_path: Path, pixels: np.ndarray):
    assert isinstance(
        OnnxInspector(bundle(tmp_path / "b", brightness()), "face").inspect(frame(pixels)), NoEvidence
    )


def test_an_answer_that_is_no_probability_is_no_evidence(tmp_path: Path):
    inspector = OnnxInspector(bundle(tmp_path / "b", brightness(divide=True)), "face")
    assert isinstance(inspector.inspect(frame(picture())), Finding)
    answer = inspector.inspect(frame(np.zeros((40, 60), dtype=np.uint8)))
    assert isinstance(answer, NoEvidence)
    assert "no probability" in answer.problem


def test_the_score_is_the_graphs_own(tmp_path: Path):
    score, seen = score_frame(surface_session(bundle(tmp_path / "b", brightness())), picture())
    assert score == pytest.approx(10 / 255)
    assert seen.max() == pytest.approx(score)


def test_a_bundle_of_another_kind_is_refused(tmp_path: Path):
    with pytest.raises(BundleError, match="needs a surface model"):
        surface_session(bundle(tmp_path / "b", brightness(), kind="forecast"))


def test_a_graph_with_other_outputs_is_refused(tmp_path: Path):
    model = brightness().replace(b"score", b"grade")
    with pytest.raises(BundleError, match="grade"):
        surface_session(bundle(tmp_path / "b", model))
