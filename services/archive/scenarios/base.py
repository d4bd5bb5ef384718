"""What a scenario of another program becomes: a lab, the pictures that its texts show, and what isn't carried."""

import base64
import posixpath
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from reasons import Code, Reason
from services.archive import pictures
from services.archive.content import FileContent, LabContent, block_text, line_text
from services.archive.faults import Faults, without_controls
from services.archive.folder import MAX_TEXT, Folder, is_name
from services.archive.shapes import MAX_BLOCK, MAX_SLUG

MAX_LINE = 200
# What of a scenario's files fits into the script that sets its lab up, beside the author's own lines.
MAX_CARRIED = 24_000
MAX_PORTS = 8
TIMEOUT_S = 30
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp")
_CODE = re.compile(r"^[ \t]*(```|~~~).*?^[ \t]*\1[^\n]*$|(`+)[^`].*?\2(?!`)", re.DOTALL | re.MULTILINE)
_LINKED = re.compile(r"(!?)\[([^\]\n]*)\]\(\s*<?([^)\s>]+)>?[^)\n]*\)")
_IMG = re.compile(r"<img\b[^>]*?\bsrc\s*=\s*[\"']([^\"'>]+)[\"'][^>]*>", re.IGNORECASE)
_AWAY = re.compile(r"[a-z][a-z0-9+.-]*:|#|//", re.IGNORECASE)


@dataclass
class Carried:
    """What came of a folder: labs by the module that they go into, pictures, and what isn't carried, and where."""

    labs: dict[str, list[LabContent]] = field(default_factory=dict)
    files: dict[str, FileContent] = field(default_factory=dict)
    findings: list[dict[str, Any]] = field(default_factory=list)

    def note(self, where: str, reason: Reason) -> None:
        """Note that something isn't carried as it is."""
        found = {"where": where[:MAX_LINE], "reason": reason.as_json()}
        if found not in self.findings:
            self.findings.append(found)

    def slugs(self) -> set[str]:
        """Return the names of the labs."""
        return {lab.slug for labs in self.labs.values() for lab in labs}


def slug_of(text: str, taken: set[str] | frozenset[str] = frozenset(), otherwise: str = "lab") -> str:
    """Return a text as a slug that isn't taken."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    made = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[: MAX_SLUG - 4].strip("-") or otherwise
    return made if made not in taken else next(name for n in range(2, 10_000) if (name := f"{made}-{n}") not in taken)


def line_of(value: Any, otherwise: str) -> str:
    """Return a value as a title: one line, without what can't be kept."""
    text = " ".join(line_text(without_controls(value)).split()) if isinstance(value, str) else ""
    return text[:MAX_LINE].rstrip() or otherwise


def heading_of(text: str) -> str:
    """Return the first heading of a text; empty where it has none."""
    found = re.search(r"^#{1,6}[ \t]+(.+?)[ \t#]*$", text, re.MULTILINE)
    return found[1] if found else ""


def text_of(folder: Folder, path: str, where: str, carried: Carried) -> str:
    """Return a file's text with what can't be kept left out; empty after noting that there is no such file."""
    if path not in folder.sizes:
        carried.note(where, Reason(Code.MOVE_FILE_MISSING, path=path))
        return ""
    data = folder.data(path, MAX_TEXT) or b""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        carried.note(where, Reason(Code.MOVE_UNREADABLE, said=f"{path}: UTF-8"))
        text = data.decode("utf-8-sig", "replace")
    return block_text(without_controls(text))


def fitting(text: str, where: str, path: str, carried: Carried) -> str:
    """Return a text that a lab's file may hold; empty after noting that it is too long."""
    if len(text) <= MAX_BLOCK:
        return text
    carried.note(where, Reason(Code.SCENARIO_TOO_LARGE, path=path))
    return ""


def outside_of_code(text: str, change: Callable[[str], str]) -> str:
    """Return Markdown in which what isn't code was changed."""
    parts, at = [], 0
    for code in _CODE.finditer(text):
        parts += [change(text[at : code.start()]), code[0]]
        at = code.end()
    return "".join([*parts, change(text[at:])])


def with_files(text: str, folder: Folder, near: list[str], lab: str, where: str, carried: Carried) -> str:
    """Return Markdown whose pictures are files of the course; other links into the folder become their words.

    `near` are the folders in which its paths begin.
    """

    def linked(found: re.Match[str]) -> str:
        mark, words, address = found.groups()
        if _AWAY.match(address):
            if mark and not address.startswith("#"):
                carried.note(where, Reason(Code.MOVE_ELSEWHERE, address=address[:MAX_LINE]))
            return found[0]
        path = _picture(address, folder, near, lab, where, carried) if mark else ""
        if not mark:
            carried.note(where, Reason(Code.SCENARIO_LINK, address=address[:MAX_LINE]))
        return f"![{words}]({path})" if path else words

    def shown(found: re.Match[str]) -> str:
        if _AWAY.match(found[1]):
            carried.note(where, Reason(Code.MOVE_ELSEWHERE, address=found[1][:MAX_LINE]))
            return ""
        path = _picture(found[1], folder, near, lab, where, carried)
        return f"![]({path})" if path else ""

    return outside_of_code(text, lambda part: _IMG.sub(shown, _LINKED.sub(linked, part)))


def _picture(address: str, folder: Folder, near: list[str], lab: str, where: str, carried: Carried) -> str:
    """Take a picture along, and return its path in the course; empty after noting why it isn't."""
    name = re.split("[?#]", address)[0].lstrip("/")
    for start in near:
        path = posixpath.normpath(posixpath.join(start, name))
        if path not in folder.sizes:
            continue
        last = path.rpartition("/")[2]
        if not last.lower().endswith(PICTURES) or not is_name(last):
            break
        data, faults = folder.data(path), Faults()
        pictures.check(path, data or b"", faults)
        if data is None or len(faults):
            carried.note(where, Reason(Code.MOVE_FILE_REFUSED, path=path, said=str(next(iter(faults.each()), ""))))
            return ""
        kept = f"files/{lab}/{last}"
        if kept in carried.files and carried.files[kept].data != data:
            kept = f"files/{lab}/{slug_of(path.rpartition('/')[0])}-{last}"
        carried.files[kept] = FileContent(kept, data)
        return kept
    else:
        carried.note(where, Reason(Code.MOVE_FILE_MISSING, path=name[:MAX_LINE]))
        return ""
    carried.note(where, Reason(Code.MOVE_FILE_KIND, path=path))
    return ""


def writes_file(target: str, data: bytes, mode: str) -> str:
    """Return the lines of a script that write a file below the student's home."""
    coded = base64.encodebytes(data).decode()
    quoted = "'" + target.replace("'", "'\\''") + "'"
    parent = posixpath.dirname(target)
    made = f"mkdir -p ~/'{parent}'\n" if parent else ""
    is_run = f"chmod {mode} ~/{quoted}\n" if mode else ""
    return f"{made}base64 -d > ~/{quoted} <<'END_OF_FILE'\n{coded}END_OF_FILE\n{is_run}"
