"""Pictures to pixels and back, refusing whatever did not arrive whole.

A picture that lost a network packet still decodes in most libraries, with a grey or shifted part that a
surface model then judges. Here it raises: a JPEG is decoded by libjpeg-turbo with every warning an error
(OpenCV hides them), a PNG has each chunk's checksum verified, a BMP its length.
"""

import struct
import zlib
from typing import Literal

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from quality.saying import Saying, saying

# Two cores are shared by cameras, models and the PLC link: OpenCV must not start threads of its own.
cv2.setNumThreads(1)
# What fails is raised here as PictureError; OpenCV would also print it.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

Scale = Literal[1, 2, 4]

LARGEST_PIXELS = 100_000_000
"""More than any line camera has; a corrupt header must not make us allocate gigabytes."""

JPEG_START = b"\xff\xd8\xff"
JPEG_END = b"\xff\xd9"
JPEG_SCAN, JPEG_COMMENT = 0xFFDA, 0xFFFE
JPEG_APPLICATION = range(0xFFE0, 0xFFF0)
PNG_START = b"\x89PNG\r\n\x1a\n"
BMP_START = b"BM"
BMP_HEADER = struct.Struct("<2xI4xIIiiHHI")
BMP_BITS = frozenset({1, 4, 8, 24, 32})
# Cameras fill their last transfer block with one of these.
PADDING = b"\x00\xff\r\n"

CABLE = saying("Check the camera's cable, its switch port and its load for lost packets")
ADDRESS = saying("Check that the address is the camera's picture stream and that it sends JPEG, PNG or BMP")
FORMAT = saying("Set the camera to 8-bit gray or colour pictures without special encodings")

REDUCED = {
    (1, 1): cv2.IMREAD_GRAYSCALE,
    (1, 2): cv2.IMREAD_REDUCED_GRAYSCALE_2,
    (1, 4): cv2.IMREAD_REDUCED_GRAYSCALE_4,
    (3, 1): cv2.IMREAD_COLOR,
    (3, 2): cv2.IMREAD_REDUCED_COLOR_2,
    (3, 4): cv2.IMREAD_REDUCED_COLOR_4,
}


class PictureError(Exception):
    """A picture that did not arrive whole or cannot be used: what is wrong with it and the mend."""

    def __init__(self, problem: Saying, mend: Saying) -> None:
        super().__init__(f"{problem}. {mend}.")
        self.problem = problem
        self.mend = mend


def decode(encoded: bytes, channels: Literal[1, 3], scale: Scale = 1) -> NDArray[np.uint8]:
    """The pixels of a JPEG, PNG or BMP: gray [height, width] for 1 channel, BGR [height, width, 3] for 3.

    `scale` 2 or 4 divides both sides (JPEGs decode faster so); defects smaller than that many pixels may
    vanish. Raises PictureError when anything of the picture is missing, damaged or of another kind.
    """
    if not encoded:
        raise PictureError(saying("the picture is empty"), CABLE)
    if encoded.startswith(JPEG_START):
        return _decode_jpeg(encoded, channels, scale)
    if encoded.startswith(PNG_START):
        _check_png(encoded)
    elif encoded.startswith(BMP_START):
        _check_bmp(encoded)
    else:
        raise PictureError(saying("not a picture: it begins with {bytes}", bytes=repr(encoded[:16])), ADDRESS)
    return _decode_checked(encoded, channels, scale)


