"""How large a picture is, from its header: pages keep its room free before it has arrived.

Pixels are read by `imagesize`, turned as the camera was held; SVG here, because its size follows from a viewBox. Sizes
are in CSS pixels, as browsers show the picture without further words. Any bytes may come in; what can't be read has no
size, which costs a page nothing but a movement.
"""

import re
from io import BytesIO

import imagesize

Size = tuple[int, int]

# An SVG without a width fills the line, which no page has wider than that (--wide of tokens.css).
LINE = 1180
MOST = 65_535
PIXELS = (b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"\xff\xd8", b"RIFF")
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_TAG = re.compile(rb"<svg\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", re.IGNORECASE)
_SVG_VALUE = re.compile(r"""\s(width|height|viewBox)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_LENGTH = re.compile(r"\+?([0-9]{0,9}\.?[0-9]{1,9})\s*(px|pt|pc|mm|cm|in|em|)\s*")
_PIXELS = {"": 1.0, "px": 1.0, "em": 16.0, "pt": 96 / 72, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}


def size_of(data: bytes) -> Size | None:
    """Return the width and height of a PNG, GIF, JPEG, WebP or SVG; None where the bytes don't say."""
    size = imagesize.get(BytesIO(data)) if data.startswith(PIXELS) else _svg(data)
    return size if size and all(0 < side <= MOST for side in size) else None


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
    match = _LENGTH.fullmatch(text)
    return float(match[1]) * _PIXELS[match[2]] if match else 0.0
