"""The scene before the camera, drawn: the fixture, the beam's machined face, its holes and its serial.

One millimetre is nine pixels. The light comes from the upper left; it drifts a little from part to part.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.simulator.defects import Picture

WIDTH: Final = 1280
HEIGHT: Final = 1024
PIXELS_PER_MM: Final = 9.0
HOLE_CENTRES: Final = ((265, 325), (640, 325), (1015, 325), (265, 705), (640, 705), (1015, 705))
"""Nominal centres of holes 1 to 6, in pixels."""
CHAMFER: Final = 8.0
"""Width of the chamfer round a hole, in pixels."""
LIGHT: Final = np.radians(225)
"""Where the light comes from, as an image angle: the upper left."""
LEFT, TOP, RIGHT, BOTTOM = 72, 118, 1208, 912
CORNER: Final = 46
SMALL: Final = (160, 128)
"""Light has no fine detail: it is computed at an eighth of the size."""
SPARE: Final = 160
"""Textures are larger than the picture by this much, so that each part shows another piece of them."""
SERIAL_MIDDLE: Final = (640, 515)
DOT: Final = 6
"""Pitch of the dot-peened serial, in pixels."""
LETTER_ROWS: Final = 7
LETTERS: Final = {
    "B": (30, 17, 17, 30, 17, 17, 30),
    "M": (17, 27, 21, 21, 17, 17, 17),
    "-": (0, 0, 0, 14, 0, 0, 0),
    "0": (14, 17, 17, 17, 17, 17, 14),
    "1": (4, 12, 4, 4, 4, 4, 14),
    "2": (14, 17, 1, 6, 8, 16, 31),
    "3": (31, 2, 4, 2, 1, 17, 14),
    "4": (2, 6, 10, 18, 31, 2, 2),
    "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14),
    "7": (31, 1, 2, 4, 8, 8, 8),
    "8": (14, 17, 17, 14, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 2, 12),
}
"""Each letter's seven rows of five dots, as bits."""


def _smooth(edge: NDArray[np.float32], width: float = 1.0) -> Picture:
    """0 below the edge, 1 above it, with a soft step of that width in pixels."""
    return np.asarray(np.clip(edge / width + 0.5, 0, 1), np.float32)


