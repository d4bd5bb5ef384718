"""Texts of Moodle's formats, in XML and in GIFT: HTML, its own automatic format, plain text and Markdown."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from services.formats import hypertext, pictures
from services.formats.base import Notes, Reading

HTML, AUTOMATIC, PLAIN, MARKDOWN = "html", "moodle_auto_format", "plain_text", "markdown"
_MARK_UP = re.compile(r"<(?:[a-zA-Z][^<>]*|/[a-zA-Z]+\s*)>")
# Where Markdown points at something: ](address), and src and href of tags in it.
_ADDRESS = re.compile(r"""(\]\(<?|\b(?:src|href)=["'])([^)\s>"']+)""")


@dataclass(frozen=True)
class Place:
    """Gives what a text shows its path in a course: files that the program sent along, and pictures in addresses."""

    reading: Reading
    notes: Notes
    files: dict[str, bytes]

    def __call__(self, address: str) -> str | None:
        if address.startswith("data:"):
            return pictures.embedded(self.reading, self.notes, address)
        name = unquote(address.removeprefix("@@PLUGINFILE@@").partition("?")[0]).lstrip("/")
        if name in self.files:
            return pictures.take(self.reading, self.notes, name, self.files[name])
        pictures.elsewhere(self.notes, address)
        return None


def block(text: str, form: str, place: Place) -> str:
    """Return a text as Markdown of any shape."""
    if form == MARKDOWN:
        return _markdown(text, place)
    if form == PLAIN or (form == AUTOMATIC and not _MARK_UP.search(text)):
        return hypertext.of_plain(text)
    html = text.strip().replace("\n", "<br>") if form == AUTOMATIC else text
    return hypertext.block(html, place.notes, place)


def line(text: str, form: str, place: Place) -> str:
    """Return a text as one line of Markdown."""
    if form == MARKDOWN:
        return _markdown(text, place)
    if form == PLAIN or (form == AUTOMATIC and not _MARK_UP.search(text)):
        return " ".join(hypertext.of_plain(" ".join(text.split())).split())
    return hypertext.line(text, place.notes, place)


# Mathematics in Yurt's Markdown, and as Moodle's filter finds it once its Markdown was rendered.
_OURS = re.compile(r"\$`([^`\n]+)`\$")
_THEIRS = re.compile(r"\\\\\((.{1,2000}?)\\\\\)")


def of_course(text: str, files: Mapping[str, bytes]) -> tuple[str, list[str]]:
    """Return Yurt's Markdown as Moodle reads it, and the paths of the course's files that it shows."""
    shown: dict[str, None] = {}

    def moved(found: re.Match[str]) -> str:
        path = unquote(found[2].removeprefix("./"))
        if path not in files:
            return found[0]
        shown[path] = None
        return f"{found[1]}@@PLUGINFILE@@/{path.removeprefix('files/')}"

    def mathematics(found: re.Match[str]) -> str:
        # Moodle renders Markdown first: what means something there is taken away by a backslash.
        return "\\\\(" + re.sub(r"([\\_*<&`\[\]])", r"\\\1", found[1]) + "\\\\)"

    return _OURS.sub(mathematics, _ADDRESS.sub(moved, text)), list(shown)


def _markdown(text: str, place: Place) -> str:
    """Return Markdown as it is, but for files, which are the course's now, and mathematics."""
    text = _THEIRS.sub(lambda found: "$`" + re.sub(r"\\([\\_*<&`\[\]])", r"\1", found[1]) + "`$", text)

    def moved(found: re.Match[str]) -> str:
        address = found[2]
        if not address.startswith(("@@PLUGINFILE@@", "data:")):
            return found[0]
        return f"{found[1]}{place(address) or address}"

    return _ADDRESS.sub(moved, text).strip()
