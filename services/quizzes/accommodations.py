"""What students get beyond the others, and that it reaches attempts that are open.

An attempt's deadline is a column, which the scheduler reads. Whoever changes what it depends on computes it anew here,
by a compare-and-set: an attempt that was closed meanwhile stays closed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, select
from sqlalchemy.orm import contains_eager

from database.prepared import KEEPS_PLAN
from extensions import db
from models import Accommodation, Attempt, CohortOverride, Course, Enrolment, Quiz, QuizOverride
from models.attempt import IN_PROGRESS
from reasons import Code, Reason
from services import audit
from services.errors import InvalidInput
from services.policy import STAFF
from services.quizzes import breaks, lifecycle
from services.quizzes.terms import Granted, Terms, terms_of

PROFILE = {"time_percent": 100, "extra_minutes": 0, "break_minutes": 0, "extra_attempts": 0, "idle_percent": 100}
OWN_TIMES = ("opens_at", "due_at", "closes_at")
OVERRIDE: dict[str, Any] = {**dict.fromkeys(OWN_TIMES), "extra_minutes": 0, "extra_attempts": 0}
Standing = tuple[list[Attempt], Granted]


def standing(user_id: int, quiz: Quiz, *, is_fresh: bool = True) -> Standing:
    """Return a person's attempts at a quiz, the newest first, and what they are granted. One statement.

    With is_fresh attempts that the session knows are read anew, and lose their items.
    """
    given = {"asks": user_id, "quiz": quiz.id}
    rows = db.session.execute(_standing(is_fresh), given).tuples().all()
    granted = Granted(*rows[0][1:]) if rows else Granted()
    return [row[0] for row in rows if row[0] is not None], granted


@cache
def _standing(is_fresh: bool) -> Select[*tuple[Any, ...]]:
    """Build the question of each quiz's front page and of each start once."""
    asks, quiz = bindparam("asks", type_=BigInteger), bindparam("quiz", type_=BigInteger)
    query = (
        select(Attempt, Accommodation, QuizOverride, CohortOverride)
        .select_from(Quiz)
        .outerjoin(Attempt, (Attempt.quiz_id == Quiz.id) & (Attempt.user_id == asks))
        .where(Quiz.id == quiz)
        .order_by(Attempt.number.desc())
        .execution_options(populate_existing=is_fresh, **KEEPS_PLAN)
    )
    return _with_grants(query, asks)


def granted(quiz: Quiz) -> dict[int, Granted]:
    """Return what each person with an attempt at a quiz is granted, by their ID. One statement."""
    query = (
        select(Attempt.user_id, Accommodation, QuizOverride, CohortOverride)
        .join(Quiz, Quiz.id == Attempt.quiz_id)
        .where(Quiz.id == quiz.id)
    )
    return {user_id: Granted(*rows) for user_id, *rows in db.session.execute(_with_grants(query, Attempt.user_id))}


def _with_grants(query: Select[*tuple[Any, ...]], user_id: Any) -> Select[*tuple[Any, ...]]:
    """Join what somebody is granted at each quiz of a query, and their place in its course."""
    return (
        query.outerjoin(Accommodation, (Accommodation.course_id == Quiz.course_id) & (Accommodation.user_id == user_id))
        .outerjoin(QuizOverride, (QuizOverride.quiz_id == Quiz.id) & (QuizOverride.user_id == user_id))
        .outerjoin(Enrolment, (Enrolment.course_id == Quiz.course_id) & (Enrolment.user_id == user_id))
        .outerjoin(CohortOverride, _of_cohort())
    )


def _of_cohort() -> ColumnElement[bool]:
    return (CohortOverride.quiz_id == Quiz.id) & (CohortOverride.cohort_id == Enrolment.cohort_id)


def profile_of(course: Course, user_id: int) -> dict[str, Any]:
    """Return what a person gets in all quizzes of a course."""
    row = db.session.get(Accommodation, (course.id, user_id))
    return {name: getattr(row, name) if row is not None else usual for name, usual in PROFILE.items()}


def set_profile(course: Course, user_id: int, given: Mapping[str, Any], *, now: datetime) -> None:
    """Change what a person gets in all quizzes of a course; open attempts follow at once."""
    before = profile_of(course, user_id)
    values = {**before, **given}
    if changed := audit.differences(before, values):
        audit.note("accommodation.changed", course.id, person_id=user_id, changed=changed)
    row = db.session.get(Accommodation, (course.id, user_id))
    if row is None:
        db.session.add(Accommodation(course_id=course.id, user_id=user_id, **values))
    else:
        for name, value in values.items():
            setattr(row, name, value)
    db.session.flush()
    move_deadlines(Attempt.user_id == user_id, Quiz.course_id == course.id, now=now)


def override_of(quiz: Quiz, user_id: int) -> dict[str, Any]:
    """Return what holds for a person at one quiz alone."""
    row = db.session.get(QuizOverride, (quiz.id, user_id))
    return {name: getattr(row, name) if row is not None else usual for name, usual in OVERRIDE.items()}


def overrides_of(course: Course, user_id: int) -> dict[int, QuizOverride]:
    """Return a person's overrides in a course by quiz."""
    query = select(QuizOverride).join(Quiz, Quiz.id == QuizOverride.quiz_id)
    rows = db.session.scalars(query.where(Quiz.course_id == course.id, QuizOverride.user_id == user_id))
    return {row.quiz_id: row for row in rows}


def open_attempts(course: Course, user_id: int) -> Sequence[Attempt]:
    """Return a person's open attempts in a course, with their quizzes."""
    query = select(Attempt).join(Attempt.quiz).options(contains_eager(Attempt.quiz))
    is_theirs = (Attempt.user_id == user_id, Attempt.state == IN_PROGRESS, Quiz.course_id == course.id)
    return db.session.scalars(query.where(*is_theirs).order_by(Attempt.id)).all()


