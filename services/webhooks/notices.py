"""Mail about a webhook that nothing is sent to any more, to the teachers of its course."""

from urllib.parse import urlsplit

from sqlalchemy import func, select

from extensions import db
from models import Enrolment, Mail, User, Webhook
from models.webhook import GONE
from reasons import N_, Catalogue
from services import live, markdown, plain

SUBJECT = N_("A webhook of “%(course)s” was switched off")
FAILED_FOR_DAYS = N_(
    """Hello %(name)s,

the webhook of your course “%(course)s” to %(host)s was switched off: its receiver has taken nothing for days. \
What happens in the course isn’t sent there any more.

Its log says what the receiver answered, and you can switch it on again:

%(url)s

What was missed meanwhile is in the course’s feed of events, as long as that is kept.
"""
)
SAID_GONE = N_(
    """Hello %(name)s,

the webhook of your course “%(course)s” to %(host)s was switched off: its receiver answered that it is gone (410). \
What happens in the course isn’t sent there any more.

You can change its address, and switch it on again:

%(url)s
"""
)


def tell_teachers(webhook: Webhook, public_url: str) -> None:
    """Write to the teachers, as part of the caller's transaction."""
    course = webhook.course
    query = select(User).join(Enrolment, Enrolment.user_id == User.id)
    query = query.where(Enrolment.course_id == course.id, Enrolment.role == "teacher", func.length(User.email) > 0)
    for teacher in db.session.scalars(query.order_by(User.id)).all():
        catalogue = Catalogue(teacher.language)
        values = {
            "name": plain.sentence(teacher.display_name),
            "course": plain.sentence(markdown.plain(course.title)),
            "host": urlsplit(webhook.url).hostname or "",
            "url": f"{public_url.rstrip('/')}/courses/{course.slug}/webhooks/{webhook.id}",
        }
        body = catalogue.gettext(SAID_GONE if webhook.disabled_because == GONE else FAILED_FOR_DAYS) % values
        about = f"webhook:{webhook.id}"
        subject = catalogue.gettext(SUBJECT) % values
        db.session.add(Mail(recipient=teacher.email, about=about, subject=subject, body_text=body))
        live.nudge("mail")
