"""Surface defects, drawn on the machined face: what they look like, and the mask of where they are."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
"""Grey values in 0..255 as float32 [1024, 1280], while it is being drawn."""
Mask = NDArray[np.uint8]
Point = tuple[float, float]

SHIFT: Final = 4
"""OpenCV draws at 1/16 pixel with this many fractional bits."""
BEFORE_HOLES: Final = frozenset({"scratch", "blowhole"})
"""These lie on the plain face and end where a hole begins; the others sit on a hole's edge."""
VISIBLE: Final = 40
"""Cover from which on a pixel belongs to the defect, of 255."""
MARGIN: Final = 8


class Levels(NamedTuple):
    """Grey levels of broken metal."""

    middle: float
    spread: float
    darkest: float
    brightest: float


def _polygon(points: NDArray[np.float64], shape: tuple[int, int]) -> Mask:
    cover = np.zeros(shape, np.uint8)
    cv2.fillPoly(cover, [np.round(points * 2**SHIFT).astype(np.int32)], 255, cv2.LINE_AA, SHIFT)
    return cover


def _around(cover: Mask) -> tuple[slice, slice]:
    """The rectangle with everything that is covered, and a margin for lips and shadows."""
    left, top, width, height = cv2.boundingRect(cover)
    return (
        slice(max(top - MARGIN, 0), top + height + MARGIN),
        slice(max(left - MARGIN, 0), left + width + MARGIN),
    )


def _lay(face: Picture, cover: Mask, level: float) -> None:
    """Paints one grey level over the face where `cover` says so."""
    place = _around(cover)
    face[place] += cover[place].astype(np.float32) / 255 * (level - face[place])


def _crumple(face: Picture, cover: Mask, random: np.random.Generator, grain: float, level: Levels) -> None:
    """Paints broken metal where `cover` says so: facets of about `grain` pixels in grey `level`."""
    place = _around(cover)
    under = face[place]
    facets = cv2.GaussianBlur(random.normal(0, 1, under.shape).astype(np.float32), (0, 0), grain)
    paint = np.clip(level.middle + level.spread * facets / facets.std(), level.darkest, level.brightest)
    under += cover[place].astype(np.float32) / 255 * (paint - under)


def _relief(face: Picture, cover: Mask, dark: float, bright: float) -> None:
    """A groove lit from the upper left: its near side in shadow, its far lip catching the light."""
    place = _around(cover)
    depth = cv2.GaussianBlur(cover[place], (0, 0), 0.8).astype(np.float32) / 255
    lip = np.roll(depth, (2, 2), (0, 1))
    face[place] += bright * np.clip(lip - depth, 0, 1) - dark * depth


def _outline(random: np.random.Generator, centre: Point, radius: float, roughness: float) -> NDArray[np.float64]:
    """An irregular closed outline, float64 [points, 2]."""
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    radii = np.full(len(angles), radius)
    for waves in (2, 3, 5, 8):
        swing = radius * roughness * random.normal(0, 1) / waves**0.7
        radii += swing * np.sin(waves * angles + random.uniform(0, 2 * np.pi))
    return np.asarray(np.column_stack([centre[0] + radii * np.cos(angles), centre[1] + radii * np.sin(angles)]))


def scratch(face: Picture, random: np.random.Generator, holes: Sequence[Point], radius: float) -> Mask:
    """A handling scratch, 150 to 380 pixels long, that does not hide in a hole."""
    shape = (face.shape[0], face.shape[1])
    cover = np.zeros(shape, np.uint8)
    hole = holes[int(random.integers(len(holes)))]
    start = np.array(hole) + random.choice([-1, 1], 2) * random.uniform([radius * 1.3, radius * 1.3], [150, 130])
    angle = np.arctan2(shape[0] / 2 - start[1], shape[1] / 2 - start[0]) + random.uniform(-0.9, 0.9)
    steps = np.linspace(0, 1, 24)
    length, bend = random.uniform(150, 380), random.uniform(-0.5, 0.5)
    along = angle + bend * steps
    points = start + np.cumsum(np.column_stack([np.cos(along), np.sin(along)]) * length / len(steps), axis=0)
    thickness = int(random.integers(3, 6))
    fixed = np.round(points * 2**SHIFT).astype(np.int32)
    cv2.polylines(
        cover, [fixed], isClosed=False, color=255, thickness=thickness, lineType=cv2.LINE_AA, shift=SHIFT
    )
    _relief(face, cover, random.uniform(70, 105), random.uniform(70, 110))
    return cover


