"""Fonts for whatever a name is written in: the Noto fonts of two packages, cut down to the letters that are needed.

The PDF library embeds what it is given. A variable font with the glyphs of a whole script would be megabytes, and it
reads no outlines of the kind that the font of Chinese, Japanese and Korean has; so each is made a small one first.
"""

import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

MAIN = "NotoSans[wght].ttf"
CJK = "NotoSansCJK-VF.otf.ttc"
# In the size of an em of 1,000 units: how far curves may be off when they are made quadratic.
TOLERANCE = 1.0


def used_by(text: str) -> list[Path]:
    """Return the fonts that have the letters of a text: the main one, and those that the others need, in their order.

    What no font has is drawn as an empty box.
    """
    wanted, used = _letters(text), []
    for path in _all():
        has = wanted & _known(path)
        if has or path.name == MAIN:
            used.append(path)
            wanted -= has
    return used


def missing(text: str) -> set[str]:
    """Return the letters of a text that no font has."""
    found = set[int]().union(*(_known(path) for path in _all()))
    return {chr(letter) for letter in _letters(text) - found}


def cut(path: Path, text: str, weight: int, target: Path) -> None:
    """Write a font with nothing but the letters of a text, in one weight."""
    font = TTFont(path, fontNumber=0, lazy=True)
    letters = {chr(letter) for letter in _letters(text)} | {" "}
    if "CFF2" in font:
        _redrawn(font, letters, weight).save(target)
        return
    options = Options()
    options.layout_features = ["*"]
    options.name_IDs = ["*"]
    options.notdef_outline = True
    subsetter = Subsetter(options)
    subsetter.populate(text="".join(sorted(letters)))
    subsetter.subset(font)
    limits = {axis.axisTag: weight if axis.axisTag == "wght" else axis.defaultValue for axis in font["fvar"].axes}
    instancer.instantiateVariableFont(font, limits).save(target)


def _letters(text: str) -> set[int]:
    """Return the code points that drawing a text may ask for: shaping takes some apart, and puts others together."""
    forms = {text, *(unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKD"))}
    return {ord(letter) for form in forms for letter in form if not unicodedata.category(letter).startswith("C")}


@cache
def _all() -> tuple[Path, ...]:
    return tuple(_found())


def _found() -> Iterator[Path]:
    folder = Path(str(files("manimgx_fonts")))
    yield folder / MAIN
    for path in sorted(folder.glob("*.ttf")):
        if path.name != MAIN and "Italic" not in path.name and "Emoji" not in path.name:
            yield path
    yield Path(str(files("manimgx_fonts_cjk"))) / CJK
    yield folder / "NotoEmoji[wght].ttf"


@cache
def _known(path: Path) -> frozenset[int]:
    with TTFont(path, fontNumber=0, lazy=True) as font:
        return frozenset(font.getBestCmap())


def _redrawn(font: TTFont, letters: set[str], weight: int) -> FontBuilder:
    """Return a font of TrueType outlines with these letters; it needs no shaping, so its rules are left behind."""
    glyphs = font.getGlyphSet(location={"wght": weight})
    cmap = {code: name for code, name in font.getBestCmap().items() if chr(code) in letters}
    names = [".notdef", *sorted(set(cmap.values()) - {".notdef"})]
    drawn = {}
    for name in names:
        pen = TTGlyphPen(None)
        glyphs[name].draw(Cu2QuPen(pen, TOLERANCE, reverse_direction=True))
        drawn[name] = pen.glyph()
    made = FontBuilder(font["head"].unitsPerEm, isTTF=True)
    made.setupGlyphOrder(names)
    made.setupCharacterMap(cmap)
    made.setupGlyf(drawn)
    made.setupHorizontalMetrics({name: (round(glyphs[name].width), getattr(drawn[name], "xMin", 0)) for name in names})
    made.setupHorizontalHeader(ascent=font["hhea"].ascent, descent=font["hhea"].descent)
    made.setupOS2()
    made.setupNameTable({"familyName": "Noto Sans CJK", "styleName": "Regular", "fullName": "Noto Sans CJK"})
    made.setupPost()
    return made
