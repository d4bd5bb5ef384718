"""Yurt's Markdown -> the XHTML of an item, with formulas as MathML that also says their TeX."""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from services import markdown, mathematics
from services.formats import xml

FOLDER = "files"
_MATHEMATICS = re.compile(r"\$`([^`\n]+)`\$")
_MATHML = "http://www.w3.org/1998/Math/MathML"
_STAND_IN = "yurtformula{}x"
# What QTI has no attributes for, and what only Yurt's pages look at.
_UNWANTED = ("tabindex", "rel", "open", "dir", "scope", "reversed")


def block(text: str, files: Mapping[str, bytes], shown: set[str]) -> str:
    """Return Markdown as XHTML; `shown` learns the paths of the course's files that it shows."""
    return _written(text, markdown.render, files, shown)


def line(text: str, files: Mapping[str, bytes], shown: set[str]) -> str:
    """Return one line of Markdown as XHTML without a paragraph around it."""
    return _written(text, markdown.render_line, files, shown)


def _written(text: str, render: Any, files: Mapping[str, bytes], shown: set[str]) -> str:
    formulas: list[str] = []

    def stand_in(found: re.Match[str]) -> str:
        formulas.append(found[1])
        return _STAND_IN.format(len(formulas) - 1)

    html = render(_MATHEMATICS.sub(stand_in, xml.kept(text)))
    if not html.strip():
        return ""
    root = lxml_html.fragment_fromstring(html, create_parent="div")
    for each in root.iter():
        for name in _UNWANTED:
            each.attrib.pop(name, None)
        if each.tag == "math":
            each.set("xmlns", _MATHML)
        for name in ("src", "href"):
            path = str(each.get(name) or "").partition("?")[0]
            if path in files:
                shown.add(path)
    made = etree.tostring(root, encoding="unicode", method="xml")
    made = made.removeprefix("<div>").removesuffix("</div>") if made != "<div/>" else ""
    for number, formula in enumerate(formulas):
        made = made.replace(_STAND_IN.format(number), _formula(formula))
    return made.strip()


def _formula(formula: str) -> str:
    made = mathematics.mathml(formula, is_block=False)
    said = f'<annotation encoding="application/x-tex">{escape(formula, quote=False)}</annotation>'
    body = re.sub(r"^<math[^>]*>|</math>$", "", made) if made else f"<mtext>{escape(formula, quote=False)}</mtext>"
    return f'<math xmlns="{_MATHML}"><semantics><mrow>{body}</mrow>{said}</semantics></math>'
