"""Pictures say how large they are, so that pages keep their room; whatever else comes in has no size."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.courses.picture_sizes import size_of
from services.markdown import render

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 37, 11, 8, 2, 0, 0, 0) + bytes(4)
GIF = b"GIF89a" + struct.pack("<HH", 37, 11)
FRAME = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, 11, 37, 1) + b"\1\x11\0"
JPEG = b"\xff\xd8\xff\xe0" + struct.pack(">H", 16) + bytes(14) + b"\xff\xff\xc4" + struct.pack(">H", 2) + FRAME
WEBP = b"RIFF\0\0\0\0WEBP"
SVG = '<?xml version="1.0"?><!-- <svg> in words --><svg xmlns="http://www.w3.org/2000/svg" {}><g width="1"/></svg>'


def exif(order: str, orientation: int) -> bytes:
    """A JPEG whose camera was held as `orientation` says."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    body = mark + struct.pack(f"{order}IH", 8, 1) + struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
    segment = b"Exif\0\0" + body
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + FRAME


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (PNG, (37, 11)),
        (GIF, (37, 11)),
        (JPEG, (37, 11)),
        (exif("<", 1), (37, 11)),
        (exif("<", 6), (11, 37)),
        (exif(">", 8), (11, 37)),
        (WEBP + b"VP8X" + bytes(8) + struct.pack("<I", 36)[:3] + struct.pack("<I", 10)[:3], (37, 11)),
        (WEBP + b"VP8L" + bytes(4) + b"\x2f" + struct.pack("<I", 36 | 10 << 14), (37, 11)),
        (WEBP + b"VP8 " + bytes(7) + b"\x9d\x01\x2a" + struct.pack("<HH", 37, 11), (37, 11)),
        (PNG[:22], None),
        (PNG.replace(struct.pack(">I", 37), bytes(4)), None),
        (b"\xff\xd8\xff", None),
        (b"%PDF-1.7", None),
        (b"", None),
    ],
)
def test_a_picture_says_its_size(data: bytes, size: tuple[int, int] | None) -> None:
    assert size_of(data) == size


@pytest.mark.parametrize(
    ("values", "size"),
    [
        ('width="37" height="11"', (37, 11)),
        ("width='37px' height='11.4'", (37, 11)),
        ('viewBox="0 0 20 10" width="2cm"', (76, 38)),
        ('viewBox="0,0,20,10" height="20"', (40, 20)),
        ('viewBox="0 0 20 10"', (1180, 590)),
        ('viewBox="0 0 20 10" width="100%"', (1180, 590)),
        ('width="100%" height="10"', None),
        ('viewBox="0 0 0 0"', None),
        ('stroke-width="5" data-height="9"', None),
        ('aria-label="1 > 0" width="37" height="11"', (37, 11)),
    ],
)
def test_a_drawing_says_its_size_or_its_proportions(values: str, size: tuple[int, int] | None) -> None:
    assert size_of(SVG.format(values).encode()) == size


@given(some.sampled_from([PNG, GIF, JPEG, exif("<", 6), WEBP + b"VP8X", b"<svg ", b""]), some.binary(max_size=200))
def test_any_bytes_have_a_size_or_none(start: bytes, rest: bytes) -> None:
    found = size_of(start + rest)

    assert found is None or all(1 <= side <= 65_535 for side in found)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("![a](files/p.png)", '<img src="/courses/c/files/p.png" alt="a" width="40" height="20">'),
        ('<img src="files/p.png" width="20">', '<img src="/courses/c/files/p.png" width="20" height="10">'),
        ('<img height="40" src="files/p.png">', '<img height="40" src="/courses/c/files/p.png" width="80">'),
        (
            '<img src="./files/p.png" width="9" height="9">',
            '<img src="/courses/c/files/p.png" width="9" height="9">',
        ),
        ('<img src="files/p.png" width="50%">', '<img src="/courses/c/files/p.png" width="50%">'),
        ('![a > "b"](files/p.png)', 'p.png" alt="a &gt; &quot;b&quot;" width="40" height="20">'),
        ("![a](files/other.png)", '<img src="/courses/c/files/other.png" alt="a">'),
        ("![](https://e.example/p.png)", '<img alt="">'),
    ],
)
def test_an_image_says_what_its_picture_says(text: str, wanted: str) -> None:
    assert wanted in render(text, base_url="/courses/c/", sizes={"files/p.png": (40, 20)})
