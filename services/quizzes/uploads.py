"""Files that students upload in an attempt: taken while it is open, kept by their content, named by answers.

An upload by itself is no answer: the answer names the files that count, and is saved and logged as any other.
"""

import unicodedata
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from extensions import db
from models import AttemptFile
from question_types import TYPES, FilesWanted, Spec
from reasons import Code, Reason
from services import blobs
from services.errors import Conflict, InvalidInput, LimitReached, NotFound
from services.quizzes import places

MAX_SIZE = 10 * 1024 * 1024
MAX_NAME = 200
# How many uploads of one question are kept, also of those that no answer names any more.
MAX_UPLOADS = 50


class Over(Conflict):
    """This attempt is over: no files can be handed in any more."""


def files_of(kind: str, spec: Spec) -> FilesWanted | None:
    """Return which files a question takes; None where it takes none, or its type isn't there any more."""
    return TYPES[kind].files_of(spec) if kind in TYPES else None


def add(attempt_id: int, position: int, name: str, data: bytes, *, now: datetime) -> AttemptFile:
    """Keep a file and return it; the same one again is the same row. InvalidInput names "file" or "name"."""
    place = places.lock(attempt_id, position)
    wanted = files_of(place.version.kind, place.version.spec)
    if wanted is None:
        raise NotFound
    if place.is_over(now):
        raise Over
    name = plain_name(name)
    check(wanted, name, data)
    digest = blobs.keep(data)
    mine = (AttemptFile.attempt_id == attempt_id, AttemptFile.position == position)
    there = db.session.scalar(select(AttemptFile).where(*mine, AttemptFile.sha256 == digest, AttemptFile.name == name))
    if there is not None:
        return there
    if (db.session.scalar(select(func.count()).select_from(AttemptFile).where(*mine)) or 0) >= MAX_UPLOADS:
        raise LimitReached(f"At most {MAX_UPLOADS} uploads of a question are kept.")
    row = AttemptFile(
        attempt_id=attempt_id, position=position, name=name, sha256=digest, size=len(data), uploaded_at=now
    )
    db.session.add(row)
    db.session.flush()
    return row


def plain_name(name: str) -> str:
    """Return a file's name without its folders and without what can't be seen; raise InvalidInput for none."""
    last = name.replace("\\", "/").rpartition("/")[2]
    seen = "".join(char for char in last if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    plain = unicodedata.normalize("NFC", seen).strip()
    if plain.strip(".") == "":
        raise InvalidInput("name", Reason(Code.FILE_NAME_MISSING))
    if len(plain) > MAX_NAME:
        raise InvalidInput("name", Reason(Code.FILE_NAME_TOO_LONG, most=MAX_NAME))
    return plain


def check(wanted: FilesWanted, name: str, data: bytes) -> None:
    """Raise InvalidInput where a file is empty, too large, or not of a kind that is taken."""
    if not data:
        raise InvalidInput("file", Reason(Code.FILE_EMPTY))
    if len(data) > MAX_SIZE:
        raise InvalidInput("file", Reason(Code.FILE_TOO_LARGE, most_mb=10))
    fault = wanted.fault(name, data)
    if fault:
        raise InvalidInput("file", fault)


def named(attempt_id: int, position: int, response: Any) -> Any:
    """Return an answer that names files with their names and sizes as they were uploaded; raise InvalidInput where one
    isn't a file of this question."""
    if not response:
        return response
    ids = [int(file["id"]) for file in response]
    mine = (AttemptFile.attempt_id == attempt_id, AttemptFile.position == position, AttemptFile.id.in_(ids))
    rows = {row.id: row for row in db.session.scalars(select(AttemptFile).where(*mine))}
    if len(rows) < len(ids):
        raise InvalidInput("response", Reason(Code.FILE_UNKNOWN))
    return [document(rows[number]) for number in ids]


def document(row: AttemptFile) -> dict[str, Any]:
    """Return a file as answers name it."""
    return {"id": str(row.id), "name": row.name, "size": row.size}


def find(attempt_id: int, file_id: int) -> AttemptFile:
    """Return a file of an attempt; raise NotFound."""
    row = db.session.get(AttemptFile, file_id) if file_id < 2**63 else None
    if row is None or row.attempt_id != attempt_id:
        raise NotFound
    return row
