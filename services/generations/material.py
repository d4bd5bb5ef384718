"""The text of lessons, as a model reads it and questions cite it: plain, without marks, one line for each block."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from models import Lesson

BLOCKS = {
    "p",
    "li",
    "pre",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "tr",
    "blockquote",
    "table",
    "ul",
    "ol",
    "div",
    "dt",
    "dd",
}
# What is asked from at once: some thirty pages.
MAX_CHARACTERS = 60_000
# A citation of a word or two says nothing, and one of half a lesson neither.
LEAST_CITED, MOST_CITED = 12, 600
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True)
class Material:
    """A lesson as the model is shown it."""

    lesson_id: int
    title: str
    text: str


@dataclass(frozen=True)
class Span:
    """Where something stands in a lesson's text, and what stands there."""

    lesson_id: int
    start: int
    end: int
    quote: str

    def kept(self) -> dict[str, Any]:
        """Return it as a draft keeps it."""
        return {"lesson": self.lesson_id, "start": self.start, "end": self.end, "quote": self.quote}


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BLOCKS or tag == "br":
            self.parts.append("\n")
        self.parts += [f"[{value}]" for name, value in attrs if tag == "img" and name == "alt" and value]

    def handle_endtag(self, tag: str) -> None:
        self.parts.append("\n" if tag in BLOCKS else " " if tag in ("td", "th") else "")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def text_of(html: str) -> str:
    """Return what a reader sees of sanitised HTML, without empty lines."""
    reader = _Text()
    reader.feed(html)
    reader.close()
    lines = (line.rstrip() for line in "".join(reader.parts).replace("\x00", "").splitlines())
    return "\n".join(line for line in lines if line.strip())


def of_lesson(lesson: Lesson) -> Material:
    """Return a lesson as the model is shown it."""
    return Material(lesson.id, lesson.title, text_of(lesson.body_html))


def find(material: Material, quote: str) -> Span | None:
    """Return where a quote stands in a lesson word for word; white space may be written otherwise."""
    words = quote.split()
    if not LEAST_CITED <= len(" ".join(words)) <= MOST_CITED:
        return None
    pattern = r"\s+".join(re.escape(word) for word in words)
    found = re.search(pattern, material.text)
    return None if found is None else Span(material.lesson_id, found.start(), found.end(), found[0])


def around(material: Material, span: dict[str, Any], reach: int = 160) -> tuple[str, str, str] | None:
    """Return what stands before a kept span, in it, and behind it; None where the lesson says it no longer."""
    found = find(material, str(span["quote"]))
    if found is None:
        return None
    before, after = material.text[: found.start][-reach:], material.text[found.end :][:reach]
    return before.lstrip(), found.quote, after.rstrip()


def squeezed(text: str) -> str:
    """Return a text in one line."""
    return _SPACES.sub(" ", text).strip()
