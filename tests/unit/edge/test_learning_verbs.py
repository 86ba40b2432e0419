"""The functions behind train, evaluate and replay, on a made-up line and made-up pictures."""

import csv
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge.recording import RecordingError, read_parts
from edge.verbs.learning import LearnedFrom, evaluate, replay, train
from edge.verbs.replaying import Replay
from inference.bundle import BundleError, load_bundle, write_bundle
from quality.sampling import CostWeights, Occasion
from quality.scorecard import auroc
from tests.unit.models.making import made_up_history

PARTS = 300
FIGURES = {"mse", "mse_persistence", "mse_ewma", "coverage_90", "mean_width_90", "auroc", "precision", "recall"}
RULE_FIGURES = {"mse", "coverage_90", "mean_width_90", "auroc", "precision", "recall"}
SAMPLING_FIGURES = {"measured_share", "escapes", "escapes_share", "false_holds", "cost"}


def _write_parts(folder: Path, parts: int, prefix: str = "P", seed: int = 7) -> Path:
    history = made_up_history(parts, seed, prefix=prefix)
    folder.mkdir()
    names = [c.name for c in history.characteristics]
    with (folder / "limits.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["characteristic", "nominal", "lower", "upper"])
        writer.writerows([c.name, "", c.limits.lower, c.limits.upper] for c in history.characteristics)
    with (folder / "parts.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sequence", "serial", *history.reading_names, *names])
        for i, serial in enumerate(history.serials):
            values = ["" if np.isnan(v) else f"{v:.5f}" for v in history.measured[i]]
            writer.writerow([i + 1, serial, *history.readings[i], *values])
    return folder


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write_parts(tmp_path_factory.mktemp("recordings") / "parts", PARTS)


@pytest.fixture(scope="module")
def bundle(parts: Path) -> Path:
    out = parts.parent / "bundle"
    answer = train("forecast", parts, out, 0.6)
    assert answer["learned_from"]["parts"] == 180
    assert answer["bundle"] == str(out)
    return out


def test_training_answers_in_plain_values(parts: Path, tmp_path: Path) -> None:
    steps: list[str] = []
    answer = train("forecast", parts, tmp_path / "b", 0.3, lambda step, _share: steps.append(step))
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    assert (answer["kind"], answer["name"], answer["learned_from"]["parts"]) == ("forecast", "b", 90)
    assert steps


def test_a_forecast_is_scored_with_every_figure(parts: Path, bundle: Path) -> None:
    card = evaluate(bundle, parts, 0.4)
    assert json.loads(json.dumps(card, allow_nan=False)) == card
    assert card["parts"] == 120
    assert card["split"] == {"last": 0.4, "learned_from_among_scored": 0, "in_sample": False}
    assert set(card["characteristics"]) == {"x_mm", "y_mm"}
    for name, figures in card["characteristics"].items():
        assert set(figures) >= FIGURES
        for rule in ("same_as_previous", "ewma"):
            assert set(card[rule][name]) >= RULE_FIGURES
        assert figures["mse_persistence"] == card["same_as_previous"][name]["mse"]
        assert figures["mse_ewma"] == card["ewma"][name]["mse"]
        assert figures["mse"] < figures["mse_persistence"]


def test_the_rules_see_every_earlier_part_and_only_those(parts: Path, bundle: Path) -> None:
    values = made_up_history(PARTS, 7).measured[:, 1].round(5)
    previous, squares = np.nan, []
    for index, value in enumerate(values):
        if index >= 180 and np.isfinite(value):
            squares.append((value - previous) ** 2)
        previous = value if np.isfinite(value) else previous
    card = evaluate(bundle, parts, 0.4)
    assert card["characteristics"]["y_mm"]["mse_persistence"] == pytest.approx(np.mean(squares))


def test_scoring_what_was_learned_from_is_refused_unless_told(parts: Path, bundle: Path) -> None:
    with pytest.raises(LearnedFrom, match=r"learned from 30 of the 150 parts .* --in-sample"):
        evaluate(bundle, parts, 0.5)
    with pytest.raises(LearnedFrom, match="180 of the 300"):
        replay(parts, bundle)
    card = evaluate(bundle, parts, 0.5, in_sample=True)
    assert card["split"] == {"last": 0.5, "learned_from_among_scored": 30, "in_sample": True}


