"""How large a picture is, from its header: pages keep its room free before it has arrived.

Reads PNG, GIF, JPEG, WebP and SVG, and gives sizes in CSS pixels, as browsers show the picture without further words.
Any bytes may come in; what can't be read has no size, which costs a page nothing but a movement.
"""

import re
import struct

Size = tuple[int, int]

# An SVG without a width fills the line, which no page has wider than that (--wide of tokens.css).
LINE = 1180
MOST = 65_535
# EXIF's orientations 5 to 8 lie on their side.
_ORIENTATION, _LYING = 0x0112, 5
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_TAG = re.compile(rb"<svg\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", re.IGNORECASE)
_SVG_VALUE = re.compile(r"""\s(width|height|viewBox)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_LENGTH = re.compile(r"\+?([0-9]{0,9}\.?[0-9]{1,9})\s*(px|pt|pc|mm|cm|in|em|)\s*")
_PIXELS = {"": 1.0, "px": 1.0, "em": 16.0, "pt": 96 / 72, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}


def size_of(data: bytes) -> Size | None:
    """Return the width and height of a picture; None where the bytes don't say."""
    try:
        found = _read(data)
    except (struct.error, IndexError):
        return None
    return found if found and all(0 < side <= MOST for side in found) else None


def _read(data: bytes) -> Size | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        width, height = struct.unpack_from(">II", data, 16)
        return width, height
    if data.startswith((b"GIF87a", b"GIF89a")):
        width, height = struct.unpack_from("<HH", data, 6)
        return width, height
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    return _svg(data)


def _jpeg(data: bytes) -> Size | None:
    """Walk the segments up to the frame's header (ITU T.81, B.2.2)."""
    at, is_lying = 2, False
    while data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return (height, width) if is_lying else (width, height)
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker == 0xE1 and data[at + 4 : at + 10] == b"Exif\x00\x00":
            is_lying = _is_lying(data[at + 10 : at + 2 + length])
        at += 2 + length
    return None


def _is_lying(exif: bytes) -> bool:
    """Whether the camera was held upright (TIFF 6.0, the first directory)."""
    order = "<" if exif[:2] == b"II" else ">"
    try:
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, start)
        for number in range(count):
            tag, _kind, _count, value = struct.unpack_from(f"{order}HHIH", exif, start + 2 + 12 * number)
            if tag == _ORIENTATION:
                return bool(value >= _LYING)
    except struct.error:
        pass
    return False


def _webp(data: bytes) -> Size | None:
    """Read the first chunk (RFC 9649)."""
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _svg(data: bytes) -> Size | None:
    """Take width and height; what is missing follows from the proportions of the viewBox (SVG 2, 8.12)."""
    tag = _TAG.search(_COMMENT.sub(b"", data[:20_000]))
    if tag is None:
        return None
    values = {name: double or single for name, double, single in _SVG_VALUE.findall(tag[0].decode("utf-8", "replace"))}
    width, height = _length(values.get("width", "")), _length(values.get("height", ""))
    box = [float(part) for part in re.findall(r"-?[0-9]{0,9}\.?[0-9]{1,9}", values.get("viewBox", ""))]
    ratio = box[3] / box[2] if len(box) == 4 and box[2] > 0 and box[3] > 0 else None
    if width and not height and ratio:
        height = width * ratio
    elif height and not width and ratio:
        width = height / ratio
    elif not width and not height and ratio:
        width, height = LINE, LINE * ratio
    return (max(1, round(width)), max(1, round(height))) if width and height else None


def _length(text: str) -> float:
    found = _LENGTH.fullmatch(text)
    return float(found[1]) * _PIXELS[found[2]] if found else 0.0
