"""A platform that nobody calls, and a course that is connected with one of its."""

from extensions import db
from models import Activity, Course, LtiContext, LtiLineItem, LtiPlatform, utcnow
from services.lti import platforms
from services.outbound import Outbound
from tests.lti.launching import CLIENT, CONTEXT, DEPLOYMENT, ISSUER


def add_platform(name: str = "Moodle") -> LtiPlatform:
    """Register a platform."""
    values = {"name": name, "issuer": ISSUER, "client_id": CLIENT, "deployments": [DEPLOYMENT]}
    urls = {f"{what}_url": f"{ISSUER}/{what}" for what in ("auth", "token", "keys")}
    return platforms.put(None, {**values, **urls}, Outbound())


def connect(platform: LtiPlatform, course: Course, context_id: str = CONTEXT, title: str = "Shell 7b") -> LtiContext:
    """Connect a course of the platform with one here."""
    context = LtiContext(
        platform_id=platform.id,
        deployment_id=DEPLOYMENT,
        context_id=context_id,
        title=title,
        course_id=course.id,
        linked_at=utcnow(),
        members_url=f"{ISSUER}/members",
    )
    db.session.add(context)
    db.session.flush()
    return context


def add_column(context: LtiContext, activity: Activity) -> LtiLineItem:
    """Have an activity fill a column of the platform's gradebook."""
    url = f"{ISSUER}/columns/{activity.id}"
    item = LtiLineItem(context_id=context.id, activity_id=activity.id, url=url, made_at=utcnow())
    db.session.add(item)
    db.session.flush()
    return item
