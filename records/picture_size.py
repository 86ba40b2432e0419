"""How wide and high a picture is, from the bytes of its head alone."""

import struct

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def picture_size(encoded: bytes) -> tuple[int, int] | None:
    """(width, height) in pixels of a JPEG (ITU-T T.81, B.2.2) or PNG, or None for anything else."""
    if encoded.startswith(_PNG) and len(encoded) >= 24:  # noqa: PLR2004 - signature, then the IHDR chunk's head
        width, height = struct.unpack_from(">II", encoded, 16)
        return width, height
    if not encoded.startswith(_JPEG):
        return None
    at = 2
    while at + 9 <= len(encoded) and encoded[at] == 0xFF:  # noqa: PLR2004 - every marker begins so
        if encoded[at + 1] in _START_OF_FRAME:
            height, width = struct.unpack_from(">HH", encoded, at + 5)
            return width, height
        at += 2 + struct.unpack_from(">H", encoded, at + 2)[0]
    return None
