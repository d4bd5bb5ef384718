"""A question's element in Moodle XML: its texts with formats and files, and which of its parts nobody has read."""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any

from reasons import Code, Reason
from services.formats import texts, xml
from services.formats.base import MAX_ANSWERS, NotCarried, Notes, Reading

# Parts that say nothing when they hold this: what Moodle writes into every question.
SILENT: dict[str, set[str]] = {
    "hidden": {"0", ""},
    "showstandardinstruction": {"0", "1"},
    "answernumbering": {"abc", "none", ""},
    "shuffleanswers": {"1", "true", ""},
    "single": {"true", "false", "1", "0", ""},
    "usecase": {"0", "1", ""},
    "penalty": {"0", "0.0000000", ""},
    "shownumcorrect": {""},
    "incorrectfeedback": {""},
    "partiallycorrectfeedback": {""},
    "correctfeedback": {""},
    "responserequired": {"0", "1"},
    "responsefieldlines": {"", "5", "10", "15", "20", "25", "30", "35", "40"},
    "responseformat": {"editor", "editorfilepicker", "plain", "noinline"},
    "showgrading": {"SHOW", "1", "0", "HIDE"},
    "layouttype": {"VERTICAL", "0"},
    "selecttype": {"ALL", "0"},
    "selectcount": {"0", ""},
    "numberingstyle": {"none", ""},
    "synchronize": {"0", ""},
    "unitgradingtype": {"0"},
    "unitpenalty": {"0.1000000", "0", "1.0000000"},
    "showunits": {"3", "0"},
    "unitsleft": {"0"},
}
# What a finding calls parts that have a name of ours.
CALLED = {
    "penalty": "penalty",
    "shuffleanswers": "order",
    "answernumbering": "numbering",
    "correctfeedback": "feedback",
    "partiallycorrectfeedback": "feedback",
    "incorrectfeedback": "feedback",
    "responsetemplate": "template",
    "hidden": "state",
    "unit": "unit",
    "units": "unit",
}


@dataclass
class Node:
    """A question of the file: reading a part marks it as read."""

    element: Any
    reading: Reading
    notes: Notes
    seen: set[str] = field(default_factory=set)

    def said(self, name: str, default: str = "") -> str:
        """Return what a part says, which may stand in a `text` within it."""
        self.seen.add(name)
        part = xml.first(self.element, name)
        return default if part is None else xml.words(part) or default

    def all(self, name: str) -> list[Any]:
        """Return all parts with a name."""
        self.seen.add(name)
        found = xml.children(self.element, name)
        if len(found) > MAX_ANSWERS:
            raise NotCarried(CALLED.get(name, name), Reason(Code.MOVE_TOO_MANY, many=len(found), most=MAX_ANSWERS))
        return found

    def block(self, name: str) -> str:
        """Return the text of a part as Markdown."""
        parts = self.all(name)
        return self.block_of(parts[0]) if parts else ""

    def block_of(self, part: Any) -> str:
        """Return the text of an element as Markdown."""
        return texts.block(raw(part), form_of(part), self.place(part))

    def line_of(self, part: Any | None, form: str = "") -> str:
        """Return the text of an element as one line of Markdown; `form` is its format where it doesn't say."""
        if part is None:
            return ""
        return texts.line(raw(part), form if form and not part.get("format") else form_of(part), self.place(part))

    def place(self, part: Any) -> texts.Place:
        """Return where the files of an element are."""
        return texts.Place(self.reading, self.notes, files_of(part))

    def note_unread(self) -> None:
        """Note each part that says something, and that nobody has read."""
        for part in xml.children(self.element):
            name, words = xml.name_of(part), xml.words(part)
            if name not in self.seen and words not in SILENT.get(name, {""}):
                self.notes.no_place(CALLED.get(name, name), f"{name}: {words}")


def raw(part: Any) -> str:
    """Return the text of an element, which stands in its `text`."""
    inner = xml.first(part, "text")
    return xml.words(inner) if inner is not None else xml.words(part)


def form_of(part: Any) -> str:
    """Return the format of a text; HTML where it isn't said."""
    said = str(part.get("format") or texts.HTML)
    return said if said in (texts.AUTOMATIC, texts.PLAIN, texts.MARKDOWN) else texts.HTML


def files_of(part: Any) -> dict[str, bytes]:
    """Return the files that stand in an element, by the name that its text uses."""
    found = {}
    for file in xml.children(part, "file"):
        path = f"{file.get('path') or '/'}{file.get('name') or ''}".lstrip("/")
        try:
            found[path] = base64.b64decode("".join((file.text or "").split()), validate=True)
        except (binascii.Error, ValueError):
            found[path] = b""
    return found
