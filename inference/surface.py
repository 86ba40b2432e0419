"""The surface model at work: a picture in, a finding out, or the reason why there is none.

A surface graph takes one input, the raw uint8 picture [height, width] (`fields.channels` 1) or [height, width, 3]
(BGR), and gives `score`, the calibrated probability that the face is nonconforming, float32 [], and `map`, float32
[rows, columns] in 0..1, whose elements each stand for `fields.patch` × `fields.patch` pixels.
"""

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle, BundleError
from inference.regions import boxes
from inference.session import Session, open_session
from quality.evidence import Finding, Frame, NoEvidence
from quality.saying import Saying, saying

_COLOURS = 3
_ANY_SIZE = (256, 256)
_MEND = saying("look at the picture; if it is a good one, check the bundle with `jidoka models verify`")


def surface_session(bundle: Bundle) -> Session:
    """The bundle's graph, warmed up on a picture of the size it was made for.

    Raises BundleError when the bundle is no surface model or its graph has other inputs or outputs than one has.
    """
    if bundle.kind != "surface":
        raise BundleError(f"bundle {bundle.name}: is a {bundle.kind} model; a camera needs a surface model")
    dimensions = 3 if bundle.fields["channels"] == _COLOURS else 2
    inputs = [(tensor.dtype, len(tensor.shape)) for tensor in bundle.inputs]
    outputs = [(tensor.name, tensor.dtype, len(tensor.shape)) for tensor in bundle.outputs]
    if inputs != [("uint8", dimensions)] or outputs != [("score", "float32", 0), ("map", "float32", 2)]:
        taken, given = (", ".join(map(str, tensors)) for tensors in (bundle.inputs, bundle.outputs))
        raise BundleError(
            f"bundle {bundle.name}: takes {taken} and gives {given}; a surface model takes one uint8 picture and "
            "gives score float32[] and map float32[rows, columns]"
        )
    height, width = _size(bundle) or _ANY_SIZE
    shape = (height, width, _COLOURS)[:dimensions]
    return open_session(bundle.model, {bundle.inputs[0].name: np.zeros(shape, dtype=np.uint8)})


class ShapeError(ValueError):
    """The graph's answer has not the shape that its bundle says."""


def score_frame(session: Session, pixels: NDArray[np.uint8]) -> tuple[float, NDArray[np.float32]]:
    """The score of one picture and its map. The picture has the size and channels the graph asks for.

    Raises ShapeError, and what the graph's run raises.
    """
    score, seen = session.run(["score", "map"], {"picture": pixels})
    if score.shape != () or seen.ndim != 2:  # noqa: PLR2004 - rows and columns
        raise ShapeError(f"a score of shape {list(score.shape)} and a map of shape {list(seen.shape)}")
    return float(score), seen


class OnnxInspector:
    """The inspector of one camera's frames. Implements `quality.ports.Inspector`."""

    def __init__(
        self, bundle: Bundle, camera: str, session: Session | None = None, *, mm_per_pixel: float | None = None
    ) -> None:
        """Opens the bundle's graph unless a session is handed in. Raises BundleError as `surface_session` does.

        `mm_per_pixel` is the camera's scale on the part's face, where it is known; findings hand it on.
        """
        self._session = session or surface_session(bundle)
        self._camera = camera
        self._mm_per_pixel = mm_per_pixel
        self._model = bundle.digest
        self._channels = int(bundle.fields["channels"])
        self._size = _size(bundle)
        self._patch = int(bundle.fields["patch"])
        self._threshold = float(bundle.calibration["box_threshold"])

    @property
    def channels(self) -> int:
        """Channels of the pictures it takes: 1 (grey) or 3 (BGR)."""
        return self._channels

    def inspect(self, frame: Frame) -> Finding | NoEvidence:
        """What the model sees; NoEvidence for another kind of picture, and for an answer that is not of its kind.

        Raises what the graph's run raises.
        """
        pixels = frame.pixels
        problem = self._mismatch(pixels)
        if problem:
            return NoEvidence(
                self._camera,
                problem,
                saying("set the camera to what the model was trained on, or train a model for it"),
            )
        height, width = pixels.shape[:2]
        try:
            score, seen = score_frame(self._session, pixels)
            self._covers(seen, height, width)
        except ShapeError as error:
            return NoEvidence(self._camera, saying("the surface model gave {error}", error=str(error)), _MEND)
        # Written so that NaN fails too; some operators turn it into a huge number on the way.
        if not (0 <= score <= 1 and np.all((seen >= 0) & (seen <= 1))):
            return NoEvidence(self._camera, saying("the surface model's answer is no probability"), _MEND)
        marked = boxes(seen, self._threshold, self._patch, height, width)
        return Finding(self._camera, score, seen, marked, self._model, self._mm_per_pixel)

    def _covers(self, seen: NDArray[np.float32], height: int, width: int) -> None:
        """A map may leave out less than one patch at an edge, or go as far beyond it."""
        rows, columns = seen.shape
        if abs(rows * self._patch - height) >= self._patch or abs(columns * self._patch - width) >= self._patch:
            raise ShapeError(f"a map of {rows} × {columns} patches for a picture of {height} × {width} pixels")

    def _mismatch(self, pixels: NDArray[np.uint8]) -> Saying | None:
        shape: tuple[int, ...] = pixels.shape
        expected = saying("3 channels") if self._channels == _COLOURS else saying("one channel")
        if pixels.dtype != np.uint8 or shape[2:] != ((_COLOURS,) if self._channels == _COLOURS else ()):
            return saying(
                "the surface model expects uint8 with {expected}, this picture is {shape}",
                expected=expected,
                shape=f"{pixels.dtype}{list(shape)}",
            )
        if self._size and shape[:2] != self._size:
            height, width = self._size
            return saying(
                "the surface model expects {expected} pixels, this picture has {size}",
                expected=f"{width} × {height}",
                size=f"{shape[1]} × {shape[0]}",
            )
        if 0 in shape:
            return saying("the picture is empty")
        return None


def _size(bundle: Bundle) -> tuple[int, int] | None:
    height, width = bundle.inputs[0].shape[:2]
    return None if height is None or width is None else (height, width)
