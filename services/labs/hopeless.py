"""Labs that can never start on this site: their teachers are told, and nobody waits for them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import joinedload

from extensions import db
from models import Course, Enrolment, Lab, LabSession, Mail, User
from models.lab_session import QUEUED
from services import live, markdown, plain
from services.capacity import placement
from services.labs import gate, lifecycle
from services.labs.gate import OF_LAB, Site, Why

# Students press again, and others press, too: a teacher hears of a lab once a day.
AGAIN = timedelta(days=1)
# Machines come back, and a cluster that begins has few: whoever waits already isn't sent away at once.
PATIENCE = timedelta(minutes=5)
# How a session's end says it; the page has the words in the reader's language.
DETAILS: dict[Why, str] = {
    "off": "Labs are not set up here.",
    "driver": "No machine that there is can run labs of this kind.",
    "size": "This lab needs a larger machine than there is.",
}
TEXT = """Hello {name},

the lab “{lab}” of your course “{course}” can’t start on this site, and its students are told so when they try:

{url}

{why}

{remedy}
"""
WHY: dict[Why, str] = {
    "driver": "No machine here runs labs of the kind “{template}”.",
    "size": "It needs {cpu} MHz of CPU, {memory} MB of memory and {disk} MB of disk; no machine here has as much.",
}
REMEDY = "Import the course with a smaller lab, or ask the people who run this site. `flask labs plan` tells them more."


def faults(course: Course, site: Site) -> list[tuple[Lab, Why]]:
    """Return the labs of the course that can never start here, and why."""
    query = select(Lab).where(Lab.course_id == course.id, ~Lab.is_archived).order_by(Lab.position, Lab.id)
    checked = [(lab, gate.hindrance(lab, site)) for lab in db.session.scalars(query)]
    return [(lab, why) for lab, why in checked if why is not None and why in OF_LAB]


def words(lab: Lab, why: Why) -> str:
    """Say in a sentence with figures why the lab can't start."""
    needs = placement.needs_of(lab.cpu_mhz, lab.memory_mb, lab.template)
    disk_mb = lab.disk_mb + placement.OWN_DISK_MB
    return WHY[why].format(template=lab.template, cpu=needs.cpu_mhz, memory=needs.memory_mb, disk=disk_mb)


def tell_teachers(lab: Lab, why: Why, public_url: str, now: datetime) -> int:
    """Write to the teachers of the lab's course, unless they heard of it today; return how many there are."""
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))"), {"what": f"hopeless:{lab.id}"})
    course = db.session.get_one(Course, lab.course_id)
    subject = f"The lab “{_named(lab)}” of “{_named(course)}” can’t start"
    recent = select(Mail.recipient).where(Mail.subject == subject, Mail.created_at > now - AGAIN)
    told = set(db.session.scalars(recent))
    teachers = _teachers(course)
    for teacher in teachers:
        if teacher.email not in told:
            db.session.add(
                Mail(recipient=teacher.email, subject=subject, body_text=_text(lab, course, teacher, why, public_url))
            )
            live.nudge("mail")
    return len(teachers)


def end_waiting(site: Site, public_url: str, now: datetime) -> int:
    """End what waits for a machine that can't come, and tell the teachers; return how many there were."""
    query = (
        select(LabSession)
        .options(joinedload(LabSession.lab))
        .where(LabSession.state == QUEUED, LabSession.queued_at < now - PATIENCE)
        .order_by(LabSession.lab_id, LabSession.queued_at)
    )
    known: dict[int, Why | None] = {}
    ended = 0
    for lab_session in db.session.scalars(query).all():
        lab = lab_session.lab
        if lab.id not in known:
            known[lab.id] = gate.hindrance(lab, site)
        why = known[lab.id]
        if why is None:
            continue
        if lifecycle.start_failed(lab_session, DETAILS[why], now):
            ended += 1
            if why in OF_LAB:
                tell_teachers(lab, why, public_url, now)
    if ended:
        live.places_changed()
    return ended


def _named(row: Course | Lab) -> str:
    return plain.sentence(markdown.plain(row.title))


def _teachers(course: Course) -> Sequence[User]:
    query = select(User).join(Enrolment, Enrolment.user_id == User.id)
    query = query.where(Enrolment.course_id == course.id, Enrolment.role == "teacher", func.length(User.email) > 0)
    return db.session.scalars(query.order_by(User.id)).all()


def _text(lab: Lab, course: Course, teacher: User, why: Why, public_url: str) -> str:
    return TEXT.format(
        name=plain.sentence(teacher.display_name),
        lab=_named(lab),
        course=_named(course),
        url=f"{public_url.rstrip('/')}/courses/{course.slug}/labs/{lab.slug}",
        why=words(lab, why),
        remedy=REMEDY,
    )
