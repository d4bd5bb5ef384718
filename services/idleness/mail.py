"""Mail about labs: that one is going to stop, and why."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from extensions import db
from models import Course, Lab, LabSession, Mail, User
from services import live, markdown, plain
from services.idleness.rules import Verdict

# A mail takes its time: one that would come too late isn't sent.
LEAST_NOTICE = timedelta(minutes=2)

IDLE = """Hello {name},

your lab “{lab}” of the course “{course}” hasn't been used for a while ({why}).
It stops at {at}, unless you use it, or press “Keep it longer” on its page:

{url}

What is in its home is saved before it stops, and is there again when you start it the next time.
"""
AGE = """Hello {name},

your lab “{lab}” of the course “{course}” has reached its longest life. It stops at {at}, whether it is used or not:

{url}

What is in its home is saved before it stops, and is there again when you start it the next time.
"""


def warn(lab_session: LabSession, decided: Verdict, why: str, public_url: str, now: datetime) -> Mail | None:
    """Write the mail that says when a lab stops; None where it would come too late."""
    if decided.at is None or decided.at - now < LEAST_NOTICE:
        return None
    user = db.session.get_one(User, lab_session.user_id)
    lab, course = db.session.get_one(Lab, lab_session.lab_id), db.session.get_one(Course, lab_session.course_id)
    title = plain.sentence(markdown.plain(lab.title))
    at = f"{decided.at.astimezone(ZoneInfo(user.time_zone)):%H:%M} ({user.time_zone})"
    text = (IDLE if decided.reason == "idle" else AGE).format(
        name=plain.sentence(user.display_name),
        lab=title,
        course=plain.sentence(markdown.plain(course.title)),
        why=why,
        at=at,
        url=f"{public_url.rstrip('/')}/courses/{course.slug}/labs/{lab.slug}",
    )
    urgency = "Last warning: your" if decided.is_last else "Your"
    mail = Mail(
        recipient=user.email,
        subject=f"{urgency} lab “{title}” stops at {at}",
        body_text=text,
        useless_at=decided.at,
    )
    db.session.add(mail)
    live.nudge("mail")
    return mail
