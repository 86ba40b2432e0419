"""A finding's map as a picture to lay over the part's: the PNG format (ISO/IEC 15948), as much as that needs."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
RGBA = 6
SEEN_FROM = 64
STRONGEST = 190


def overlay(map_: NDArray[np.uint8]) -> bytes:
    """PNG of a map [rows, columns]: transparent below a quarter, then red, the stronger the higher the value."""
    pixels = np.zeros((*map_.shape, 4), np.uint8)
    pixels[..., 0] = 220
    pixels[..., 1] = 30
    pixels[..., 2] = 30
    above = np.clip((map_.astype(np.float32) - SEEN_FROM) / (255 - SEEN_FROM), 0, 1)
    pixels[..., 3] = np.round(above * STRONGEST)
    return encode_rgba(pixels)


def encode_rgba(pixels: NDArray[np.uint8]) -> bytes:
    """PNG of RGBA pixels [rows, columns, 4], 8 bits each, not interlaced, rows unfiltered."""
    rows, columns, _ = pixels.shape
    header = struct.pack(">IIBBBBB", columns, rows, 8, RGBA, 0, 0, 0)
    unfiltered = np.zeros((rows, 1), np.uint8)
    lines = np.hstack([unfiltered, pixels.reshape(rows, columns * 4)]).tobytes()
    return SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(lines)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
