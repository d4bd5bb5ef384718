"""An item of QTI 1.2: its metadata, its material as Markdown, its responses and its feedback."""

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

from reasons import Code, Reason
from services.formats import building, hypertext, xml
from services.formats.base import MAX_ANSWERS, NotCarried, Notes
from services.formats.packages import Place
from services.formats.qti12 import rules
from services.formats.qti12.rules import Rules

RESPONSES = ("response_lid", "response_str", "response_num", "response_grp", "response_xy")
MATERIAL = ("material", "material_ref", "altmaterial")


@dataclass(frozen=True)
class Label:
    """A choice of a response."""

    ident: str
    element: Any


@dataclass
class Question:
    """An item that is being read."""

    element: Any
    notes: Notes
    place: Place
    said: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for each in xml.below(self.element, "qtimetadatafield"):
            self.said[xml.said(each, "fieldlabel").lower()] = xml.said(each, "fieldentry")

    @cached_property
    def rules(self) -> Rules:
        """What answers earn."""
        return rules.of_item(self.element)

    @cached_property
    def presentation(self) -> Any:
        """What is shown."""
        found = xml.first(self.element, "presentation")
        return found if found is not None else self.element

    @property
    def responses(self) -> list[Any]:
        """Return what is asked, in the order of the item."""
        found = xml.below(self.presentation, *RESPONSES)
        return [each for each in found if xml.name_of(each) != "response_grp"]

    def html(self) -> str:
        """Return the question's text: all material that is no response's."""
        parts: list[str] = []

        def walk(element: Any) -> None:
            for child in xml.children(element):
                name = xml.name_of(child)
                if name in MATERIAL:
                    parts.append(html_of(child))
                elif name not in RESPONSES:
                    walk(child)

        walk(self.presentation)
        if not any(part.strip() for part in parts) and len(self.responses) == 1:
            # Some put the text into the response itself.
            parts = [html_of(each) for each in xml.children(self.responses[0], "material")]
        return "\n".join(parts)

    def block(self, html: str) -> str:
        """Return HTML as Markdown of any shape."""
        return hypertext.block(html, self.notes, self.place)

    def line(self, element: Any) -> str:
        """Return what an element shows as one line of Markdown."""
        return hypertext.line(html_of(element), self.notes, self.place)

    def labels(self, response: Any) -> list[Label]:
        """Return the choices of a response."""
        found = [Label(str(each.get("ident") or ""), each) for each in xml.below(response, "response_label")]
        if len(found) > MAX_ANSWERS:
            raise NotCarried("choices", Reason(Code.MOVE_TOO_MANY, many=len(found), most=MAX_ANSWERS))
        return found

    def feedback(self, *idents: str) -> str:
        """Return the HTML of feedback by its idents."""
        found = [each for each in xml.children(self.element, "itemfeedback") if each.get("ident") in idents]
        return "\n".join(html_of(each) for each in found)

    def note_feedback(self, told: set[str]) -> None:
        """Note feedback that isn't in `told`."""
        for each in xml.children(self.element, "itemfeedback"):
            ident = str(each.get("ident") or "")
            words = hypertext.plain(html_of(each))
            if ident not in told and words:
                self.notes.no_place("feedback", f"{ident}: {words}")

    @property
    def points(self) -> float:
        """How many marks it has."""
        for name in ("points_possible", "cc_weighting", "qmd_weighting", "maximumscore"):
            if (value := building.number(self.said.get(name, ""))) is not None:
                return float(value)
        most = self.rules.most
        return float(most) if most not in (Fraction(100), Fraction(0)) else 1.0


def html_of(element: Any) -> str:
    """Return what an element shows as HTML: its texts, whatever they are, and pictures."""
    own = [element] if xml.name_of(element) in ("mattext", "mat_formattedtext", "matimage", "mattag") else []
    parts = []
    for each in own or xml.below(element, "mattext", "mat_formattedtext", "matimage", "matbreak"):
        name = xml.name_of(each)
        if name == "matimage":
            parts.append(
                f'<img src="{_quoted(str(each.get("uri") or ""))}" alt="{_quoted(str(each.get("label") or ""))}">'
            )
        elif name == "matbreak":
            parts.append("<br>")
        else:
            parts.append(_text(each))
    return "\n".join(parts)


def _text(element: Any) -> str:
    form = str(element.get("texttype") or element.get("type") or "").lower()
    if xml.children(element):
        return xml.inner(element)
    text = xml.words(element)
    if "html" in form or ("plain" not in form and hypertext.has_tags(text)):
        return text
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