def _inside_plate() -> Picture:
    """Distance in pixels from the beam's outline, positive inside."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    across = np.abs(x - (LEFT + RIGHT) / 2) - (RIGHT - LEFT) / 2 + CORNER
    down = np.abs(y - (TOP + BOTTOM) / 2) - (BOTTOM - TOP) / 2 + CORNER
    outside = np.hypot(np.maximum(across, 0), np.maximum(down, 0)) + np.minimum(np.maximum(across, down), 0)
    return np.asarray(CORNER - outside, np.float32)


def _cloud(random: np.random.Generator, height: int, width: int, pixels: float) -> Picture:
    """Smooth noise with standard deviation 1, whose blobs are about that large."""
    small = random.normal(0, 1, (round(height / pixels) + 3, round(width / pixels) + 3)).astype(np.float32)
    cloud = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(cloud / cloud.std(), np.float32)


class Scene:
    """Everything that is the same for each part, drawn once: fixture, textures, outline, vignette."""

    def __init__(self, random: np.random.Generator) -> None:
        inside = _inside_plate()
        self.plate = _smooth(inside)
        self._bevel = self._bevel_light(inside)
        self._textures = [self._brushed(random, kind) for kind in (-1, 1)]
        self.fixture = self._fixture(random, inside)
        self.jaws, self.lit = self._clamped(random)
        y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
        self.vignette = np.asarray(1.03 - 0.42 * ((x / WIDTH - 0.5) ** 2 + (y / HEIGHT - 0.5) ** 2), np.float32)

    @staticmethod
    def _bevel_light(inside: Picture) -> Picture:
        down, across = np.gradient(cv2.GaussianBlur(inside, (0, 0), 2))
        facing = -(across * np.cos(LIGHT) + down * np.sin(LIGHT))
        band = np.exp(-(((inside - 5) / 3.2) ** 2))
        return np.asarray(band * (12 + 62 * facing), np.float32)

    @staticmethod
    def _brushed(random: np.random.Generator, side: int) -> Picture:
        """Marks of a face mill: fine streaks along the feed, and the arcs its cutting edges left."""
        height, width = HEIGHT + SPARE, WIDTH + SPARE
        noise = random.normal(0, 1, (height, width)).astype(np.float32)
        streaks = cv2.GaussianBlur(noise, (0, 0), sigmaX=26, sigmaY=0.7)
        coarse = cv2.GaussianBlur(noise, (0, 0), sigmaX=70, sigmaY=2.2)
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        radius = np.hypot(x - width / 2 - side * 1500, y - height / 2) + 2.5 * _cloud(random, height, width, 90)
        arcs = np.sin(radius * (2 * np.pi / 8.5)) + 0.6 * np.sin(radius * (2 * np.pi / 31) + 1.3)
        strength = 0.6 + 0.4 * _cloud(random, height, width, 210)
        texture = 5.0 * streaks / streaks.std() + 3.5 * coarse / coarse.std() + 2.2 * arcs * strength
        return np.asarray(texture + 3.0 * _cloud(random, height, width, 330), np.float32)

    @staticmethod
    def _fixture(random: np.random.Generator, inside: Picture) -> Picture:
        """The dark bed behind the beam, out of focus: slots."""
        bed = 44 + 5 * _cloud(random, HEIGHT, WIDTH, 60) + 3 * random.normal(0, 1, (HEIGHT, WIDTH))
        bed = bed.astype(np.float32)
        for top in (48, 494, 948):
            bed[top : top + 34] *= 0.42
            bed[top + 34 : top + 38] += 26
        for x, y in HOLE_CENTRES:
            cv2.circle(bed, (x, y), 88, 30, -1, cv2.LINE_AA)
            cv2.circle(bed, (x, y), 88, 74, 3, cv2.LINE_AA)
        rest = (inside > 0) & (inside < 60)  # noqa: PLR2004 - the rail on which the beam's edge rests
        bed[rest] += 16
        return np.asarray(cv2.GaussianBlur(bed, (0, 0), 2.4), np.float32)

    @staticmethod
    def _clamped(random: np.random.Generator) -> tuple[Picture, Picture]:
        """The jaws that hold the beam, and how much of what lies under them still gets light and is seen, 0..1."""
        jaws = np.zeros((HEIGHT, WIDTH), np.float32)
        cover = np.zeros((HEIGHT, WIDTH), np.uint8)
        steel = cv2.GaussianBlur(random.normal(0, 1, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 0.9, sigmaY=9)
        for left, right in ((-12, 96), (WIDTH - 96, WIDTH + 12)):
            for top in (448, 776, 186):
                corner, opposite = (left, top), (right, top + 82)
                cv2.rectangle(cover, corner, opposite, 255, -1, cv2.LINE_AA)
                cv2.rectangle(jaws, corner, opposite, 88, -1)
                cv2.rectangle(jaws, (left + 3, top + 3), (right - 3, top + 79), 104, -1, cv2.LINE_AA)
                cv2.line(jaws, corner, (right, top), 176, 3, cv2.LINE_AA)
                cv2.line(jaws, corner, (left, top + 82), 158, 3, cv2.LINE_AA)
                cv2.line(jaws, (left, top + 82), opposite, 46, 3, cv2.LINE_AA)
                bolt = (30, top + 41) if left < 0 else (WIDTH - 30, top + 41)
                cv2.circle(jaws, bolt, 23, 52, -1, cv2.LINE_AA)
                cv2.circle(jaws, (bolt[0] + 1, bolt[1] + 1), 20, 150, -1, cv2.LINE_AA)
                cv2.circle(jaws, bolt, 18, 118, -1, cv2.LINE_AA)
                socket = [(bolt[0] + 10 * np.cos(a), bolt[1] + 10 * np.sin(a)) for a in np.arange(6) * np.pi / 3]
                cv2.fillPoly(jaws, [np.round(np.array(socket) * 16).astype(np.int32)], 20, cv2.LINE_AA, 4)
        share = cv2.GaussianBlur(cover, (0, 0), 0.8).astype(np.float32) / 255
        shadow = cv2.GaussianBlur(np.roll(share, (8, 6), (0, 1)), (0, 0), 6)
        jaws = cv2.GaussianBlur(jaws, (0, 0), 0.9) + 5 * steel / steel.std()
        return np.asarray(jaws * share, np.float32), np.asarray((1 - 0.6 * shadow) * (1 - share), np.float32)

    def shadowed(self) -> Picture:
        """The fixture with the beam's shadow on it."""
        shadow = cv2.GaussianBlur(np.roll(self.plate, (9, 7), (0, 1)), (0, 0), 9)
        return np.asarray(self.fixture * (1 - 0.62 * shadow), np.float32)

    def metal(self, random: np.random.Generator, phase: float) -> Picture:
        """The plain machined face under this part's light; `phase` in radians is how far the light has drifted."""
        texture = self._textures[int(random.integers(len(self._textures)))]
        left, top = random.integers(0, SPARE, 2)
        piece = texture[top : top + HEIGHT, left : left + WIDTH]
        if random.integers(2):
            piece = piece[::-1]
        x, y = np.meshgrid(np.linspace(-0.5, 0.5, SMALL[0]), np.linspace(-0.5, 0.5, SMALL[1]))
        glare = np.exp(-(((x + 0.55 * y - 0.12 * np.sin(phase)) / 0.34) ** 2))
        level = 142 + 7 * np.sin(0.7 * phase + 1) + random.normal(0, 1.5)
        stain = np.clip(cv2.resize(random.normal(0, 1, (7, 9)), SMALL, interpolation=cv2.INTER_CUBIC) - 0.8, 0, 1)
        light = (level + 34 * glare - 16 * x - 6 * stain).astype(np.float32)
        gloss = (0.8 + 0.5 * glare).astype(np.float32)
        face: Picture = np.multiply(piece, cv2.resize(gloss, (WIDTH, HEIGHT)))
        face += cv2.resize(light, (WIDTH, HEIGHT))
        face += self._bevel
        return face


