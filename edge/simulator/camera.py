"""The camera: a grey picture of the part in the station, drawn once for each part, exposed as often as asked.

Drawing costs tens of milliseconds, exposing few: an exposure adds the sensor's noise and the lamp's flicker to
the drawn picture and encodes it as JPEG, so that no two exposures are the same bytes.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.simulator.defects import BEFORE_HOLES, DRAW, Mask, Picture, solid
from edge.simulator.face import (
    CHAMFER,
    HEIGHT,
    HOLE_CENTRES,
    PIXELS_PER_MM,
    WIDTH,
    Scene,
    mill_hole,
    peen_serial,
)
from edge.simulator.part import HOLES, NOMINAL_DIAMETER_MM, Part

JPEG_QUALITY: Final = 85
NOISE_GREY: Final = 2.2
"""Standard deviation of the sensor's noise, in grey values."""
FLICKER: Final = 0.006
LIGHT_PERIOD_PARTS: Final = 75.0
NOISE_SPARE: Final = 64
PICTURE_STREAM, EXPOSURE_STREAM, SCENE_STREAM = 4, 5, 6


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A part as the lens sees it: `face` uint8 [1024, 1280], and `mask` of its defect, 0 or 255."""

    face: NDArray[np.uint8]
    mask: Mask


class Camera:
    """Draws parts and exposes them. Only the noise depends on when it is asked."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._scene = Scene(np.random.default_rng([seed, SCENE_STREAM]))
        self._shadowed = self._scene.shadowed()
        self._hidden = (self._scene.plate < 1) | (self._scene.lit < 0.3)  # noqa: PLR2004 - under a jaw
        self._exposure = np.random.default_rng([seed, EXPOSURE_STREAM])
        grain = self._exposure.normal(0, NOISE_GREY, (HEIGHT + NOISE_SPARE, WIDTH + NOISE_SPARE))
        self._grain: NDArray[np.int16] = np.round(grain).astype(np.int16)

    def portray(self, part: Part | None) -> Portrait:
        """The part in the fixture, or the empty fixture."""
        if part is None:
            return Portrait(self._develop(self._scene.fixture.copy()), np.zeros((HEIGHT, WIDTH), np.uint8))
        random = np.random.default_rng([self._seed, PICTURE_STREAM, part.number])
        face = self._scene.metal(random, 2 * np.pi * part.number / LIGHT_PERIOD_PARTS)
        mask = self._machine(face, part)
        plate = self._scene.plate
        mask[self._hidden] = 0
        face -= self._shadowed
        face *= plate
        face += self._shadowed
        return Portrait(self._develop(face), mask)

    def expose(self, face: NDArray[np.uint8]) -> bytes:
        """One exposure of a drawn picture, as JPEG."""
        top, left = (int(value) for value in self._exposure.integers(0, NOISE_SPARE, 2))
        gain = 1 + FLICKER * float(self._exposure.normal())
        lit = cv2.convertScaleAbs(face, alpha=gain)
        noisy = cv2.add(lit, self._grain[top : top + HEIGHT, left : left + WIDTH], dtype=cv2.CV_8U)
        encoded, picture = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        if not encoded:
            raise RuntimeError("The picture could not be encoded as JPEG.")
        return picture.tobytes()

    def _machine(self, face: Picture, part: Part) -> Mask:
        """Draws holes, serial and defect; gives the mask of the defect."""
        holes = [
            (centre[0] + PIXELS_PER_MM * float(x), centre[1] + PIXELS_PER_MM * float(y))
            for centre, (x, y, _) in zip(HOLE_CENTRES, part.values.reshape(HOLES, 3), strict=True)
        ]
        label = part.defect.label if part.defect else None
        random = np.random.default_rng(part.defect.shape if part.defect else 0)
        radius = PIXELS_PER_MM * NOMINAL_DIAMETER_MM / 2
        missing = int(random.integers(HOLES)) if label == "missing_hole" else None
        cover = np.zeros((HEIGHT, WIDTH), np.uint8)
        peen_serial(face, part.serial)
        if label in BEFORE_HOLES:
            cover = DRAW[label](face, random, holes, radius)
        for hole, (x, y) in enumerate(holes):
            if hole != missing:
                mill_hole(face, x, y, PIXELS_PER_MM * float(part.values[3 * hole + 2]) / 2)
                if label in BEFORE_HOLES:
                    cv2.circle(cover, (round(x), round(y)), round(radius + CHAMFER), 0, -1)
        if label is not None and label not in BEFORE_HOLES:
            subject = holes if missing is None else [holes[missing]]
            cover = DRAW[label](face, random, subject, radius)
        return solid(cover)

    def _develop(self, face: Picture) -> NDArray[np.uint8]:
        """The clamp jaws over everything, then the lens: a little blur, darker corners."""
        face *= self._scene.lit
        face += self._scene.jaws
        seen = cv2.GaussianBlur(face, (5, 5), 0.75)
        return np.asarray(cv2.multiply(seen, self._scene.vignette, dtype=cv2.CV_8U), np.uint8)
