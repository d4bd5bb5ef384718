"""Moodle XML -> questions: what all kinds have in common; `kinds` reads what is each one's own."""

from typing import Any

from question_hints import MAX_HINTS, Hint
from reasons import Code, Reason
from services.formats import building, xml
from services.formats.base import Item, NotCarried, Reading, refused
from services.formats.moodle_xml import kinds, node
from services.formats.moodle_xml.node import Node
from services.formats.tags import of_category


def read(data: bytes, reading: Reading) -> None:
    """Read question after question; a category holds for those after it."""
    root = xml.parse(data)
    if xml.name_of(root) != "quiz":
        raise refused(Code.IMPORT_FORMAT_UNKNOWN)
    category: list[str] = []
    for element in xml.children(root, "question"):
        if element.get("type") == "category":
            category = of_category(xml.said(element, "category"))
            continue
        with reading.question(xml.said(element, "name") or _begin(element)) as notes:
            reading.add(notes, _item(Node(element, reading, notes), category))


def _begin(element: Any) -> str:
    return xml.said(element, "questiontext")[:60]


def _item(question: Node, category: list[str]) -> Item:
    kind = str(question.element.get("type") or "")
    read_kind = kinds.KINDS.get(kind)
    if read_kind is None:
        raise NotCarried("question", Reason(Code.MOVE_KIND_UNKNOWN, kind=kind or "?"))
    own_tags = [xml.words(tag) for part in question.all("tags") for tag in xml.children(part, "tag")]
    tags = [*category, *(tag for tag in own_tags if tag not in category)]
    marks = building.number(question.said("defaultgrade", "1"))
    item = Item(
        name=question.said("name") or _begin(question.element),
        kind="",
        fields={},
        prompt="",
        feedback=question.block("generalfeedback"),
        points=float(marks) if marks is not None else 1.0,
        tags=tags,
        slug=question.said("idnumber"),
        hints=_hints(question),
    )
    read_kind(question, item)
    if not item.prompt:
        item.prompt = question.block("questiontext")
    question.seen |= {"questiontext", "tags"}
    question.note_unread()
    return item


def _hints(question: Node) -> list[Hint]:
    hints: list[Hint] = []
    for part in question.all("hint"):
        text = question.block_of(part)
        for name in ("shownumcorrect", "clearwrong", "options"):
            option = xml.first(part, name)
            if option is not None and xml.words(option) != "0":
                question.notes.no_place("hints", name)
        if text and len(hints) < MAX_HINTS:
            hints.append(Hint(text))
        elif text:
            question.notes.no_place("hints", node.raw(part))
    return hints