def test_another_recording_of_the_line_can_be_scored_whole(bundle: Path, tmp_path: Path) -> None:
    other = _write_parts(tmp_path / "other", 80, prefix="Q", seed=8)
    assert evaluate(bundle, other)["parts"] == 80


def test_a_recording_of_another_line_is_refused(parts: Path, bundle: Path, tmp_path: Path) -> None:
    other = _write_parts(tmp_path / "other", 80, prefix="Q")
    text = (other / "parts.csv").read_text()
    (other / "parts.csv").write_text(text.replace("power_kw", "torque_nm"))
    with pytest.raises(BundleError, match="reading power_kw, which the recording does not have"):
        evaluate(bundle, other)
    for name in ("parts.csv", "limits.csv"):
        (other / name).write_text((parts / name).read_text().replace("y_mm", "z_mm"))
    with pytest.raises(BundleError, match="does not forecast z_mm"):
        evaluate(bundle, other, in_sample=True)


def test_a_part_without_its_readings_is_not_forecast_and_is_measured(bundle: Path, tmp_path: Path) -> None:
    other = _write_parts(tmp_path / "other", 80, prefix="Q", seed=8)
    lines = (other / "parts.csv").read_text().splitlines()
    for at in (5, 40):
        cells = lines[at].split(",")
        lines[at] = ",".join([*cells[:2], "", *cells[3:]])
    (other / "parts.csv").write_text("\n".join(lines))
    assert evaluate(bundle, other)["without_forecast"] == 2
    occasions = Replay(load_bundle(bundle), read_parts(other), 0).from_risk(1.0)
    assert [part for part, occasion in enumerate(occasions) if occasion is Occasion.SUSPECT] == [4, 39]


@pytest.mark.parametrize("share", [0.0, 1.5])
def test_a_share_that_is_none_is_refused(parts: Path, bundle: Path, tmp_path: Path, share: float) -> None:
    for ask in (
        lambda: train("forecast", parts, tmp_path / "b", share),
        lambda: evaluate(bundle, parts, share),
        lambda: replay(parts, bundle, share),
    ):
        with pytest.raises(RecordingError, match="a share must be above 0"):
            ask()


def test_too_little_to_learn_from_names_the_recording(parts: Path, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="parts: 30 parts are too few"):
        train("forecast", parts, tmp_path / "b", 0.1)


def test_a_folder_that_exists_is_refused_before_the_work(parts: Path, tmp_path: Path) -> None:
    steps: list[str] = []
    with pytest.raises(BundleError, match="exists already"):
        train("forecast", parts, tmp_path, 0.6, lambda step, _share: steps.append(step))
    assert not steps


def test_a_replay_has_every_figure_for_the_policy_its_curve_and_the_shops_rules(parts: Path, bundle: Path) -> None:
    card = replay(parts, bundle, 0.4)
    assert json.loads(json.dumps(card, allow_nan=False)) == card
    assert card["parts"] == 120
    assert set(card["policy"]) >= SAMPLING_FIGURES
    assert len(card["shop_rule"]) >= 4
    for figures in card["shop_rule"].values():
        assert set(figures) == SAMPLING_FIGURES
    shares = [point["share"] for point in card["curve"]]
    assert shares[0] > shares[-1]
    assert {"threshold", "share", "escapes"} <= set(card["curve"][0])
    assert card["cost_weights"] == {"escape": 100.0, "measuring": 1.0, "false_hold": 5.0}


def test_each_share_is_set_beside_the_rule_tuned_before_and_with_hindsight(parts: Path, bundle: Path) -> None:
    card = replay(parts, bundle, 0.4, measure_share=0.2)
    assert list(card["at_share"]) == ["0.20", "0.30", "0.45", "0.60"]
    assert card["policy"]["measure_share"] == 0.2
    for figures in card["at_share"].values():
        assert figures["shop_best_in_hindsight"]["measured_share"] <= figures["measured_share"] + 0.01
        assert {"every", "clear_after", "escapes"} <= set(figures["shop_tuned_before"])
    assert card["policy"]["escapes"] == card["at_share"]["0.20"]["escapes"]


def test_a_promise_that_the_parts_cannot_support_measures_everything_and_says_so(
    parts: Path, bundle: Path
) -> None:
    promise = replay(parts, bundle, 0.4, escapes=0.001)["promise"]
    assert (promise["kept"], promise["scored"]["escapes"], promise["scored"]["measured_share"]) == (False, 0, 1.0)
    assert promise["more"] > 1000
    assert promise["learned_before"] == 180
    assert "cannot support" in promise["sentence"]
    easy = replay(parts, bundle, 0.4, escapes=0.3)["promise"]
    assert easy["kept"]
    assert easy["scored"]["measured_share"] < 1


