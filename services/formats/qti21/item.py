"""An item of QTI 2: what its responses are worth, its body as HTML with marks for what stands in it, its feedback."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from services.formats import building, hypertext, xml
from services.formats.base import Notes
from services.formats.packages import Place

INLINE = ("textEntryInteraction", "inlineChoiceInteraction", "gap")
# What isn't the question's text.
HIDDEN = ("rubricBlock", "feedbackBlock", "feedbackInline", "templateBlock")
MARK = "\ue000{}\ue001"


@dataclass(frozen=True)
class Response:
    """A response as it is declared: its right values, and what single ones earn in the item's own marks."""

    cardinality: str
    base: str
    correct: list[str]
    mapped: dict[str, Fraction]
    is_case_sensitive: bool


@dataclass
class Question:
    """An item that is being read."""

    element: Any
    notes: Notes
    place: Place

    @cached_property
    def body(self) -> Any:
        """What is shown."""
        found = xml.first(self.element, "itemBody")
        return found if found is not None else self.element

    @cached_property
    def interactions(self) -> list[Any]:
        """What is asked, in the order of the body."""
        return [each for each in self.body.iterdescendants() if xml.name_of(each).endswith("Interaction")]

    @cached_property
    def is_mapped(self) -> bool:
        """Whether single answers earn something by themselves, as the rules say."""
        rules = xml.first(self.element, "responseProcessing")
        if rules is None:
            return bool(next(iter(xml.below(self.element, "mapEntry")), None) is not None)
        return "map_response" in str(rules.get("template") or "") or any(
            True for _each in xml.below(rules, "mapResponse")
        )

    @cached_property
    def most(self) -> Fraction:
        """How many marks the item says that it has; 0 where it doesn't say."""
        for each in xml.children(self.element, "outcomeDeclaration"):
            name, said = each.get("identifier"), str(each.get("normalMaximum") or "")
            if name == "MAXSCORE":
                said = xml.said(each, "defaultValue")
            if name in ("SCORE", "MAXSCORE") and (value := building.number(said)) is not None and value > 0:
                return Fraction(value)
        return Fraction(0)

    def response(self, interaction: Any) -> Response:
        """Return how the response of an interaction is declared."""
        wanted = interaction.get("responseIdentifier")
        found = [each for each in xml.children(self.element, "responseDeclaration") if each.get("identifier") == wanted]
        if not found:
            return Response("single", "", [], {}, False)
        [element, *_others] = found
        entries = [each for part in xml.children(element, "mapping") for each in xml.children(part, "mapEntry")]
        mapped = {}
        for each in entries:
            value = building.number(str(each.get("mappedValue") or "0"))
            mapped[str(each.get("mapKey") or "")] = Fraction(value) if value is not None else Fraction(0)
        correct = [
            xml.words(each) for part in xml.children(element, "correctResponse") for each in xml.children(part, "value")
        ]
        said = [str(each.get("caseSensitive") or "true").lower() for each in entries]
        loose = [each for each in xml.below(self.element, "stringMatch") if each.get("caseSensitive") == "false"]
        return Response(
            str(element.get("cardinality") or "single"),
            str(element.get("baseType") or ""),
            correct,
            mapped,
            not loose and "false" not in said,
        )

    def html(self, marks: dict[Any, str]) -> str:
        """Return the body as HTML: inline interactions as their marks, others as their prompts."""

        def inside(element: Any) -> str:
            parts = [_escaped(element.text or "")]
            for child in element:
                if isinstance(child.tag, str):
                    parts.append(outer(child))
                parts.append(_escaped(child.tail or ""))
            return "".join(parts)

        def outer(element: Any) -> str:
            name = xml.name_of(element)
            if element in marks:
                return marks[element]
            if name == "gapMatchInteraction":
                return "".join(
                    outer(each) for each in xml.children(element) if xml.name_of(each) not in ("gapText", "gapImg")
                )
            if name == "prompt":
                return f"<p>{inside(element)}</p>"
            if name.endswith("Interaction"):
                return "".join(f"<p>{inside(each)}</p>" for each in xml.children(element, "prompt"))
            if name in HIDDEN or element.get("class") == "unit":
                return ""
            if name == "object" and str(element.get("type") or "").startswith("image/"):
                return f'<img src="{_quoted(element.get("data"))}" alt="{_quoted(xml.words(element))}">'
            said = "".join(f' {_local(key)}="{_quoted(value)}"' for key, value in element.attrib.items())
            return f"<{name}{said}>" if name in xml.VOID else f"<{name}{said}>{inside(element)}</{name}>"

        return inside(self.body)

    def block(self, html: str) -> str:
        """Return HTML as Markdown of any shape."""
        return hypertext.block(html, self.notes, self.place)

    def line(self, element: Any, *but: str) -> str:
        """Return what an element shows as one line of Markdown, without children of these names."""
        return hypertext.line(shown(element, *but), self.notes, self.place)


def shown(element: Any, *but: str) -> str:
    """Return what stands in an element as HTML."""
    parts = [_escaped(element.text or "")]
    for child in element:
        name = xml.name_of(child)
        if name and name not in but:
            said = "".join(f' {_local(key)}="{_quoted(value)}"' for key, value in child.attrib.items())
            parts.append(f"<{name}{said}>" if name in xml.VOID else f"<{name}{said}>{shown(child, *but)}</{name}>")
        parts.append(_escaped(child.tail or ""))
    return "".join(parts).strip()


def _local(key: str) -> str:
    return key.rpartition("}")[2]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _quoted(value: object) -> str:
    return _escaped(str(value or "")).replace('"', "&quot;")
