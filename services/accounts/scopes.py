"""What a token may do: `read` and `write` for all of the API, or one area's, such as `bank:write`; and in which course.

A token never may more than its owner: scopes take away, they give nothing.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import select

from extensions import db
from models import Activity, Attempt, Course, LabSave, LabSession, Regrade

ACTIONS = ("read", "write")
# A new area of the API is a row here, and one of `AREA_WORDS` in blueprints/auth/scope_words.py.
AREAS = (
    "account",
    "attempts",
    "audit",
    "bank",
    "content",
    "courses",
    "events",
    "generations",
    "grades",
    "labs",
    "people",
    "platforms",
    "points",
    "practice",
    "quizzes",
    "users",
)
OF_AREAS = tuple(f"{area}:{action}" for area in AREAS for action in ACTIONS)
SCOPES = ACTIONS + OF_AREAS


def allow(held: Sequence[str], needed: str) -> bool:
    """Say whether a token that holds `held` may do what needs a scope."""
    return needed in held or needed.partition(":")[2] in held


def _of_activity(column: Any, key: Any) -> Callable[[Any], Any]:
    return lambda value: (
        select(Activity.course_id).join_from(Activity, column.class_, Activity.id == column).where(key == value)
    )


# By what an address names: how the course is found that it belongs to.
COURSE_OF: dict[str, Callable[[Any], Any]] = {
    "slug": lambda slug: select(Course.id).where(Course.slug == slug.replace("\x00", "")),
    "attempt_id": _of_activity(Attempt.quiz_id, Attempt.id),
    "regrade_id": _of_activity(Regrade.quiz_id, Regrade.id),
    "save_id": _of_activity(LabSave.lab_id, LabSave.id),
    "session_id": lambda session_id: select(LabSession.course_id).where(LabSession.id == session_id),
}


def course_of(names: dict[str, Any]) -> int | None:
    """Return the course of what an address names; None where there is none, or nothing that belongs to one."""
    for name, asking in COURSE_OF.items():
        if name in names:
            value = names[name]
            is_too_large = isinstance(value, int) and value >= 2**63
            return None if is_too_large else db.session.scalar(asking(value))
    return None


def is_of_course(names: Sequence[str]) -> bool:
    """Say whether an address that names such things belongs to a course."""
    return any(name in COURSE_OF for name in names)
