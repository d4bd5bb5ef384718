"""The files of its course that a question points at: one that isn't there is refused, as an import refuses it.

Otherwise students would see a picture that is missing, and the course's export couldn't be imported.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from sqlalchemy import select

from extensions import db
from models import Course, CourseFile
from reasons import Code, Reason
from services import markdown
from services.bank.versions import Wording
from services.errors import InvalidInput
from services.quizzes.lab_checks import NotInCourse


def require(course: Course, said: Wording) -> None:
    """Raise InvalidInput, or NotInCourse for a field of the type's own, where a file isn't in the course."""
    own = {path: name for name, value in said.spec.items() for path in _paths(value)}
    shared = {"prompt": said.prompt, "feedback": said.feedback, "hints": [hint.text for hint in said.hints]}
    named = {path: name for name, value in shared.items() for path in _paths(value)}
    wanted = own.keys() | named.keys()
    if not wanted:
        return
    there = select(CourseFile.path).where(CourseFile.course_id == course.id, CourseFile.path.in_(wanted))
    for path in sorted(wanted - set(db.session.scalars(there))):
        fault = Reason(Code.PATH_UNKNOWN, path=path)
        raise InvalidInput(named[path], fault) if path in named else NotInCourse(own[path], fault)


def paths_of(said: Wording) -> set[str]:
    """Return the paths of the course's files that a question names."""
    return paths_in([said.spec, said.prompt, said.feedback, [hint.text for hint in said.hints]])


def paths_in(texts: list[Any]) -> set[str]:
    """Return the paths of the course's files that texts name, which may stand in lists and objects."""
    return set(_paths(texts))


def _paths(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from (unquote(path.partition("?")[0].partition("#")[0]) for path, _line in markdown.files_of(value))
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _paths(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _paths(each)
