"""QTI 2 -> questions: what all items have in common; `kinds` reads what one asks."""

from typing import Any

from reasons import Code, Reason
from services.formats import hypertext, xml
from services.formats.base import Item, NotCarried, Reading
from services.formats.packages import Place
from services.formats.qti21 import kinds
from services.formats.qti21.item import Question, shown
from services.formats.zips import Archive


def read_root(root: Any, reading: Reading, archive: Archive | None, path: str, tags: tuple[str, ...]) -> None:
    """Read an item."""
    name = str(root.get("title") or root.get("identifier") or "")
    with reading.question(name) as notes:
        question = Question(root, notes, Place(reading, notes, archive, path.rpartition("/")[0]))
        if next(iter(xml.below(root, "templateDeclaration")), None) is not None:
            raise NotCarried("formula", Reason(Code.MOVE_KIND_UNKNOWN, kind="templateDeclaration"))
        item = Item(
            name=name,
            kind="",
            fields={},
            prompt="",
            feedback=_feedback(question),
            points=float(question.most) or 1.0,
            tags=tags,
            slug=str(root.get("label") or ""),
        )
        kinds.read(question, item)
        for rubric in xml.below(question.body, "rubricBlock"):
            if not (item.kind in ("essay", "upload") and "model_answer" in item.fields):
                notes.no_place("rubric", xml.words(rubric))
        reading.add(notes, item)


def _feedback(question: Question) -> str:
    """Return the feedback that everybody gets: the one that is named general, or that its outcome has anyway."""
    always = {
        str(each.get("identifier")): xml.said(each, "defaultValue")
        for each in xml.children(question.element, "outcomeDeclaration")
    }
    found = []
    for each in xml.children(question.element, "modalFeedback"):
        words, name = hypertext.plain(shown(each)), str(each.get("identifier"))
        if name == "general" or always.get(str(each.get("outcomeIdentifier"))) == name:
            found.append(question.block(shown(each)))
        elif words:
            question.notes.no_place("feedback", f"{name}: {words}")
    return "\n\n".join(found)
