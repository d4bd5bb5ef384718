"""QTI 1.2 -> questions: tests, sections, banks and items; `kinds` reads what an item asks."""

from typing import Any

from reasons import Code, Reason
from services.formats import hypertext, xml
from services.formats.base import Item, NotCarried, Reading
from services.formats.packages import Place
from services.formats.qti12 import kinds
from services.formats.qti12.item import Question, html_of
from services.formats.zips import Archive

# Names that programs give to sections of their own accord.
_NAMELESS = ("root_section", "root section", "")


def read_root(root: Any, reading: Reading, archive: Archive | None, path: str, tags: tuple[str, ...]) -> None:
    """Read every item below a root; the titles of tests, banks and sections around it are its tags."""
    for child in xml.children(root):
        name = xml.name_of(child)
        if name in ("assessment", "objectbank", "section"):
            title = str(child.get("title") or _title(child))
            is_named = title.strip().lower() not in _NAMELESS
            read_root(child, reading, archive, path, (*tags, title) if is_named else tags)
        elif name == "item":
            _read(child, reading, archive, path, tags)


def _title(element: Any) -> str:
    fields = (each for part in xml.children(element, "qtimetadata") for each in xml.children(part, "qtimetadatafield"))
    named = {xml.said(each, "fieldlabel"): xml.said(each, "fieldentry") for each in fields}
    return named.get("bank_title", "")


def _read(element: Any, reading: Reading, archive: Archive | None, path: str, tags: tuple[str, ...]) -> None:
    name = str(element.get("title") or "")
    name = "" if name.strip().lower() in ("question", "item") else name
    shown = next((html_of(each) for each in xml.below(element, "mattext")), "")
    with reading.question(name or hypertext.plain(shown)[:60]) as notes:
        question = Question(element, notes, Place(reading, notes, archive, path.rpartition("/")[0]))
        told = {"general_fb"}
        item = Item(
            name=name,
            kind="",
            fields={},
            prompt="",
            feedback=question.block(question.feedback("general_fb")),
            points=question.points,
            tags=tags,
        )
        kinds.read(question, item, told)
        if not item.prompt:
            item.prompt = question.block(question.html())
        if not item.kind:
            raise NotCarried("question", Reason(Code.MOVE_KIND_UNKNOWN, kind=kinds.called(question) or "?"))
        for condition in sorted(question.rules.unknown):
            notes.no_place("answer", condition)
        question.note_feedback(told)
        reading.add(notes, item)