def mill_hole(face: Picture, x: float, y: float, radius: float) -> None:
    """A milled and chamfered through hole at that centre, in pixels."""
    reach = int(radius + CHAMFER) + 26
    left, top = int(x) - reach, int(y) - reach
    patch = face[top : top + 2 * reach, left : left + 2 * reach]
    down, across = np.mgrid[top : top + 2 * reach, left : left + 2 * reach].astype(np.float32)
    across -= np.float32(x)
    down -= np.float32(y)
    r = np.hypot(across, down)
    turn = np.arctan2(down, across)
    towards = np.cos(turn - LIGHT).astype(np.float32)
    burnished = np.exp(-(((r - radius - CHAMFER - 5) / 5.5) ** 2)) * (7 - 10 * towards)
    patch += burnished.astype(np.float32)
    # the chamfer falls towards the hole, so its side away from the light is the one that shines
    cut = 138 - 98 * towards + 7 * np.sin(46 * turn) + 4 * np.sin(r * 2.4)
    rim = _smooth(radius + CHAMFER - r, 1.6)
    patch += rim * (np.clip(cut, 26, 250) - patch)
    edge = np.exp(-(((r - radius - CHAMFER) / 1.2) ** 2))
    patch += (edge * (-26 - 26 * towards)).astype(np.float32)
    wall = np.clip((r - radius + 22) / 22, 0, 1) ** 1.6 * np.clip(0.25 - 0.9 * towards, 0, 1) * 104
    rings = 1 + 0.10 * np.sin(r * 2.1)
    depth = 15 + wall * rings + 5 * np.clip(across / radius, -1, 1)
    patch += _smooth(radius - r, 1.4) * (depth - patch).astype(np.float32)


def peen_serial(face: Picture, serial: str) -> None:
    """The serial as rows of dots hammered into the face."""
    rows = [[f"{LETTERS[letter][row]:05b}0" for letter in serial] for row in range(LETTER_ROWS)]
    hit = np.array([[bit == "1" for bit in "".join(row)] for row in rows])
    dots = np.zeros(((LETTER_ROWS + 2) * DOT, (hit.shape[1] + 2) * DOT), np.float32)
    dots[DOT:-DOT:DOT, DOT:-DOT:DOT] = hit
    depth = cv2.GaussianBlur(dots, (0, 0), 1.6) * 16
    height, width = depth.shape
    left, top = SERIAL_MIDDLE[0] - width // 2, SERIAL_MIDDLE[1] - height // 2
    patch = face[top : top + height, left : left + width]
    patch += 60 * np.clip(np.roll(depth, (2, 2), (0, 1)) - depth, 0, 1) - 84 * depth
