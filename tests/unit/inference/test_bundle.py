"""A bundle is believed only when every byte of it is what its manifest says."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from inference.bundle import BundleError, load_bundle, source_digest, write_bundle


def graph(*, domain: str = "", weight: float = 2.0, external: bool = False) -> bytes:
    constant = numpy_helper.from_array(np.array([weight], dtype=np.float32), "weight")
    if external:
        constant.ClearField("raw_data")
        constant.data_location = TensorProto.EXTERNAL
        constant.external_data.add(key="location", value="weights.bin")
    body = helper.make_graph(
        [helper.make_node("Mul", ["x", "weight"], ["y"], domain=domain)],
        "double",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
        [constant],
    )
    opsets = [helper.make_opsetid("", 17)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    return helper.make_model(body, opset_imports=opsets, ir_version=9).SerializeToString()


def write(folder: Path, *, model: bytes | None = None, replace: bool = False, **changed: object):
    said = {
        "kind": "forecast",
        "name": "beam",
        "fields": {"rows": 8},
        "calibration": {"widening": 1.1},
        "recipe": {"name": "linear", "seed": 0},
        "figures": {"mse": 0.5},
    } | changed
    return write_bundle(
        folder,
        model=graph() if model is None else model,
        learned_from=["part:B1", "part:B2"],
        card="# Beam",
        replace=replace,
        **said,
    )


def edit(folder: Path, **changes: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_what_was_written_is_what_is_loaded(tmp_path: Path):
    written = write(tmp_path / "beam")
    loaded = load_bundle(tmp_path / "beam")
    assert loaded.digest == written.digest
    assert loaded.model == graph()
    assert str(loaded.inputs[0]) == "x float32[free, 3]"
    assert loaded.fields == {"rows": 8}
    assert loaded.card == "# Beam"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["beam"]


def test_it_knows_what_it_learned_from_without_naming_it(tmp_path: Path):
    bundle = write(tmp_path / "beam")
    assert bundle.has_learned("part:B2")
    assert not bundle.has_learned("part:B3")
    assert source_digest("part:B1") in bundle.learned_from
    assert "B1" not in (tmp_path / "beam" / "manifest.json").read_text()


def test_the_digest_follows_the_manifest(tmp_path: Path):
    before = write(tmp_path / "beam").digest
    edit(tmp_path / "beam", figures={"mse": 0.1})
    assert load_bundle(tmp_path / "beam").digest != before


def test_a_folder_is_replaced_only_when_told(tmp_path: Path):
    write(tmp_path / "beam")
    with pytest.raises(BundleError, match="exists already"):
        write(tmp_path / "beam")
    write(tmp_path / "beam", figures={"mse": 0.2}, replace=True)
    assert load_bundle(tmp_path / "beam").figures == {"mse": 0.2}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["beam"]


@pytest.mark.parametrize("missing", ["model.onnx", "manifest.json", "card.md"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str):
    write(tmp_path / "beam")
    (tmp_path / "beam" / missing).unlink()
    with pytest.raises(BundleError, match=missing):
        load_bundle(tmp_path / "beam")


def test_a_changed_model_is_refused(tmp_path: Path):
    write(tmp_path / "beam")
    (tmp_path / "beam" / "model.onnx").write_bytes(graph(weight=3.0))
    with pytest.raises(BundleError, match="SHA-256"):
        load_bundle(tmp_path / "beam")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"format": 2}, "format is 2"),
        ({"kind": "oracle"}, "kind is 'oracle'"),
        ({"inputs": [{"name": "x", "dtype": "float32", "shape": [None, 4]}]}, "inputs are not the graph's"),
        ({"inputs": [{"name": "x", "dtype": "float64", "shape": [None, 3]}]}, "inputs are not the graph's"),
        ({"outputs": [{"name": "z", "dtype": "float32", "shape": [None, 3]}]}, "outputs are not the graph's"),
        ({"opset": 18}, "opset is 18"),
        ({"surprise": 1}, "surprise"),
        ({"fields": []}, "fields must be a JSON object"),
        ({"created_at": "yesterday"}, "created_at"),
    ],
)
def test_a_manifest_that_says_otherwise_is_refused(tmp_path: Path, changes: dict[str, object], complaint: str):
    write(tmp_path / "beam")
    edit(tmp_path / "beam", **changes)
    with pytest.raises(BundleError, match=complaint):
        load_bundle(tmp_path / "beam")


@pytest.mark.parametrize("content", ["{", "[]", '{"format": NaN}', "\xff"])
def test_a_manifest_that_is_no_json_object_is_refused(tmp_path: Path, content: str):
    write(tmp_path / "beam")
    (tmp_path / "beam" / "manifest.json").write_text(content, encoding="latin-1")
    with pytest.raises(BundleError, match=r"manifest\.json"):
        load_bundle(tmp_path / "beam")


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        (graph(domain="com.example"), "custom operator"),
        (graph(weight=float("nan")), "NaN or infinite"),
        (graph(weight=float("inf")), "NaN or infinite"),
        (graph(external=True), "file of its own"),
        (b"no graph", "no ONNX model"),
        (onnx.ModelProto(ir_version=9).SerializeToString(), "no valid ONNX model"),
    ],
)
def test_a_graph_that_may_not_judge_is_neither_written_nor_loaded(tmp_path: Path, model: bytes, complaint: str):
    with pytest.raises(BundleError, match=complaint):
        write(tmp_path / "beam", model=model)
    assert list(tmp_path.iterdir()) == []


def test_a_graph_that_may_not_judge_is_refused_under_a_right_digest(tmp_path: Path):
    import hashlib

    write(tmp_path / "beam")
    model = graph(domain="com.example")
    (tmp_path / "beam" / "model.onnx").write_bytes(model)
    edit(tmp_path / "beam", model_sha256=hashlib.sha256(model).hexdigest())
    with pytest.raises(BundleError, match="custom operator"):
        load_bundle(tmp_path / "beam")


def test_numbers_that_are_not_finite_are_not_written(tmp_path: Path):
    with pytest.raises(BundleError, match="JSON cannot say"):
        write(tmp_path / "beam", figures={"mse": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_a_huge_model_is_refused_before_it_is_read_whole(tmp_path: Path):
    write(tmp_path / "beam")
    with (tmp_path / "beam" / "model.onnx").open("r+b") as file:
        file.truncate(50 * 1024 * 1024 + 1)
    with pytest.raises(BundleError, match="larger than 50 MB"):
        load_bundle(tmp_path / "beam")