def set_override(quiz: Quiz, user_id: int, given: Mapping[str, Any], *, now: datetime) -> None:
    """Change what holds for a person at one quiz; an open attempt follows at once. What says nothing is taken away."""
    before = override_of(quiz, user_id)
    values = {**before, **given}
    check_times(quiz, values)
    if changed := audit.differences(before, values):
        audit.note("override.changed", quiz.course_id, person_id=user_id, quiz=quiz.slug, changed=changed)
    row = db.session.get(QuizOverride, (quiz.id, user_id))
    if row is not None and values == OVERRIDE:
        db.session.delete(row)
    elif row is not None:
        for name, value in values.items():
            setattr(row, name, value)
    elif values != OVERRIDE:
        db.session.add(QuizOverride(quiz_id=quiz.id, user_id=user_id, **values))
    db.session.flush()
    move_deadlines(Attempt.user_id == user_id, Attempt.quiz_id == quiz.id, now=now)


def check_times(quiz: Quiz, values: Mapping[str, Any]) -> None:
    """Raise InvalidInput for times that can't stand beside each other, or beside the quiz's."""
    opens, due, closes = (values[name] or getattr(quiz, name) for name in OWN_TIMES)
    if opens and closes and opens >= closes:
        raise InvalidInput("closes_at", Reason(Code.TIMES_TURNED_ROUND))
    if due and ((opens and due < opens) or (closes and due > closes)):
        raise InvalidInput("due_at", Reason(Code.DUE_OUTSIDE))


def move_deadlines(*which: Any, now: datetime) -> int:
    """Compute the deadlines of open attempts anew; return how many moved. Their pages are told.

    Each row is locked until the commit, in the order of the keys: the scheduler skips it, and then sees the new time.
    """
    query = (
        select(Attempt, Quiz, Accommodation, QuizOverride, CohortOverride, Enrolment.role)
        .join(Quiz, Quiz.id == Attempt.quiz_id)
        .where(Attempt.state == IN_PROGRESS, *which)
        .order_by(Attempt.id)
        .with_for_update(of=Attempt)
        .execution_options(populate_existing=True)
    )
    rows = db.session.execute(_with_grants(query, Attempt.user_id)).tuples().all()
    moved = 0
    for attempt, quiz, profile, override, cohort, role in rows:
        terms = terms_of(quiz, Granted(profile, override, cohort), is_staff=role in STAFF)
        ends_at = terms.deadline(attempt.started_at, breaks.pause_of(attempt, terms.break_time))
        moved += lifecycle.move_deadline(attempt, ends_at, break_s=int(terms.break_time.total_seconds()))
    return moved


def last_close(quiz: Quiz) -> datetime | None:
    """Return when a quiz closes for the last of its students, who may have more time; None where it doesn't close."""
    return last_closes([quiz]).get(quiz.id)


def last_closes(quizzes: Sequence[Quiz]) -> dict[int, datetime]:
    """Return when quizzes close for the last of their students, by their ID, without those that don't close.

    Three statements, however many there are; none where none closes.
    """
    closing = {quiz.id: quiz for quiz in quizzes if quiz.closes_at is not None}
    if not closing:
        return {}
    courses = {quiz.course_id for quiz in closing.values()}
    of_course = select(Accommodation, Enrolment.cohort_id).select_from(Accommodation)
    profiles = _with_cohort(
        of_course.where(Accommodation.course_id.in_(courses)), Accommodation.course_id, Accommodation.user_id
    )
    of_quizzes = select(QuizOverride, Enrolment.cohort_id).join(Quiz, Quiz.id == QuizOverride.quiz_id)
    overrides = _with_cohort(of_quizzes.where(QuizOverride.quiz_id.in_(closing)), Quiz.course_id, QuizOverride.user_id)
    cohorts = db.session.scalars(select(CohortOverride).where(CohortOverride.quiz_id.in_(closing))).all()
    return {quiz.id: _last_close(quiz, profiles, overrides, cohorts) for quiz in closing.values()}


def _with_cohort(query: Any, course_id: Any, user_id: Any) -> Sequence[tuple[Any, int | None]]:
    """Return rows of single students, each with the cohort that the student is in."""
    is_theirs = (Enrolment.course_id == course_id) & (Enrolment.user_id == user_id)
    return db.session.execute(query.outerjoin(Enrolment, is_theirs)).tuples().all()


def _last_close(
    quiz: Quiz,
    profiles: Sequence[tuple[Accommodation, int | None]],
    overrides: Sequence[tuple[QuizOverride, int | None]],
    cohorts: Sequence[CohortOverride],
) -> datetime:
    by_user = {row.user_id: row for row, _cohort in profiles if row.course_id == quiz.course_id}
    own = {row.user_id: row for row, _cohort in overrides if row.quiz_id == quiz.id}
    by_cohort = {row.cohort_id: row for row in cohorts if row.quiz_id == quiz.id}
    single: list[tuple[Any, int | None]] = [*profiles, *overrides]
    cohort_of = {row.user_id: cohort for row, cohort in single if cohort is not None}
    everybody: list[Terms] = [terms_of(quiz)]
    everybody += [terms_of(quiz, Granted(cohort=row)) for row in by_cohort.values()]
    everybody += [
        terms_of(quiz, Granted(by_user.get(user), own.get(user), by_cohort.get(cohort_of.get(user, 0))))
        for user in by_user.keys() | own.keys()
    ]
    return max(terms.last_end for terms in everybody if terms.last_end is not None)
