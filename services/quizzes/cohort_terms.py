"""What holds for a cohort at one quiz, where a student of it has nothing of their own. Open attempts follow."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from extensions import db
from models import Attempt, Cohort, CohortOverride, Enrolment, Quiz
from services import audit
from services.courses import cohorts
from services.quizzes.accommodations import OVERRIDE, check_times, move_deadlines


def override_of(quiz: Quiz, cohort_id: int) -> dict[str, Any]:
    """Return what holds for a cohort at a quiz."""
    row = db.session.get(CohortOverride, (quiz.id, cohort_id))
    return {name: getattr(row, name) if row is not None else usual for name, usual in OVERRIDE.items()}


def of_quiz(quiz: Quiz) -> dict[int, CohortOverride]:
    """Return what holds for cohorts at a quiz, by their ID."""
    rows = db.session.scalars(select(CohortOverride).where(CohortOverride.quiz_id == quiz.id))
    return {row.cohort_id: row for row in rows}


def of_cohort(cohort_id: int | None) -> dict[int, CohortOverride]:
    """Return what holds for a cohort, by quiz; nothing for nobody's cohort."""
    rows = db.session.scalars(select(CohortOverride).where(CohortOverride.cohort_id == cohort_id))
    return {row.quiz_id: row for row in rows} if cohort_id is not None else {}


def set_override(quiz: Quiz, cohort: Cohort, given: Mapping[str, Any], *, now: datetime) -> None:
    """Change what holds for a cohort at a quiz; what says nothing is taken away."""
    before = override_of(quiz, cohort.id)
    values = {**before, **given}
    check_times(quiz, values)
    if changed := audit.differences(before, values):
        audit.note("cohort_override.changed", quiz.course_id, quiz=quiz.slug, cohort=cohort.name, changed=changed)
    row = db.session.get(CohortOverride, (quiz.id, cohort.id))
    if row is not None and values == OVERRIDE:
        db.session.delete(row)
    elif row is not None:
        for name, value in values.items():
            setattr(row, name, value)
    elif values != OVERRIDE:
        db.session.add(CohortOverride(quiz_id=quiz.id, cohort_id=cohort.id, **values))
    db.session.flush()
    move_deadlines(Enrolment.cohort_id == cohort.id, Attempt.quiz_id == quiz.id, now=now)


def put(place: Enrolment, cohort: Cohort | None, *, now: datetime) -> None:
    """Put somebody into a cohort, or with None into no one; their open attempts end as that cohort's do."""
    cohorts.put(place, cohort)
    move_deadlines(Attempt.user_id == place.user_id, Quiz.course_id == place.course_id, now=now)


def remove(cohort: Cohort, *, now: datetime) -> None:
    """Remove a cohort, and what held for it."""
    members = select(Enrolment.user_id).where(Enrolment.cohort_id == cohort.id)
    user_ids, course_id = list(db.session.scalars(members)), cohort.course_id
    cohorts.remove(cohort)
    move_deadlines(Attempt.user_id.in_(user_ids), Quiz.course_id == course_id, now=now)
