"""Cohorts of a course: groups of its people, each of whom is in one at most."""

from typing import Any

from sqlalchemy import func, select

from extensions import db
from models import Cohort, Course, Enrolment
from services import audit, live
from services.errors import Conflict, InvalidInput, NotFound

LONGEST_NAME = 60
MOST = 200


def of(course: Course) -> list[Cohort]:
    """Return a course's cohorts by name."""
    query = select(Cohort).where(Cohort.course_id == course.id).order_by(func.lower(Cohort.name), Cohort.id)
    return list(db.session.scalars(query))


def sizes(course: Course) -> dict[int, int]:
    """Return how many people are in each cohort."""
    query: Any = select(Enrolment.cohort_id, func.count()).where(Enrolment.course_id == course.id)
    return dict(db.session.execute(query.group_by(Enrolment.cohort_id)).tuples().all())


def load(course: Course, cohort_id: int) -> Cohort:
    """Return a cohort of the course; raise NotFound."""
    cohort = db.session.get(Cohort, cohort_id) if cohort_id < 2**63 else None
    if cohort is None or cohort.course_id != course.id:
        raise NotFound
    return cohort


def add(course: Course, name: str) -> Cohort:
    """Make a cohort; its name is its own in the course."""
    chosen = " ".join(name.replace("\x00", "").split())
    if not chosen:
        raise InvalidInput("name", "Name the cohort.")
    if len(chosen) > LONGEST_NAME:
        raise InvalidInput("name", f"{LONGEST_NAME} characters at most.")
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"cohorts:{course.id}", 0))))
    known = of(course)
    if any(cohort.name.lower() == chosen.lower() for cohort in known):
        raise InvalidInput("name", "There is a cohort of that name.")
    if len(known) >= MOST:
        raise Conflict(f"A course has {MOST} cohorts at most.")
    cohort = Cohort(course_id=course.id, name=chosen)
    db.session.add(cohort)
    db.session.flush()
    audit.note("cohort.added", course.id, cohort=cohort.id, name=chosen)
    return cohort


def remove(cohort: Cohort) -> None:
    """Remove a cohort; its people stay in the course."""
    course_id = cohort.course_id
    audit.note("cohort.removed", course_id, cohort=cohort.id, name=cohort.name)
    db.session.delete(cohort)
    db.session.flush()
    live.board_changed(course_id)


def put(place: Enrolment, cohort: Cohort | None) -> None:
    """Put somebody into a cohort, or with None into no one."""
    cohort_id, name = (cohort.id, cohort.name) if cohort else (None, None)
    if place.cohort_id != cohort_id:
        audit.note("cohort.member_put", place.course_id, person_id=place.user_id, cohort=cohort_id, name=name)
    place.cohort_id = cohort_id
    db.session.flush()
    live.board_changed(place.course_id)
