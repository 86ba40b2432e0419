"""What is learned finds what it should, and what ships computes what was learned."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper
from sklearn.metrics import roc_auc_score

from inference.bundle import Bundle, load_bundle
from inference.session import open_session
from inference.surface import score_frame, surface_session
from models.recipes.surface import learn_surface
from models.recipes.surface_features import describe_patches
from models.recipes.surface_graph import GraphWriter
from models.recipes.surface_heads import Deviation, Network
from quality.recording import LabelledFrame

Pictures = dict[str, np.ndarray]


def shop(sizes: Sequence[tuple[int, int]], *, defects: bool = True) -> tuple[list[LabelledFrame], Pictures]:
    """Grey noisy faces, every third with a dark pit, under light that varies; each part in two exposures."""
    random = np.random.default_rng(5)
    frames: list[LabelledFrame] = []
    files: Pictures = {}
    for number, (height, width) in enumerate(sizes):
        face = 120 + 6 * random.normal(size=(height, width))
        mask = np.zeros((height, width), dtype=np.uint8)
        bad = defects and number % 3 == 0
        if bad:
            top, left = random.integers(4, height - 14), random.integers(4, width - 14)
            mask[top : top + 9, left : left + 9] = 255
            face[mask > 0] -= 70
        for exposure, gain in (("dim", 0.6), ("bright", 1.3)):
            path = f"{number}-{exposure}"
            files[path] = np.clip(face * gain, 0, 255).astype(np.uint8)
            files[f"{path}-mask"] = mask
            label = "pit" if bad else "none"
            frames.append(
                LabelledFrame(path, str(number), exposure, label, not bad, f"{path}-mask" if bad else None)
            )
    return frames, files


def learn(folder: Path, frames: list[LabelledFrame], files: Pictures) -> Bundle:
    steps: list[float] = []
    bundle = learn_surface(
        frames,
        files.__getitem__,
        files.__getitem__,
        out=folder / "face",
        name="face",
        on_progress=lambda _step, share: steps.append(share),
    )
    assert steps == sorted(steps)
    assert steps[-1] == 1.0
    return bundle


def score(bundle: Bundle, files: Pictures, frames: list[LabelledFrame]) -> np.ndarray:
    session = surface_session(bundle)
    return np.array([score_frame(session, files[frame.path])[0] for frame in frames])


SAME = [(72, 96)] * 16
VARIED = [(60 + 3 * (n % 7), 80 + 5 * (n % 5)) for n in range(16)]


@pytest.mark.parametrize("sizes", [SAME, VARIED])
def test_it_finds_the_pit_on_parts_it_has_not_seen(tmp_path: Path, sizes: list[tuple[int, int]]):
    frames, files = shop(sizes)
    half = len(frames) // 2
    bundle = learn(tmp_path, frames[:half], files)
    unseen = frames[half:]
    scores = score(bundle, files, unseen)
    conforming = np.array([frame.conforming for frame in unseen])
    assert scores[~conforming].min() > 0.5 > scores[conforming].max()

    pitted = next(frame for frame in unseen if not frame.conforming)
    _, seen = score_frame(surface_session(bundle), files[pitted.path])
    row, column = np.unravel_index(seen.argmax(), seen.shape)
    assert pitted.mask is not None
    patch = bundle.fields["patch"]
    there = files[pitted.mask][row * patch : (row + 1) * patch, column * patch : (column + 1) * patch]
    assert there.any()


def test_the_bundle_says_what_it_learned_from_and_how_it_did(tmp_path: Path):
    frames, files = shop(SAME)
    learn(tmp_path, frames[:20], files)
    bundle = load_bundle(tmp_path / "face")
    assert bundle.has_learned("tile:0")
    assert not bundle.has_learned("tile:15")
    assert str(bundle.inputs[0]) == "picture uint8[72, 96]"
    assert bundle.figures["auroc"] > 0.95
    assert bundle.figures["recall_at_fpr_05 of pit"] == 1.0
    assert bundle.figures["verdicts_compared"] == 20
    assert bundle.figures["nonconforming"] == 8
    assert "8 pit" in bundle.card
    assert "no safety function" in bundle.card


def test_good_pictures_alone_suffice(tmp_path: Path):
    learning, files = shop(SAME, defects=False)
    bundle = learn(tmp_path, learning, files)
    assert score(bundle, files, learning).max() < 0.5
    scored, pictures = shop(SAME)
    bad = [frame for frame in scored if not frame.conforming]
    assert score(bundle, pictures, bad).min() > 0.5


def test_the_same_seed_learns_the_same():
    rows = np.random.default_rng(3).normal(size=(400, 6)).astype(np.float32)
    weight = np.ones(len(rows), dtype=np.float32)
    first, second = (written(Network(rows, rows[:, 0] > 0, weight, 7), rows) for _ in range(2))
    assert (first == second).all()


def test_too_little_to_learn_from_is_said(tmp_path: Path):
    frames, files = shop(SAME[:3])
    with pytest.raises(ValueError, match="3 tile groups; at least 5"):
        learn(tmp_path, frames, files)
    with pytest.raises(ValueError, match="no conforming frame"):
        learn(tmp_path, [frame for frame in frames if not frame.conforming], files)


def described(picture: np.ndarray, cell: int) -> np.ndarray:
    g = GraphWriter()
    g.op("Identity", describe_patches(g, "picture", cell), out="described")
    model = g.finish(
        "describe",
        [helper.make_tensor_value_info("picture", TensorProto.UINT8, ["h", "w"])],
        [helper.make_tensor_value_info("described", TensorProto.FLOAT, [1, None, None, None])],
    )
    return open_session(model).run(None, {"picture": picture})[0]


def test_exposure_hardly_changes_what_a_patch_looks_like():
    face = np.random.default_rng(1).integers(60, 120, (64, 64)).astype(np.uint8)
    dim, bright = described(face, 2), described(face * 2, 2)
    assert np.abs(dim - bright).mean() < 0.05


def test_a_picture_of_any_size_is_cut_into_whole_patches():
    assert described(np.full((65, 31), 90, dtype=np.uint8), 4).shape[2:] == (5, 2)


def written(head: Deviation | Network, rows: np.ndarray) -> np.ndarray:
    g = GraphWriter()
    g.op("Identity", head.write(g, "maps"), out="odds")
    model = g.finish(
        "head",
        [helper.make_tensor_value_info("maps", TensorProto.FLOAT, [1, rows.shape[1], None, None])],
        [helper.make_tensor_value_info("odds", TensorProto.FLOAT, [1, 1, None, None])],
    )
    maps = rows.T.reshape(1, rows.shape[1], 5, -1)
    return open_session(model).run(None, {"maps": maps})[0].ravel()


def test_a_head_tells_apart_what_it_learned_to_tell_apart():
    random = np.random.default_rng(3)
    rows = random.normal(size=(2000, 6)).astype(np.float32)
    defective = (rows[:, 0] > 0.5) & (rows[:, 3] < 0)
    head = Network(rows, defective, np.ones(len(rows), dtype=np.float32), 0)
    odds = written(head, rows)
    assert roc_auc_score(defective, odds) > 0.97
    assert np.allclose(odds, head.odds(rows.astype(np.float64)), atol=1e-3)


def test_deviation_grows_with_distance_from_what_is_good():
    random = np.random.default_rng(3)
    good = random.normal(2, 0.5, size=(500, 4)).astype(np.float32)
    near, far = written(Deviation(good), good[:5]), written(Deviation(good), good[:5] + 3)
    assert (far > near + 5).all()
    assert np.allclose(near, Deviation(good).odds(good[:5].astype(np.float64)), rtol=1e-4)
