"""Questions -> Moodle XML, texts as Markdown with their pictures; `writing_kinds` writes what is each kind's own."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from services.archive.content import QuestionContent
from services.formats import carrying, texts, xml
from services.formats.base import Notes, Written
from services.formats.moodle_xml import writing_kinds


def write(questions: Sequence[QuestionContent], files: Mapping[str, bytes]) -> Written:
    """Write each question that Moodle has a kind for; the rest is told."""
    return carrying.written(questions, lambda question, notes: _question(question, notes, files), _joined)


def _joined(parts: list[Any]) -> bytes:
    root = etree.Element("quiz")
    for part in parts:
        part.tail = "\n"
        root.append(part)
    return xml.written(root)


@dataclass(frozen=True)
class Writer:
    """Adds parts to a question's element, with their texts and pictures."""

    element: Any
    question: QuestionContent
    notes: Notes
    files: Mapping[str, bytes]

    def said(self, name: str, value: object) -> Any:
        """Add a part with a value."""
        return xml.add(self.element, name, str(value))

    def text(self, name: str, markdown: str, parent: Any = None, **attributes: str) -> Any:
        """Add a part with a text in Markdown."""
        part = xml.add(self.element if parent is None else parent, name, **attributes, format=texts.MARKDOWN)
        said, shown = texts.of_course(markdown, self.files)
        xml.add(part, "text", said)
        for path in shown:
            folder, _slash, file = path.removeprefix("files/").rpartition("/")
            place = {"name": file, "path": f"/{folder}/" if folder else "/", "encoding": "base64"}
            xml.add(part, "file", base64.b64encode(self.files[path]).decode(), **place)
        return part

    def plain(self, name: str, value: str, parent: Any = None, **attributes: str) -> Any:
        """Add a part whose text knows no mark-up."""
        part = xml.add(self.element if parent is None else parent, name, **attributes)
        xml.add(part, "text", value)
        return part


def _question(question: QuestionContent, notes: Notes, files: Mapping[str, bytes]) -> Any:
    kind = writing_kinds.KINDS.get(question.kind)
    if kind is None:
        raise carrying.unknown(question)
    named, write_kind = kind
    carrying.note_common(question, notes, has=("points", "hints"))
    element = etree.Element("question", type=named)
    writer = Writer(element, question, notes, files)
    writer.plain("name", carrying.title(question))
    writer.text("questiontext", writing_kinds.prompt(question))
    writer.text("generalfeedback", question.feedback)
    writer.said("defaultgrade", f"{question.points:.7f}")
    writer.said("penalty", "0.0000000")
    writer.said("hidden", "0")
    writer.said("idnumber", question.slug)
    further = write_kind(writer) or []
    for hint in question.hints:
        writer.text("hint", hint.text)
    if tags := [*carrying.tags(question), *further]:
        part = xml.add(element, "tags")
        for tag in tags:
            xml.add(xml.add(part, "tag"), "text", tag)
    return element
