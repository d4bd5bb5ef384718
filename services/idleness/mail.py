"""Mail about labs: that one is going to stop, and why."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from extensions import db
from models import Course, Lab, LabSession, Mail, User
from reasons import N_, Catalogue, listed
from services import live, markdown, plain
from services.idleness import evidence
from services.idleness.rules import Verdict

# A mail takes some time: with less notice than this, none is sent.
LEAST_NOTICE = timedelta(minutes=2)

SUBJECT = N_("Your lab “%(lab)s” stops at %(at)s")
LAST_SUBJECT = N_("Last warning: your lab “%(lab)s” stops at %(at)s")
IDLE = N_(
    """Hello %(name)s,

your lab “%(lab)s” of the course “%(course)s” hasn't been used for a while (%(why)s).
It stops at %(at)s, unless you use it, or press “Keep it longer” on its page:

%(url)s

What is in its home is saved before it stops, and is there again when you start it the next time.
"""
)
AGE = N_(
    """Hello %(name)s,

your lab “%(lab)s” of the course “%(course)s” has reached its longest life. \
It stops at %(at)s, whether it is used or not:

%(url)s

What is in its home is saved before it stops, and is there again when you start it the next time.
"""
)


def warn(
    lab_session: LabSession, decided: Verdict, facts: Mapping[str, Any], public_url: str, now: datetime
) -> Mail | None:
    """Write the mail that says when a lab stops, and why by the facts of its evidence; None where it comes too late."""
    if decided.at is None or decided.at - now < LEAST_NOTICE:
        return None
    user = db.session.get_one(User, lab_session.user_id)
    lab, course = db.session.get_one(Lab, lab_session.lab_id), db.session.get_one(Course, lab_session.course_id)
    catalogue = Catalogue(user.language)
    values = {
        "name": plain.sentence(user.display_name),
        "lab": plain.sentence(markdown.plain(lab.title)),
        "course": plain.sentence(markdown.plain(course.title)),
        "why": listed(evidence.reasons(facts), catalogue),
        "at": f"{decided.at.astimezone(ZoneInfo(user.time_zone)):%H:%M} ({user.time_zone})",
        "url": f"{public_url.rstrip('/')}/courses/{course.slug}/labs/{lab.slug}",
    }
    mail = Mail(
        recipient=user.email,
        subject=catalogue.gettext(LAST_SUBJECT if decided.is_last else SUBJECT) % values,
        body_text=catalogue.gettext(IDLE if decided.reason == "idle" else AGE) % values,
        useless_at=decided.at,
    )
    db.session.add(mail)
    live.nudge("mail")
    return mail
