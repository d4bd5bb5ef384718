"""Columns of platforms' gradebooks: noted when a launch names one, and shown to a course's teachers."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import joinedload

from extensions import db
from models import Activity, Course, LtiContext, LtiLineItem, LtiMember, LtiScore
from services import audit, leases, live
from services.lti import members
from services.lti.launches import Launch
from services.lti.vocabulary import SCOPE_SCORE

TOPIC = "lti"


def note(context: LtiContext, activity: Activity, launch: Launch, *, now: datetime) -> None:
    """Note the column that a launch names for its activity. A new one gets the scores of everybody who came by now."""
    if not launch.line_item_url or SCOPE_SCORE not in launch.scopes:
        return
    row = insert(LtiLineItem).values(
        context_id=context.id, activity_id=activity.id, url=launch.line_item_url, made_at=now
    )
    if not db.session.execute(row.on_conflict_do_nothing().returning(LtiLineItem.id)).all():
        return
    people = select(LtiMember.user_id).where(LtiMember.context_id == context.id, LtiMember.user_id.is_not(None))
    for user_id in db.session.scalars(people.distinct().order_by(LtiMember.user_id)).all():
        if user_id is not None:
            members.want(activity.id, user_id)
    live.nudge(TOPIC)


def of_course(course: Course) -> list[dict[str, Any]]:
    """Return the columns of a course's activities, with how many scores are there, wait, and weren't taken."""
    counts = (
        select(
            LtiScore.line_item_id,
            func.count().filter(LtiScore.sent_at.is_not(None)).label("sent"),
            func.count().filter(LtiScore.sent < LtiScore.wanted).label("waiting"),
            func.count().filter(LtiScore.reason.is_not(None)).label("refused"),
        )
        .group_by(LtiScore.line_item_id)
        .subquery()
    )
    query = (
        select(LtiLineItem, *(func.coalesce(counts.c[name], 0) for name in ("sent", "waiting", "refused")))
        .join(LtiContext, LtiContext.id == LtiLineItem.context_id)
        .outerjoin(counts, counts.c.line_item_id == LtiLineItem.id)
        .options(joinedload(LtiLineItem.activity), joinedload(LtiLineItem.context).joinedload(LtiContext.platform))
        .where(LtiContext.course_id == course.id)
        .order_by(LtiLineItem.context_id, LtiLineItem.id)
    )
    names = ("item", "sent", "waiting", "refused")
    return [dict(zip(names, row, strict=True)) for row in db.session.execute(query).tuples()]


def send_again(course: Course) -> int:
    """Send all scores of a course's columns again, and at once; return how many."""
    items = select(LtiLineItem.id).join(LtiContext, LtiContext.id == LtiLineItem.context_id)
    items = items.where(LtiContext.course_id == course.id)
    later = func.greatest(func.clock_timestamp(), LtiScore.changed_at + func.make_interval(0, 0, 0, 0, 0, 0, 0.001))
    again = update(LtiScore).where(LtiScore.line_item_id.in_(items))
    values = {"wanted": LtiScore.wanted + 1, "changed_at": later, "reason": None, "wait_until": None}
    options = {"synchronize_session": False}
    many = db.session.execute(again.values(**values).execution_options(**options).returning(LtiScore.user_id)).all()
    is_free = LtiLineItem.leased_until.is_(None)
    due = update(LtiLineItem).where(LtiLineItem.id.in_(items), is_free).values(**leases.FREE, tries=0)
    db.session.execute(due.execution_options(**options))
    audit.note("platform.scores_sent", course.id, scores=len(many))
    live.nudge(TOPIC)
    return len(many)