def encode_jpeg(pixels: NDArray[np.uint8], quality: int = 95) -> bytes:
    """A JPEG of gray [height, width] or BGR [height, width, 3] pixels; colour is not subsampled."""
    gray = pixels.ndim == 2  # noqa: PLR2004 - rows and columns
    encoded: bytes = simplejpeg.encode_jpeg(
        np.ascontiguousarray(pixels[:, :, np.newaxis] if gray else pixels),
        quality=quality,
        colorspace="GRAY" if gray else "BGR",
        colorsubsampling="Gray" if gray else "444",
    )
    return encoded


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG (lossless) of gray [height, width] or BGR [height, width, 3] pixels."""
    # A sensor's noise repeats nothing: looking for repetition costs a quarter more time and gives larger files.
    options = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY]
    written, encoded = cv2.imencode(".png", pixels, options)
    if not written:
        raise PictureError(
            saying("pixels of shape {shape} cannot be written as PNG", shape=str(pixels.shape)), FORMAT
        )
    return bytes(encoded)


def _decode_jpeg(encoded: bytes, channels: Literal[1, 3], scale: Scale) -> NDArray[np.uint8]:
    if not encoded.rstrip(PADDING).endswith(JPEG_END):
        raise PictureError(saying("the JPEG has no end-of-image marker at its end: it was cut or run over"), CABLE)
    _check_jpeg_head(encoded)
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(encoded)
        _check_size(width, height)
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            encoded,
            colorspace="GRAY" if channels == 1 else "BGR",
            min_height=-(-height // scale),
            min_width=-(-width // scale),
        )
    except ValueError as error:
        raise PictureError(saying("the JPEG is damaged: {error}", error=str(error)), CABLE) from error
    return pixels[:, :, 0] if channels == 1 else pixels


def _check_jpeg_head(encoded: bytes) -> None:
    """No second picture begins before the first one's scan: cut short there and run over, it would decode as that.

    Application segments and comments may hold whatever they like, a small preview with a start of its own too.
    """
    at = len(JPEG_START) - 1
    while at + 4 <= len(encoded):
        if encoded[at : at + 2] == b"\xff\xff":
            # Any number of these may fill the space before a marker.
            at += 1
            continue
        marker, length = struct.unpack_from(">HH", encoded, at)
        if marker == JPEG_SCAN:
            return
        segment = encoded[at : at + 2 + length]
        free = marker in JPEG_APPLICATION or marker == JPEG_COMMENT
        # A start that the segment's length just swallows leaves the next marker in its place.
        if segment.endswith(JPEG_START[:2]) or (not free and JPEG_START in segment):
            break
        at += len(segment)
    raise PictureError(saying("the JPEG is damaged: another begins within its head"), CABLE)


def _check_size(width: int, height: int) -> None:
    if not 0 < width * height <= LARGEST_PIXELS:
        raise PictureError(saying("the picture claims to be {size}", size=f"{width}×{height}"), CABLE)


def _check_png(encoded: bytes) -> None:
    """Every chunk is whole and matches its CRC, from header to end chunk (PNG specification, section 5)."""
    at = len(PNG_START)
    kind = b""
    while kind != b"IEND":
        if at + 12 > len(encoded):
            raise PictureError(saying("the PNG is cut off"), CABLE)
        length, kind = struct.unpack_from(">I4s", encoded, at)
        if at + 12 + length > len(encoded):
            raise PictureError(saying("the PNG is cut off"), CABLE)
        (checksum,) = struct.unpack_from(">I", encoded, at + 8 + length)
        if zlib.crc32(memoryview(encoded)[at + 4 : at + 8 + length]) != checksum:
            raise PictureError(
                saying("the PNG is damaged: the checksum of its chunk {kind} is wrong", kind=repr(kind)), CABLE
            )
        if at == len(PNG_START):
            if kind != b"IHDR" or length != 13:  # noqa: PLR2004 - the header's fixed length
                raise PictureError(saying("the PNG does not begin with its header"), CABLE)
            _check_size(*struct.unpack_from(">II", encoded, at + 8))
        at += 12 + length
    if encoded[at:].strip(PADDING):
        raise PictureError(saying("the PNG is followed by something else"), CABLE)


def _check_bmp(encoded: bytes) -> None:
    """All rows are there: uncompressed rows are padded to four bytes each."""
    if len(encoded) < BMP_HEADER.size:
        raise PictureError(saying("the BMP is cut off"), CABLE)
    _, first_row, header_bytes, width, height, _, bits, compression = BMP_HEADER.unpack_from(encoded)
    if header_bytes < 40 or compression != 0 or bits not in BMP_BITS:  # noqa: PLR2004 - BITMAPINFOHEADER
        raise PictureError(saying("the BMP is compressed or of an old kind"), FORMAT)
    _check_size(width, abs(height))
    row_bytes = (width * bits + 31) // 32 * 4
    if len(encoded) < first_row + row_bytes * abs(height):
        raise PictureError(saying("the BMP is cut off"), CABLE)


def _decode_checked(encoded: bytes, channels: Literal[1, 3], scale: Scale) -> NDArray[np.uint8]:
    flags = REDUCED[channels, scale] | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        pixels = cv2.imdecode(np.frombuffer(encoded, np.uint8), flags)
    except cv2.error as error:
        raise PictureError(saying("the picture cannot be decoded: {error}", error=error.err), FORMAT) from error
    if pixels is None:
        raise PictureError(saying("the picture cannot be decoded"), FORMAT)
    return np.asarray(pixels, np.uint8)
