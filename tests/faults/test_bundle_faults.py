"""Wrong bundles: each is refused with a sentence that says what to do, and the last good one judges instead."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge.bundles import Bundles, Opened, bundle_folder, checked_bundle
from edge.cycle.alarms import Alarms
from edge.cycle.bundle_watch import BundleWatch
from edge.line_file import read_line_file
from edge.template import line_file
from inference.bundle import CARD, MANIFEST, MODEL, SIGNATURE, Bundle, BundleError, load_bundle, sign_bundle
from inference.bundle_store import POINTER
from inference.forecast import OnnxForecaster
from inference.signature import make_keys, trusted_key
from models import SHIPPED
from quality.alarm import Priority
from tests.fakes import FakeClock, FakeRecords, InlineExecutor, InlineWriter

PROMOTED = "promoted:beam"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    shutil.copytree(bundle_folder("builtin:beam-forecast", tmp_path), folder)
    return folder


def write(folder: Path, *, model: bytes | None = None, **changes: object) -> None:
    """Changes the bundle so that its digests are right all the same."""
    if model is not None:
        (folder / MODEL).write_bytes(model)
        changes["model_sha256"] = hashlib.sha256(model).hexdigest()
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | changes))


def line(folder: Path, *, trusted: Path | None = None) -> Bundles:
    text = line_file().replace("forecast: builtin:beam-forecast", f"forecast: {PROMOTED}")
    if trusted is not None:
        text = text.replace("models:  ", f"models:\n  trusted_keys: [{trusted}]\n# ", 1)
    path = folder / "LINE.yaml"
    path.write_text(text, encoding="utf-8")
    return Bundles(read_line_file(path), folder)


def refused(folder: Path, *words: str, trusted: Path | None = None) -> None:
    keys = [trusted_key(trusted)] if trusted else []
    with pytest.raises(BundleError) as said:
        load_bundle(folder, trusted=keys)
    for word in words:
        assert word in str(said.value)


def graph(*, weight: float = 1.0, domain: str = "", external: bool = False) -> bytes:
    constant = numpy_helper.from_array(np.array([weight], np.float32), "weight")
    if external:
        constant.ClearField("raw_data")
        constant.data_location = TensorProto.EXTERNAL
        constant.external_data.add(key="location", value="weights.bin")
    body = helper.make_graph(
        [helper.make_node("Mul", ["x", "weight"], ["y"], domain=domain)],
        "scaled",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [3])],
        [constant],
    )
    opsets = [helper.make_opsetid("", 17)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    return helper.make_model(body, opset_imports=opsets, ir_version=9).SerializeToString()


def test_bundle_with_another_digest(bundle: Path) -> None:
    for name in (MODEL, CARD):
        sound = (bundle / name).read_bytes()
        (bundle / name).write_bytes(sound + b"\n")
        if name == CARD:
            write(bundle, card_sha256=hashlib.sha256(sound).hexdigest())
        refused(bundle, str(bundle / name), "SHA-256", "copy the bundle again")
        (bundle / name).write_bytes(sound)
    load_bundle(bundle)


def test_bundle_truncated(bundle: Path) -> None:
    model = (bundle / MODEL).read_bytes()
    (bundle / MODEL).write_bytes(model[: len(model) // 2])
    refused(bundle, MODEL, "SHA-256", "copy the bundle again")
    write(bundle, model=model[: len(model) // 2])
    refused(bundle, MODEL, "ONNX model", "export it again")


def test_bundle_unsigned_or_signed_with_another_key(bundle: Path, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.pub", tmp_path / "theirs.pub"
    for public in (ours, theirs):
        make_keys(public.with_suffix(".key"), public)
    write(bundle, card_sha256=hashlib.sha256((bundle / CARD).read_bytes()).hexdigest())
    refused(bundle, SIGNATURE, "not signed", "jidoka models sign", trusted=ours)
    sign_bundle(bundle, theirs.with_suffix(".key"))
    refused(bundle, SIGNATURE, "was signed with the key", "models.trusted_keys", trusted=ours)
    sign_bundle(bundle, ours.with_suffix(".key"))
    assert load_bundle(bundle, trusted=[trusted_key(ours)]).signed_with
    write(bundle, figures={"mse": 0.0})
    refused(bundle, SIGNATURE, "changed after it was signed", "copy the bundle again", trusted=ours)
    (bundle / SIGNATURE).write_bytes(b"{}")
    refused(bundle, SIGNATURE, "is no signature", "sign it again", trusted=ours)


def test_bundle_with_other_names_shapes_or_types_than_its_manifest(bundle: Path) -> None:
    manifest = (bundle / MANIFEST).read_text()
    for change in ({"name": "other"}, {"shape": [1]}, {"dtype": "float64"}):
        for key in ("inputs", "outputs"):
            tensors = json.loads(manifest)[key]
            write(bundle, **{key: [tensors[0] | change, *tensors[1:]]})
            refused(bundle, MANIFEST, f"{key} are not the graph's", "jidoka train")
            (bundle / MANIFEST).write_text(manifest)


def test_bundle_with_external_data(bundle: Path) -> None:
    write(bundle, model=graph(external=True))
    refused(bundle, MODEL, "file of its own", "export with all weights inside")


def test_bundle_with_a_custom_operator(bundle: Path) -> None:
    write(bundle, model=graph(domain="com.example"))
    refused(bundle, MODEL, "com.example.Mul, a custom operator", "export with plain ONNX operators")


@pytest.mark.parametrize("weight", [float("nan"), float("inf")])
def test_bundle_with_weights_that_are_no_numbers(bundle: Path, weight: float) -> None:
    write(bundle, model=graph(weight=weight))
    refused(bundle, MODEL, "NaN or infinite values in 'weight'", "train it again")
    body = helper.make_graph(
        [
            helper.make_node("Constant", [], ["c"], value_floats=[1.0, weight, 1.0]),
            helper.make_node("Mul", ["x", "c"], ["y"]),
        ],
        "scaled",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [3])],
    )
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    write(bundle, model=model.SerializeToString())
    refused(bundle, MODEL, "NaN or infinite values in value_floats of Constant", "train it again")


def test_bundle_of_a_newer_format(bundle: Path) -> None:
    write(bundle, format=2)
    refused(bundle, MANIFEST, "format is 2, this program reads 1", "update the program")


def test_bundle_that_answers_with_no_number_is_not_promoted(bundle: Path, tmp_path: Path) -> None:
    """Every weight is finite, and the answer is not."""
    proto = onnx.load_from_string((bundle / MODEL).read_bytes())
    last = next(node for node in proto.graph.node if "mean" in node.output)
    last.output[list(last.output).index("mean")] = "sound mean"
    zero = numpy_helper.from_array(np.zeros(1, np.float32), "zero")
    proto.graph.initializer.append(zero)
    proto.graph.node.append(helper.make_node("Div", ["sound mean", "zero"], ["mean"]))
    write(bundle, model=proto.SerializeToString())
    load_bundle(bundle)
    with pytest.raises(
        BundleError, match="on its own check inputs it gave a mean or scale that is no number; train"
    ):
        line(tmp_path).promote("beam", str(bundle))


def test_bundle_that_does_not_fit_the_line_is_not_promoted(tmp_path: Path) -> None:
    bundles = line(tmp_path)
    with pytest.raises(BundleError, match=r"is a surface bundle, and LINE\.yaml uses promoted:beam as a forecast"):
        bundles.promote("beam", "builtin:beam-surface")
    with pytest.raises(BundleError, match="nothing was promoted as beam; run `jidoka models promote beam BUNDLE`"):
        bundles.open(PROMOTED, "forecast", OnnxForecaster)


def opened(bundles: Bundles) -> Opened[OnnxForecaster]:
    return bundles.open(PROMOTED, "forecast", OnnxForecaster)


def two_promoted(bundles: Bundles, bundle: Path) -> tuple[Bundle, Bundle]:
    first = bundles.promote("beam", str(bundle))
    write(bundle, version="2")
    return first, bundles.promote("beam", str(bundle))


async def test_edge_starts_with_a_wrong_bundle_and_the_last_good_one_judges(bundle: Path, tmp_path: Path) -> None:
    bundles = line(tmp_path)
    first, second = two_promoted(bundles, bundle)
    assert opened(bundles).bundle.digest == second.digest
    model = bundles.store.promoted("beam").in_force / MODEL
    model.write_bytes(model.read_bytes()[:-1])
    instead = opened(bundles)
    assert instead.bundle.digest == first.digest
    assert instead.model.readings

    records, clock = FakeRecords(), FakeClock()
    alarms = Alarms(records, InlineWriter(), clock)
    watch = BundleWatch([], InlineExecutor(), alarms, clock, instead={instead.bundle.name: instead.instead})
    await watch.begin()
    alarm = records.alarms[f"model {instead.bundle.name}", "bundle refused"]
    assert alarm.priority is Priority.URGENT
    for words in (str(model), "SHA-256", first.digest[:12], "judges instead", "models rollback beam", "restart"):
        assert words in alarm.sentence


def test_promoted_bundle_replaced_by_another_sound_one(bundle: Path, tmp_path: Path) -> None:
    """Whole in itself, and yet not what was checked and promoted."""
    bundles = line(tmp_path)
    first, _ = two_promoted(bundles, bundle)
    write(bundles.store.promoted("beam").in_force, version="3")
    instead = opened(bundles)
    assert instead.bundle.digest == first.digest
    assert "is not the one that was promoted" in instead.instead


def test_bundle_promoted_again_mends_the_damaged_one(bundle: Path, tmp_path: Path) -> None:
    bundles = line(tmp_path)
    first, second = two_promoted(bundles, bundle)
    (bundles.store.promoted("beam").in_force / MODEL).unlink()
    assert opened(bundles).instead
    bundles.promote("beam", str(bundle))
    assert (opened(bundles).bundle.digest, opened(bundles).instead) == (second.digest, "")
    assert bundles.store.promoted("beam").before is not None
    assert bundles.rollback("beam").digest == first.digest
    assert bundles.rollback("beam").digest == second.digest


def test_bundle_before_it_is_wrong_too(bundle: Path, tmp_path: Path) -> None:
    bundles = line(tmp_path)
    first, second = two_promoted(bundles, bundle)
    promoted = bundles.store.promoted("beam")
    for folder in (promoted.in_force, promoted.before):
        assert folder is not None
        (folder / MODEL).write_bytes(b"")
    with pytest.raises(BundleError, match=f"{second.digest}.*The one before it: .*{first.digest}.*Mend: promote"):
        opened(bundles)
    with pytest.raises(BundleError, match="copy the bundle again"):
        bundles.rollback("beam")
    assert bundles.store.promoted("beam") == promoted


def test_power_cut_between_copy_and_promotion(bundle: Path, tmp_path: Path) -> None:
    """What a cut leaves behind is what was in force, and a pointer that is half written is said to be."""
    bundles = line(tmp_path)
    first = bundles.promote("beam", str(bundle))
    place = bundles.store.promoted("beam").in_force.parent
    (place / ".new-cut").mkdir()
    (place / f".{POINTER}.new").write_text("{")
    assert opened(bundles).bundle.digest == first.digest
    (place / POINTER).write_text("{")
    with pytest.raises(BundleError, match="does not say what is in force; run `jidoka models promote beam"):
        opened(bundles)


def test_trusted_key_that_a_promoted_bundle_lacks(bundle: Path, tmp_path: Path) -> None:
    write(bundle, card_sha256=hashlib.sha256((bundle / CARD).read_bytes()).hexdigest())
    public = tmp_path / "ours.pub"
    make_keys(public.with_suffix(".key"), public)
    bundles = line(tmp_path, trusted=public)
    with pytest.raises(BundleError, match="not signed"):
        bundles.promote("beam", str(bundle))
    sign_bundle(bundle, public.with_suffix(".key"))
    assert bundles.promote("beam", str(bundle)).signed_with
    (bundles.store.promoted("beam").in_force / SIGNATURE).unlink()
    with pytest.raises(BundleError, match="not signed"):
        opened(bundles)
    public.write_text("no key")
    with pytest.raises(BundleError, match=r"models.trusted_keys: .*ours.pub: holds no public key"):
        line(tmp_path, trusted=public)


def test_shipped_bundle_that_is_not_the_one_that_ships(tmp_path: Path) -> None:
    for name, digest in SHIPPED.items():
        manifest = bundle_folder(f"builtin:{name}", tmp_path) / MANIFEST
        found = hashlib.sha256(manifest.read_bytes()).hexdigest()
        assert found == digest, f"{name} was made anew: write its digest {found} into models/__init__.py"
    checked_bundle("builtin:beam-forecast", tmp_path)
    with pytest.raises(BundleError, match="than this version ships; install jidoka again, or name the folder"):
        checked_bundle("builtin:beam-forecast", tmp_path, shipped={"beam-forecast": "0" * 64})