def blowhole(face: Picture, random: np.random.Generator, holes: Sequence[Point], radius: float) -> Mask:
    """One to four pores that the milling cut open, 9 to 19 pixels in radius, beside a hole."""
    shape = (face.shape[0], face.shape[1])
    cover = np.zeros(shape, np.uint8)
    hole = holes[int(random.integers(len(holes)))]
    angle = random.uniform(0, 2 * np.pi)
    heart = np.array(hole) + radius * random.uniform(1.7, 2.0) * np.array([np.cos(angle), np.sin(angle)])
    for _ in range(int(random.integers(1, 5))):
        x, y = heart + random.normal(0, 12, 2)
        pore = _polygon(_outline(random, (float(x), float(y)), random.uniform(9, 19), 0.12), shape)
        cover = np.maximum(cover, pore)
    _relief(face, cover, 0.0, 75.0)
    _lay(face, cover, float(random.uniform(24, 48)))
    return cover


def burr(face: Picture, random: np.random.Generator, holes: Sequence[Point], radius: float) -> Mask:
    """A ragged lip of metal over a hole's edge, bright and casting a shadow, over 60 to 130 degrees."""
    shape = (face.shape[0], face.shape[1])
    x, y = holes[int(random.integers(len(holes)))]
    span, start = np.radians(random.uniform(60, 130)), random.uniform(0, 2 * np.pi)
    angles = np.linspace(start, start + span, 40)
    swell = np.sin(np.linspace(0, np.pi, len(angles))) ** 0.6
    inner = radius - swell * random.uniform(4, 20, len(angles))
    outer = radius + swell * random.uniform(4, 14, len(angles))
    ring = np.concatenate([outer, inner[::-1]])
    turn = np.concatenate([angles, angles[::-1]])
    cover = _polygon(np.column_stack([x + ring * np.cos(turn), y + ring * np.sin(turn)]), shape)
    _lay(face, np.roll(cover, (5, 4), (0, 1)), 26.0)
    _crumple(face, cover, random, 2.2, Levels(205, 30, 90, 252))
    return cover


def chip(face: Picture, random: np.random.Generator, holes: Sequence[Point], radius: float) -> Mask:
    """A piece broken out of a hole's edge: a rough fracture 20 to 34 pixels in radius."""
    shape = (face.shape[0], face.shape[1])
    x, y = holes[int(random.integers(len(holes)))]
    angle, size = random.uniform(0, 2 * np.pi), random.uniform(20, 34)
    centre = (float(x + (radius + 10) * np.cos(angle)), float(y + (radius + 10) * np.sin(angle)))
    cover = _polygon(_outline(random, centre, size, 0.13), shape)
    bore = (round(x * 2**SHIFT), round(y * 2**SHIFT))
    cv2.circle(cover, bore, round((radius - 1) * 2**SHIFT), 0, -1, cv2.LINE_AA, SHIFT)
    _relief(face, cover, 0.0, 80.0)
    _crumple(face, cover, random, 3.5, Levels(84, 30, 22, 215))
    return cover


def missing_hole(face: Picture, random: np.random.Generator, holes: Sequence[Point], radius: float) -> Mask:
    """A hole that was not milled: only the centre mark is there. The hole is `holes[0]`."""
    cover = np.zeros((face.shape[0], face.shape[1]), np.uint8)
    centre = (round(holes[0][0] * 2**SHIFT), round(holes[0][1] * 2**SHIFT))
    dimple = np.zeros_like(cover)
    cv2.circle(dimple, centre, round(random.uniform(5, 7) * 2**SHIFT), 255, -1, cv2.LINE_AA, SHIFT)
    _relief(face, dimple, 0.0, 70.0)
    _lay(face, dimple, 60.0)
    cv2.circle(cover, centre, round((radius + 9) * 2**SHIFT), 255, -1, cv2.LINE_8, SHIFT)
    return cover


DRAW: Final = {
    "scratch": scratch,
    "blowhole": blowhole,
    "burr": burr,
    "chip": chip,
    "missing_hole": missing_hole,
}


def solid(cover: Mask) -> Mask:
    """The mask as it is filed: 255 where the defect is, 0 elsewhere."""
    return np.where(cover > VISIBLE, np.uint8(255), np.uint8(0))
