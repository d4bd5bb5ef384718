"""The parts of a course by their names, such as "lesson pipes", each with a digest of what it says.

They have the names that `Changes` gives them. Two courses whose parts have the same digests export the same folder.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select

from extensions import db
from models import Course, CourseFile
from services import markdown
from services.archive import written
from services.archive.content import ActivityContent, CourseContent, LabContent, LessonContent

Parts = dict[str, str]


def of_content(content: CourseContent) -> Parts:
    """Return the parts of a course with its files."""
    return of(content, {file.path: hashlib.sha256(file.data).hexdigest() for file in content.files})


def of(content: CourseContent, files: Mapping[str, str]) -> Parts:
    """Return the parts of a course; `files` are the digests of its files by their paths."""
    parts = {f"course {content.slug}": digest([written.course(content), content.about])}
    for bank in content.bank:
        for place, question in enumerate(bank.questions):
            parts[f"question {question.slug}"] = digest([bank.name, place, written.question(question)])
    for module in content.modules:
        parts[f"module {module.slug}"] = digest(written.module(module))
        parts |= {f"{activity.kind} {activity.slug}": of_activity(activity) for activity in module.activities}
    return parts | dict(files)


def of_activity(activity: ActivityContent) -> str:
    """Return the digest of an activity; where it stands is said by its module."""
    return digest(_said(activity))


def showing(content: CourseContent, path: str) -> set[str]:
    """Return the parts whose texts show a file, or link to it."""
    said: dict[str, Any] = {f"course {content.slug}": [written.course(content), content.about]}
    for bank in content.bank:
        said |= {f"question {each.slug}": written.question(each) for each in bank.questions}
    for module in content.modules:
        said[f"module {module.slug}"] = written.module(module)
        said |= {f"{each.kind} {each.slug}": _said(each) for each in module.activities}
    return {name for name, value in said.items() if any(path in markdown.paths_of(text) for text in texts_of(value))}


def texts_of_activity(activity: ActivityContent) -> list[str]:
    """Return every text of an activity."""
    return list(texts_of(_said(activity)))


def texts_of(said: Any) -> Iterator[str]:
    """Yield every text of a document."""
    if isinstance(said, str):
        yield said
    elif isinstance(said, (list, tuple)):
        for each in said:
            yield from texts_of(each)
    elif isinstance(said, dict):
        for each in said.values():
            yield from texts_of(each)


def file_digests(course: Course) -> Parts:
    """Return the digests of a course's files by their paths."""
    query = select(CourseFile.path, CourseFile.sha256).where(CourseFile.course_id == course.id)
    return dict(db.session.execute(query).tuples().all())


def digest(said: Any) -> str:
    """Return a digest of a document."""
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _said(activity: ActivityContent) -> Any:
    if isinstance(activity, LessonContent):
        return [written.lesson(activity), activity.body]
    if isinstance(activity, LabContent):
        return [written.lab(activity), written.lab_texts(activity)]
    return written.quiz(activity)