def test_a_replay_is_drawn(parts: Path, bundle: Path, tmp_path: Path) -> None:
    card = replay(parts, bundle, 0.4, plot=tmp_path / "plots")
    (file,) = card["plots"]
    assert Path(file).read_bytes().startswith(b"\x89PNG")


def test_measuring_everything_lets_nothing_escape(parts: Path, bundle: Path) -> None:
    card = replay(parts, bundle, 0.4, measure_share=1.0)
    assert (card["policy"]["measured_share"], card["policy"]["escapes"]) == (1.0, 0)


def test_the_policy_beats_the_shops_rule_where_a_reading_tells(parts: Path, bundle: Path) -> None:
    card = replay(parts, bundle, 0.4)
    shop = card["shop_rule"]["every_5_clear_3"]
    as_good = [point["share"] for point in card["curve"] if point["escapes"] <= shop["escapes"]]
    assert min(as_good) < 0.9 * shop["measured_share"]


def test_cost_follows_its_weights(parts: Path, bundle: Path) -> None:
    card = replay(parts, bundle, 0.4, weights=CostWeights(escape=0, measuring=2, false_hold=0))
    assert card["policy"]["cost"] == pytest.approx(2 * 120 * card["policy"]["measured_share"])


def _picture_graph() -> bytes:
    """Score: the brightest pixel; map: the mean of every 2 × 2 pixels, both in 0..1."""
    constants = [
        numpy_helper.from_array(np.array(255.0, np.float32), "white"),
        numpy_helper.from_array(np.array([1, 1, 8, 8]), "planes"),
        numpy_helper.from_array(np.array([4, 4]), "cells"),
    ]
    nodes = [
        helper.make_node("Cast", ["picture"], ["grey"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["grey", "white"], ["light"]),
        helper.make_node("ReduceMax", ["light"], ["score"], keepdims=0),
        helper.make_node("Reshape", ["light", "planes"], ["plane"]),
        helper.make_node("AveragePool", ["plane"], ["pooled"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Reshape", ["pooled", "cells"], ["map"]),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "g",
        [value("picture", TensorProto.UINT8, (8, 8))],
        [value("score", TensorProto.FLOAT, ()), value("map", TensorProto.FLOAT, (4, 4))],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    encoded: bytes = model.SerializeToString()
    return encoded


def _write_frames(folder: Path, *, tiles: int, height: int, width: int) -> Path:
    """Tiles with two pictures each; every third tile has a bright square that its mask marks."""
    random = np.random.default_rng(9)
    rows = ["frame,tile_group,exposure,label,conforming,mask"]
    for sub in ("frames", "masks"):
        (folder / sub).mkdir(parents=True)
    for index in range(2 * tiles):
        defect = (index // 2) % 3 == 0
        picture = random.integers(0, 60, (height, width), dtype=np.uint8)
        mask = np.zeros((height, width), np.uint8)
        if defect:
            square = (slice(height // 4, height // 2), slice(width // 2, width * 3 // 4))
            picture[square], mask[square] = 250, 255
        for sub, image in (("frames", picture), ("masks", mask)):
            (folder / sub / f"{index}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
        told = f"chip,0,masks/{index}.png" if defect else "none,1,"
        rows.append(f"frames/{index}.png,{index // 2},e{index % 2},{told}")
    (folder / "frames.csv").write_text("\n".join(rows))
    return folder


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write_frames(tmp_path_factory.mktemp("recordings") / "frames", tiles=10, height=8, width=8)


def _surface_bundle(folder: Path, learned_from: list[str]) -> Path:
    write_bundle(
        folder,
        kind="surface",
        name="bright",
        model=_picture_graph(),
        fields={"channels": 1, "patch": 2, "height": 8, "width": 8},
        calibration={"box_threshold": 0.5},
        learned_from=learned_from,
        recipe={},
        figures={},
        card="",
    )
    return folder


def test_a_surface_model_is_scored_with_every_figure(frames: Path, tmp_path: Path) -> None:
    card = evaluate(_surface_bundle(tmp_path / "b", []), frames)
    assert json.loads(json.dumps(card, allow_nan=False)) == card
    assert (card["frames"], card["nonconforming"], card["tile_groups"]) == (20, 8, 10)
    assert (card["auroc"], card["recall_at_fpr_05"]) == (1.0, 1.0)
    assert card["pixel_auroc"] == 1.0
    assert card["by_label"] == {"chip": {"frames": 8, "recall": 1.0}}


def test_a_surface_scorecard_is_drawn(frames: Path, tmp_path: Path) -> None:
    card = evaluate(_surface_bundle(tmp_path / "b", []), frames, plot=tmp_path / "plots")
    files = [Path(file) for file in card["plots"]]
    assert [file.name for file in files] == [
        "surface_roc.png",
        "surface_reliability.png",
        "surface_worst_misses.png",
    ]
    for file in files:
        assert file.read_bytes().startswith(b"\x89PNG")
        assert file.stat().st_size > 5000


def test_a_defect_with_a_label_alone_says_nothing_of_pixels(frames: Path, tmp_path: Path) -> None:
    bare = frames.parent / "bare"
    shutil.copytree(frames, bare, dirs_exist_ok=True)
    text = (bare / "frames.csv").read_text()
    (bare / "frames.csv").write_text(text.replace("masks/0.png", "").replace("masks/1.png", ""))
    card = evaluate(_surface_bundle(tmp_path / "b", []), bare)
    assert (card["nonconforming"], card["pixel_auroc"]) == (8, 1.0)


def test_only_whole_tiles_of_the_last_share_are_scored(frames: Path, tmp_path: Path) -> None:
    card = evaluate(_surface_bundle(tmp_path / "b", [f"tile:{g}" for g in range(6)]), frames, 0.4)
    assert (card["frames"], card["tile_groups"]) == (8, 4)


def test_a_share_without_tiles_is_told_with_the_recording(frames: Path, tmp_path: Path) -> None:
    folder = _surface_bundle(tmp_path / "b", [])
    with pytest.raises(RecordingError, match=r"frames: 0\.05 of 10 is less than one"):
        evaluate(folder, frames, 0.05)


def test_a_surface_model_is_not_scored_on_tiles_it_learned_from(frames: Path, tmp_path: Path) -> None:
    folder = _surface_bundle(tmp_path / "b", ["tile:0", "tile:1"])
    with pytest.raises(LearnedFrom, match="2 of the 10 tile groups"):
        evaluate(folder, frames)
    assert evaluate(folder, frames, in_sample=True)["split"]["learned_from_among_scored"] == 2


def test_a_mask_of_another_size_is_told(frames: Path, tmp_path: Path) -> None:
    target = frames / "masks/0.png"
    whole = target.read_bytes()
    target.write_bytes(cv2.imencode(".png", np.zeros((4, 4), np.uint8))[1].tobytes())
    try:
        with pytest.raises(RecordingError, match=r"0\.png: is \(4, 4\)"):
            evaluate(_surface_bundle(tmp_path / "b", []), frames)
    finally:
        target.write_bytes(whole)


def test_pixel_figures_compare_the_map_with_the_mask(frames: Path, tmp_path: Path) -> None:
    scores, defects = [], []
    for index in range(20):
        picture = cv2.imread(str(frames / f"frames/{index}.png"), cv2.IMREAD_GRAYSCALE).astype(np.float64) / 255
        pooled = picture.reshape(4, 2, 4, 2).mean(axis=(1, 3))
        scores.append(np.kron(pooled, np.ones((2, 2))).ravel())
        mask = frames / f"masks/{index}.png"
        defects.append(cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE).ravel() > 0)
    expected = auroc(np.concatenate(scores), np.concatenate(defects))
    card = evaluate(_surface_bundle(tmp_path / "b", []), frames)
    assert card["pixel_auroc"] == pytest.approx(expected, abs=1e-3)


def test_a_surface_model_is_trained_on_whole_tiles_of_the_first_share(tmp_path: Path) -> None:
    folder = _write_frames(tmp_path / "tiles", tiles=10, height=96, width=96)
    answer = train("surface", folder, tmp_path / "b", 0.5)
    assert answer["kind"] == "surface"
    assert answer["learned_from"] == {"frames": 10, "tile_groups": 5, "nonconforming": 4}
    assert evaluate(tmp_path / "b", folder, 0.5)["frames"] == 10
    with pytest.raises(LearnedFrom, match="2 of the 7 tile groups"):
        evaluate(tmp_path / "b", folder, 0.7)
