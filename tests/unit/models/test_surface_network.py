"""The network finds what it was shown, is shown what is so, and what ships computes what was learned."""

import sys
from pathlib import Path

import numpy as np
import pytest

from inference.session import open_session
from models.recipes.surface import learn_surface
from models.recipes.surface_model import Calibration
from models.recipes.surface_parity import ParityError, check_verdicts
from quality.recording import LabelledFrame
from quality.scorecard import auroc
from tests.unit.models.test_surface import Pictures, shop

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch==2.13.0")

from models.recipes.surface_crops import Crop, crop_size, cut, lit_anew  # noqa: E402 - they need torch
from models.recipes.surface_made_up import foreign, moved, spot  # noqa: E402
from models.recipes.surface_marking import Marking, learn_markings  # noqa: E402
from models.recipes.surface_net import MarkingNet  # noqa: E402
from models.recipes.surface_training import Lesson, read_lesson, teach  # noqa: E402

torch.set_num_threads(1)
FACES = [(96 + 5 * (n % 4), 100 + 7 * (n % 3)) for n in range(16)]


def lesson(frames: list[LabelledFrame], files: Pictures) -> Lesson:
    return read_lesson(frames, files.__getitem__, files.__getitem__)


def unsettled(seed: int) -> Marking:
    """A network as after learning: normalisations that do something, and no two weights alike."""
    torch.manual_seed(seed)
    net = MarkingNet()
    for name, values in net.state_dict().items():
        if name.endswith("running_var"):
            values.uniform_(0.5, 2.0)
        elif name.endswith(("running_mean", "norm.bias")):
            values.normal_(0, 0.2)
    return Marking(net.eval())


@pytest.mark.parametrize("size", [(64, 64), (33, 97), (130, 71), (31, 30)])
def test_the_written_graph_computes_what_the_network_does(size: tuple[int, int]):
    marking = unsettled(3)
    picture = np.random.default_rng(1).integers(0, 256, size, dtype=np.uint8)
    pooled, odds = open_session(marking.scoring(None, None)).run(["pooled", "odds"], {"picture": picture})
    assert odds.shape == (-(-size[0] // 4), -(-size[1] // 4))
    assert float(pooled) == pytest.approx(marking.pooling()(picture), abs=1e-4)


def test_verdicts_are_compared_and_another_graph_is_not_exported():
    frames, files = shop(FACES[:4])
    one, other = unsettled(1), unsettled(2)
    values = np.array([one.pooling()(files[frame.path]) for frame in frames])
    calibration = Calibration(1000.0, float(-1000 * np.median(values)))
    found = check_verdicts(one.scoring(None, calibration), one, calibration, frames, files.__getitem__)
    assert found["verdicts_compared"] == len(frames)
    with pytest.raises(ParityError, match="the exported graph scores"):
        check_verdicts(other.scoring(None, calibration), one, calibration, frames, files.__getitem__)


def test_it_finds_the_pit_on_parts_it_has_not_seen():
    frames, files = shop(FACES)
    folds = np.array([int(frame.tile_group) % 2 for frame in frames])
    told: list[float] = []
    (marking,) = learn_markings(lesson(frames, files), folds, [1], 0, told.append, steps=80)
    assert told[-1] == 1.0
    unseen = [frame for frame, fold in zip(frames, folds, strict=True) if fold == 1]
    scores = np.array([marking.pooling()(files[frame.path]) for frame in unseen])
    assert auroc(scores, np.array([not frame.conforming for frame in unseen])) == 1.0


def test_the_same_seed_learns_the_same():
    taught = lesson(*shop(FACES[:6]))
    first, second = (teach(taught, 7, lambda _share: None, steps=3) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


@pytest.mark.parametrize("kept", ["label", "nothing"])
def test_labels_alone_and_good_pictures_alone_can_be_learned_from(kept: str):
    frames, files = shop(FACES[:6], defects=kept == "label")
    bare = [LabelledFrame(f.path, f.tile_group, f.exposure, f.label, f.conforming, None) for f in frames]
    net = teach(lesson(bare, files), 0, lambda _share: None, steps=4)
    assert all(torch.isfinite(weight).all() for weight in net.parameters())


def test_without_torch_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    frames, files = shop([(60, 70)] * 12)
    # Labels that no picture bears out, so that filters cannot do.
    frames = [
        LabelledFrame(f.path, f.tile_group, f.exposure, "odd", int(f.tile_group) % 2 == 0, None) for f in frames
    ]
    for name in list(sys.modules):
        if name in {"models.recipes.surface_marking", "models.recipes.surface_training"}:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ValueError, match=r"AUROC of 0\.\d\d only.*pip install torch=="):
        learn_surface(
            frames,
            files.__getitem__,
            files.__getitem__,
            out=tmp_path / "face",
            name="face",
            on_progress=lambda _step, _share: None,
        )


def face(seed: int = 0) -> Crop:
    grey = 100 + 5 * np.random.default_rng(seed).standard_normal((96, 128), dtype=np.float32)
    return Crop(torch.from_numpy(grey), torch.zeros(96, 128), torch.ones(96, 128))


def test_a_crops_mask_lies_where_the_defect_is():
    picture = np.full((2, 200, 160), 50, dtype=np.uint8)
    picture[1] = 0
    picture[:, 120:140, 30:60] = 255
    random = np.random.default_rng(2)
    seen = 0.0
    for _ in range(20):
        crop = cut(torch.from_numpy(picture), (96, 96), random, np.array([130.0, 45.0]))
        bright = (crop.grey > 150).float()
        assert (bright - (crop.defect > 0.5).float()).abs().mean() < 0.01
        assert (crop.grey[crop.inside == 0] < 60).all()
        seen += float(bright.sum())
    assert seen > 20 * 100


def test_crops_are_as_large_as_a_small_picture_within_bounds():
    assert crop_size(np.array([[200, 110]] * 4)) == (224, 128)
    assert crop_size(np.array([[1024, 40]])) == (256, 96)


def test_another_light_keeps_grey_levels_whole_and_within_bounds():
    lit = lit_anew(face().grey, np.random.default_rng(0))
    assert torch.equal(lit, lit.round())
    assert 0 <= float(lit.min()) <= float(lit.max()) <= 255


@pytest.mark.parametrize("seed", range(6))
def test_a_made_up_defect_is_marked_where_the_face_was_changed(seed: int):
    onto, random = face(), np.random.default_rng(seed)
    for spoilt in (spot(onto, random), foreign(onto, face(1), random)):
        changed = (spoilt.grey - onto.grey).abs() > 25
        near = torch.nn.functional.max_pool2d(spoilt.defect[None, None], 33, 1, 16)[0, 0] > 0
        assert not (changed & ~near).any()


def test_a_moved_defect_takes_its_mask_along_and_leaves_the_rest():
    taken = face(1)
    taken.grey[40:50, 60:70], taken.defect[40:50, 60:70] = 10, 1
    done = moved(face(), taken)
    assert torch.equal(done.defect, taken.defect)
    assert (done.grey[42:48, 62:68] < 20).all()
    assert torch.equal(done.grey[:20], face().grey[:20])
