"""The students' work that hangs on a course's activities, by the activities' names."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from sqlalchemy import Select, func, select

from extensions import db
from models import Activity, Attempt, AttemptItem, Completion, LabSession
from models.lab_session import ENDED


@dataclass
class Work:
    """What hangs on activities: whose, and how much of each kind. Open ones are still at it."""

    who: set[int] = field(default_factory=set)
    completions: int = 0
    attempts: int = 0
    open_attempts: int = 0
    answers: int = 0
    sessions: int = 0
    open_sessions: int = 0

    def counts(self, but: tuple[str, ...] = ()) -> dict[str, int]:
        """Return how much there is of each, and of how many people."""
        said = {name: count for name, count in asdict(self).items() if name not in ("who", *but)}
        return {"people": len(self.who), **said}


COUNTED = [each.name for each in fields(Work) if each.name != "who"]


def added(works: Iterable[Work]) -> Work:
    """Return the work on several activities together."""
    total = Work()
    for work in works:
        total.who |= work.who
        for name in COUNTED:
            setattr(total, name, getattr(total, name) + getattr(work, name))
    return total


def of_course(course_id: int) -> dict[str, Work]:
    """Return the work on each activity that has any, archived ones, too: four questions whatever their number."""
    found: dict[str, Work] = {}
    is_open, runs = func.count().filter(Attempt.closed_at.is_(None)), func.count().filter(LabSession.state != ENDED)
    for query, names in (
        (_each(Completion.activity_id, Completion.user_id), ("completions",)),
        (_each(Attempt.quiz_id, Attempt.user_id, is_open), ("attempts", "open_attempts")),
        (_each(LabSession.lab_id, LabSession.user_id, runs), ("sessions", "open_sessions")),
    ):
        for kind, slug, user_id, *counts in db.session.execute(query.where(Activity.course_id == course_id)):
            name = f"{kind} {slug}"
            work = found.setdefault(name, Work())
            work.who.add(user_id)
            for counted, count in zip(names, counts, strict=True):
                setattr(work, counted, getattr(work, counted) + count)
    answers = (
        select(Activity.kind, Activity.slug, func.count())
        .join(Attempt, Attempt.quiz_id == Activity.id)
        .join(AttemptItem, AttemptItem.attempt_id == Attempt.id)
        .where(Activity.course_id == course_id, AttemptItem.response.is_not(None))
    )
    for kind, slug, count in db.session.execute(answers.group_by(Activity.kind, Activity.slug)):
        found[f"{kind} {slug}"].answers = count
    return found


def _each(activity_id: Any, user_id: Any, *counts: Any) -> Select[Any]:
    """Ask for each activity and person how much there is of a kind."""
    query: Select[Any] = select(Activity.kind, Activity.slug, user_id, func.count(), *counts)
    return query.join(Activity, Activity.id == activity_id).group_by(Activity.kind, Activity.slug, user_id)
