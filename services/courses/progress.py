"""What a student has finished, and the points that reading earns."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import Activity, Completion, Course, CourseTotal, Enrolment, Lesson
from services.courses import members
from services.courses.outlines import Entry, outlines
from services.leaderboards import points


@dataclass(frozen=True)
class Card:
    """A course as its student's home page shows it."""

    course: Course
    role: str
    done: int
    total: int
    next: Entry | None
    points: int


def complete(user_id: int, activity: Activity, *, now: datetime) -> bool:
    """Note that an activity is finished; return whether that is new."""
    row = insert(Completion).values(user_id=user_id, activity_id=activity.id, completed_at=now)
    written = db.session.execute(row.on_conflict_do_nothing().returning(Completion.activity_id)).scalar()
    return written is not None


def reopen(user_id: int, activity: Activity) -> None:
    """Note that an activity isn't finished any more: marks were lowered, and it isn't passed."""
    db.session.execute(
        delete(Completion).where(Completion.user_id == user_id, Completion.activity_id == activity.id),
        execution_options={"synchronize_session": False},
    )


def complete_lesson(user_id: int, lesson: Lesson, *, now: datetime) -> bool:
    """Note that a lesson is read, and award its points once."""
    is_new = complete(user_id, lesson, now=now)
    points.award(
        user_id=user_id,
        course_id=lesson.course_id,
        source=f"lesson:{lesson.id}",
        kind="lesson",
        points=lesson.points,
        now=now,
    )
    return is_new


def cards(user_id: int) -> list[Card]:
    """Return a person's courses, with how far they are and what comes next. Three queries, whatever their number."""
    mine: list[Enrolment] = members.enrolments_of(user_id)
    if not mine:
        return []
    ids = [enrolment.course_id for enrolment in mine]
    finished = select(Activity.course_id, Completion.activity_id).join_from(
        Completion, Activity, Activity.id == Completion.activity_id
    )
    done: dict[int, set[int]] = {}
    for course_id, activity_id in db.session.execute(
        finished.where(Completion.user_id == user_id, Activity.course_id.in_(ids), ~Activity.is_archived)
    ):
        done.setdefault(course_id, set()).add(activity_id)
    totals = select(CourseTotal.course_id, CourseTotal.points).where(
        CourseTotal.user_id == user_id, CourseTotal.course_id.in_(ids)
    )
    earned = dict(db.session.execute(totals).tuples().all())
    drawn = outlines([enrolment.course for enrolment in mine])
    return [
        _card(enrolment, drawn[enrolment.course_id].entries, done.get(enrolment.course_id, set()), earned)
        for enrolment in mine
    ]


def _card(enrolment: Enrolment, entries: list[Entry], done: set[int], earned: dict[int, int]) -> Card:
    course = enrolment.course
    following = next((entry for entry in entries if entry.id not in done), None)
    return Card(course, enrolment.role, len(done), len(entries), following, earned.get(course.id, 0))
