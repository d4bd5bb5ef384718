"""The archive of a person's own data: a zip with a JSON file for each table that has something of theirs, and files.

Scores, comments and marks that a quiz doesn't show its student yet are left out, as on their pages.
"""

import io
import json
import uuid
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from fractions import Fraction
from typing import Any

from sqlalchemy import select

from extensions import db
from models import Activity, Attempt, Blob, Course, QuestionVersion, Quiz, User
from reasons import Reason
from services.persons import inventory
from services.quizzes import reveal

Tell = Callable[[int, int], None]
Rows = list[dict[str, Any]]
# What a quiz that hides something of its results hides here.
HIDDEN = {
    "attempts": ("score",),
    "attempt_items": ("score", "asked_score", "comment", "rubric"),
}
# Files of tables: the columns with what is in the name, and the ending where the name has none.
FILES = {
    "attempt_files": ("name", ""),
    "lab_saves": ("lab_id", ".tar.gz"),
    "certificates": ("code", ".pdf"),
}
# More than this, and files are left out, the largest first; pages have them.
MOST_BYTES = 200 * 2**20
README = """What this site has of you, on {at}.

data/    one file for each table, as JSON. `courses`, `activities` and `questions` say what the numbers stand for.
files/   what you handed in, your saved work in labs, and your certificates.

Not in it: secrets (your password and the keys of your tokens are kept as digests alone), scores and comments that a
quiz doesn't show you yet, and what you did as a member of a course's staff to others' work. The site keeps no list
of your browsers' sessions.
"""
LEFT_OUT = "\nToo large for an archive, to be had on their pages: {names}\n"


def build(user: User, *, now: datetime, tell: Tell = lambda done, total: None) -> bytes:
    """Return the zip. `tell` is told how many parts are done, and of how many."""
    names = [name for name, own in inventory.TABLES.items() if not own.kept_back]
    hidden = _hidden_attempts(user.id, now)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        found: dict[str, Rows] = {}
        for done, name in enumerate(names):
            tell(done, len(names) + 1)
            found[name] = _shown(name, _rows(name, user), hidden)
            _put(archive, f"data/{name}.json", found[name])
        for name, rows in _named(user.id):
            _put(archive, f"data/{name}.json", rows)
        tell(len(names), len(names) + 1)
        left_out = _put_files(archive, found)
        said = README.format(at=now.strftime("%Y-%m-%d %H:%M UTC"))
        archive.writestr("README.txt", said + (LEFT_OUT.format(names=", ".join(left_out)) if left_out else ""))
    return packed.getvalue()


def _rows(name: str, user: User) -> Rows:
    table, own = inventory.table(name), inventory.TABLES[name]
    columns = [column for column in table.c if column.name not in own.hides]
    query = select(*columns).where(inventory.whose(name, user.id, user.email)).order_by(*table.primary_key)
    return [dict(row) for row in db.session.execute(query).mappings()]


def _hidden_attempts(user_id: int, now: datetime) -> set[int]:
    """Return the attempts of which something isn't shown to their student."""
    rows = db.session.execute(
        select(Attempt, Quiz).join(Quiz, Quiz.id == Attempt.quiz_id).where(Attempt.user_id == user_id)
    ).all()
    closes = {quiz.id: reveal.last_close(quiz) for quiz in {quiz for _attempt, quiz in rows}}
    return {
        attempt.id
        for attempt, quiz in rows
        if reveal.of(attempt, quiz, now=now, last_close=closes[quiz.id], is_staff=False).hidden
    }


def _shown(name: str, rows: Rows, hidden: set[int]) -> Rows:
    if name == "regrade_notes":
        return [row for row in rows if row["attempt_id"] not in hidden]
    key, columns = ("id" if name == "attempts" else "attempt_id"), HIDDEN.get(name, ())
    return [
        {column: value for column, value in row.items() if column not in columns or row[key] not in hidden}
        for row in rows
    ]


def _named(user_id: int) -> Iterator[tuple[str, Rows]]:
    """Yield what the numbers in the tables stand for."""
    mine = inventory.table("enrolments").c, inventory.table("attempts").c, inventory.table("attempt_items").c
    enrolments, attempts, items = mine
    courses = select(enrolments.course_id).where(enrolments.user_id == user_id)
    asked = (select(items.version_id).join(inventory.table("attempts"), attempts.id == items.attempt_id)).where(
        attempts.user_id == user_id
    )
    for name, query in (
        ("courses", select(Course.id, Course.slug, Course.title).where(Course.id.in_(courses)).order_by(Course.id)),
        (
            "activities",
            select(Activity.id, Activity.course_id, Activity.kind, Activity.slug, Activity.title)
            .where(Activity.course_id.in_(courses))
            .order_by(Activity.id),
        ),
        (
            "questions",
            select(QuestionVersion.id, QuestionVersion.kind, QuestionVersion.prompt_md)
            .where(QuestionVersion.id.in_(asked))
            .order_by(QuestionVersion.id),
        ),
    ):
        yield name, [dict(row) for row in db.session.execute(query).mappings()]


def _put(archive: zipfile.ZipFile, path: str, rows: Rows) -> None:
    archive.writestr(path, json.dumps(rows, indent=1, ensure_ascii=False, default=_plain))


def _put_files(archive: zipfile.ZipFile, found: dict[str, Rows]) -> list[str]:
    """Add the files of the rows; return the names of those that are too much."""
    left_out, total = [], 0
    for table, (column, ending) in FILES.items():
        for row in found[table]:
            sha256 = row.get("sha256") or row.get("pdf_sha256")
            if sha256 is None:
                continue
            key = row["id"]
            name = f"files/{table}/{key}-{_safe(str(row[column]))}{ending}"
            size = db.session.scalars(select(Blob.size).where(Blob.sha256 == sha256)).one()
            if total + size > MOST_BYTES:
                left_out.append(name)
                continue
            total += size
            archive.writestr(name, db.session.scalars(select(Blob.data).where(Blob.sha256 == sha256)).one())
    return left_out


def _safe(name: str) -> str:
    """Return a name that is a file's on any system."""
    return "".join(char if char.isalnum() or char in "-_. " else "_" for char in name).strip(". ")[:100]


def _plain(value: Any) -> Any:
    match value:
        case datetime() | date() | time():
            return value.isoformat()
        case Fraction():
            return float(value)
        case Reason():
            return value.as_json()
        case uuid.UUID():
            return str(value)
    raise TypeError(f"an archive can't say a {type(value).__name__}")
