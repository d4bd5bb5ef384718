"""A lab as its page shows it: steps with their checks, and the labs of one's courses."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import contains_eager

from extensions import db
from models import Activity, Course, Enrolment, Lab, LabCheck, LabStep, Module


def steps(lab: Lab) -> list[dict[str, Any]]:
    """Return [{step, checks}] in order, without archived checks. Two queries."""
    steps = db.session.scalars(select(LabStep).where(LabStep.lab_id == lab.id).order_by(LabStep.position))
    checks = db.session.scalars(
        select(LabCheck)
        .where(LabCheck.lab_id == lab.id, ~LabCheck.is_archived)
        .order_by(LabCheck.position, LabCheck.id)
    ).all()
    return [{"step": step, "checks": [check for check in checks if check.step_id == step.id]} for step in steps]


def offered_to(user_id: int) -> list[Lab]:
    """Return the labs of a person's courses, with their courses, in the courses' order."""
    query = (
        select(Lab)
        .join(Course, Course.id == Activity.course_id)
        .join(Module, Module.id == Activity.module_id)
        .join(Enrolment, (Enrolment.course_id == Course.id) & (Enrolment.user_id == user_id))
        .where(~Lab.is_archived)
        .options(contains_eager(Lab.course))
        .order_by(Course.title, Course.id, Module.position, Lab.position, Lab.id)
    )
    return list(db.session.scalars(query))


def of_course(course: Course) -> list[Lab]:
    """Return the labs of a course in its order."""
    query = select(Lab).join(Module, Module.id == Lab.module_id).where(Lab.course_id == course.id, ~Lab.is_archived)
    return list(db.session.scalars(query.order_by(Module.position, Lab.position, Lab.id)))
