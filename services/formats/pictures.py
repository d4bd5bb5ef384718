"""The files that questions bring along: pictures and PDFs, named by their content, so that each comes in once."""

import base64
import binascii
import hashlib
import re
from urllib.parse import unquote

from reasons import Code, Reason
from services.archive import pictures as archive_pictures
from services.archive.faults import ArchiveError, Faults
from services.courses.files import sniff
from services.formats.base import MAX_FILE, Notes, Reading

ENDINGS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/svg+xml": "svg",
    "application/pdf": "pdf",
}
_EMBEDDED = re.compile(r"data:[a-z0-9.+/-]*;base64,", re.IGNORECASE)
# The end of a file's name that says which content it has.
_HASHED = re.compile(r"-[0-9a-f]{8}$")


def take(reading: Reading, notes: Notes, name: str, data: bytes) -> str | None:
    """Keep a file of a question; return its path in a course, or None where it isn't taken, which is noted."""
    ending = ENDINGS.get(sniff(data))
    if ending is None:
        notes.say("file", Reason(Code.MOVE_FILE_KIND, path=name[-100:]))
        return None
    if len(data) > MAX_FILE:
        notes.say("file", Reason(Code.IMPORT_ZIP_FILE, path=name[-100:], most_mb=MAX_FILE // 1024 // 1024))
        return None
    if ending == "svg" and (fault := _fault_of_svg(data)):
        notes.say("picture", Reason(Code.MOVE_FILE_REFUSED, path=name[-100:], said=fault))
        return None
    path = path_of(name, data, ending)
    reading.files[path] = data
    return path


def is_picture(path: str) -> bool:
    """Whether a file calls itself one of those that questions bring along."""
    return path.rpartition(".")[2].lower() in (*ENDINGS.values(), "jpeg")


def path_of(name: str, data: bytes, ending: str) -> str:
    """Return the path of a file in a course: what it was called, and a part of the digest of its content."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", name.rpartition("/")[2].rpartition(".")[0] or name).strip("-").lower()[:40]
    stem = _HASHED.sub("", stem).strip("-") or "picture"
    return f"files/{stem}-{hashlib.sha256(data).hexdigest()[:8]}.{ending}"


def _fault_of_svg(data: bytes) -> str:
    faults = Faults()
    archive_pictures.check("picture.svg", data, faults)
    try:
        faults.check()
    except ArchiveError as error:
        return error.faults[0].message
    return ""


def embedded(reading: Reading, notes: Notes, address: str) -> str | None:
    """Take a picture that stands in the address itself; None where it isn't one."""
    found = _EMBEDDED.match(address)
    if not found:
        return None
    try:
        data = base64.b64decode(unquote(address[found.end() :]), validate=False)
    except (binascii.Error, ValueError):
        notes.say("picture", Reason(Code.MOVE_UNREADABLE, said="base64"))
        return None
    return take(reading, notes, "picture", data)


def elsewhere(notes: Notes, address: str) -> None:
    """Note a picture that would be loaded from another site: whoever sees the question would be known there."""
    if re.match(r"(https?:)?//", address, re.IGNORECASE):
        notes.say("picture", Reason(Code.MOVE_ELSEWHERE, address=address[:200]))
    elif address and not address.startswith("data:"):
        notes.say("file", Reason(Code.MOVE_FILE_MISSING, path=address[:200]))
