"""Which course here a course of a platform is connected with, and who gets into it from there."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from extensions import db
from models import Activity, Course, Enrolment, LtiContext, LtiPlatform, User
from reasons import Code, Reason
from services import audit
from services.courses import members
from services.errors import NotFound, Refused
from services.lti import line_items
from services.lti import members as roster
from services.lti.launches import Launch
from services.lti.refusals import LtiRefused


def of_launch(launch: Launch) -> LtiContext | None:
    """Return the connection of the course that a launch comes from, if there is one."""
    query = select(LtiContext).options(joinedload(LtiContext.course)).where(*_of(launch))
    return db.session.scalar(query)


def connect(launch: Launch, course: Course, user: User, *, now: datetime) -> LtiContext:
    """Connect a course of a platform with one here, once and for all; the caller has asked who may.

    Refused where it is connected with another one: links that were made there would lead elsewhere.
    """
    row = insert(LtiContext).values(
        platform_id=launch.platform_id,
        deployment_id=launch.deployment_id,
        context_id=launch.context_id,
        title=launch.context_title,
        course_id=course.id,
        linked_by_id=user.id,
        linked_at=now,
    )
    is_new = bool(db.session.execute(row.on_conflict_do_nothing().returning(LtiContext.id)).all())
    context = db.session.scalars(select(LtiContext).where(*_of(launch))).one()
    if context.course_id != course.id:
        raise Refused(Reason(Code.LTI_CONNECTED_ELSEWHERE))
    if is_new:
        audit.note("platform.connected", course.id, **_told(context))
    return context


def enter(launch: Launch, context: LtiContext, user: User, *, now: datetime) -> Activity | None:
    """Give somebody their place in the course of a launch; return the activity that its link means, None for all of it.

    Who has a place keeps it as it is. Raise LtiRefused for a link that was picked in another course, and for people who
    have no place in the platform's.
    """
    course = context.course
    if launch.course and launch.course != course.slug:
        raise LtiRefused(Code.LTI_OTHER_COURSE, course=course.title)
    if members.place_of(course, user) is None:
        if launch.role is None:
            raise LtiRefused(Code.LTI_NO_ROLE)
        if not course.is_published and launch.role == "student":
            raise LtiRefused(Code.LTI_NOT_PUBLISHED, course=course.title)
        row = insert(Enrolment).values(user_id=user.id, course_id=course.id, role=launch.role, enrolled_at=now)
        db.session.execute(row.on_conflict_do_nothing())
    if launch.members_url and context.members_url != launch.members_url:
        context.members_url = launch.members_url
    if context.title != launch.context_title and launch.context_title:
        context.title = launch.context_title
    activity = None
    if launch.activity:
        query = select(Activity).where(
            Activity.course_id == course.id, Activity.slug == launch.activity, ~Activity.is_archived
        )
        activity = db.session.scalar(query)
    roster.note(context, launch, user, now=now)
    if activity is not None:
        line_items.note(context, activity, launch, now=now)
    return activity


def taught_by(user: User) -> list[Course]:
    """Return the courses that somebody may connect: those that they teach, by title."""
    query = select(Course).join(Enrolment, Enrolment.course_id == Course.id)
    query = query.where(Enrolment.user_id == user.id, Enrolment.role == "teacher").order_by(Course.title, Course.id)
    return list(db.session.scalars(query))


def of_course(course: Course) -> list[LtiContext]:
    """Return what a course is connected with, by platform."""
    query = select(LtiContext).join(LtiContext.platform).options(joinedload(LtiContext.platform))
    query = query.where(LtiContext.course_id == course.id).order_by(LtiPlatform.name, LtiContext.title, LtiContext.id)
    return list(db.session.scalars(query))


def load(course: Course, context_id: int) -> LtiContext:
    """Return a connection of a course; raise NotFound."""
    context = db.session.get(LtiContext, context_id) if context_id < 2**63 else None
    if context is None or context.course_id != course.id:
        raise NotFound
    return context


def disconnect(course: Course, context_id: int) -> None:
    """Forget a connection; places and work stay."""
    context = load(course, context_id)
    audit.note("platform.disconnected", course.id, **_told(context))
    db.session.execute(delete(LtiContext).where(LtiContext.id == context.id))


def _told(context: LtiContext) -> dict[str, Any]:
    title = context.title or context.context_id
    return {"connection": context.id, "name": context.platform.name, "title": title}


def _of(launch: Launch) -> tuple[ColumnElement[bool], ...]:
    return (
        LtiContext.platform_id == launch.platform_id,
        LtiContext.deployment_id == launch.deployment_id,
        LtiContext.context_id == launch.context_id,
    )
