"""Labs that can never start on this site: tells their teachers, and ends the sessions that wait for one."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import joinedload

from extensions import db
from models import Course, Enrolment, Lab, LabSession, Mail, User
from models.lab_session import QUEUED
from reasons import N_, Catalogue, Code, Reason, sentence
from services import live, markdown, plain
from services.capacity import placement
from services.labs import gate, lifecycle
from services.labs.gate import OF_LAB, Site, Why

# Many students may press, again and again: a teacher hears of a lab once a day.
AGAIN = timedelta(days=1)
# Machines may come back, and a new cluster has few at first: a session that waits isn't ended before this time.
PATIENCE = timedelta(minutes=5)
# The reason of the ended session.
REASON_OF: dict[Why, Reason] = {
    "off": Reason(Code.LABS_OFF),
    "driver": Reason(Code.KIND_RUNS_NOWHERE),
    "size": Reason(Code.LAB_TOO_LARGE),
}
SUBJECT = N_("The lab “%(lab)s” of “%(course)s” can’t start")
TEXT = N_(
    """Hello %(name)s,

the lab “%(lab)s” of your course “%(course)s” can’t start on this site, and its students are told so when they try:

%(url)s

%(why)s

Import the course with a smaller lab, or ask the people who run this site. `flask labs plan` tells them more.
"""
)


def faults(course: Course, site: Site) -> list[tuple[Lab, Why]]:
    """Return the labs of the course that can never start here, and why."""
    query = select(Lab).where(Lab.course_id == course.id, ~Lab.is_archived).order_by(Lab.position, Lab.id)
    checked = [(lab, gate.hindrance(lab, site)) for lab in db.session.scalars(query)]
    return [(lab, why) for lab, why in checked if why is not None and why in OF_LAB]


def reason_with_figures(lab: Lab, why: Why) -> Reason:
    """Return why the lab can't start, with what it asks for."""
    if why == "driver":
        return Reason(Code.KIND_WANTED, template=lab.template)
    needs = placement.needs_of(lab.cpu_mhz, lab.memory_mb, lab.template)
    disk_mb = lab.disk_mb + placement.OWN_DISK_MB
    return Reason(Code.SIZE_WANTED, cpu_mhz=needs.cpu_mhz, memory_mb=needs.memory_mb, disk_mb=disk_mb)


def tell_teachers(lab: Lab, why: Why, public_url: str, now: datetime) -> int:
    """Write to the teachers of the lab's course, unless they heard of it today; return how many there are."""
    db.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:what, 0))"), {"what": f"hopeless:{lab.id}"})
    course, about = db.session.get_one(Course, lab.course_id), f"hopeless:{lab.id}"
    recent = select(Mail.recipient).where(Mail.about == about, Mail.created_at > now - AGAIN)
    informed = set(db.session.scalars(recent))
    teachers = _teachers(course)
    for teacher in teachers:
        if teacher.email not in informed:
            db.session.add(_mail(lab, course, teacher, why, public_url, about))
            live.nudge("mail")
    return len(teachers)


def end_waiting(site: Site, public_url: str, now: datetime) -> int:
    """End sessions that wait for a machine which can't come; tell the teachers once a lab. Return how many ended."""
    query = (
        select(LabSession)
        .options(joinedload(LabSession.lab))
        .where(LabSession.state == QUEUED, LabSession.queued_at < now - PATIENCE)
        .order_by(LabSession.lab_id, LabSession.queued_at)
    )
    hindrances: dict[int, Why | None] = {}
    ended = 0
    to_tell: dict[int, Lab] = {}
    for lab_session in db.session.scalars(query).all():
        lab = lab_session.lab
        if lab.id not in hindrances:
            hindrances[lab.id] = gate.hindrance(lab, site)
        why = hindrances[lab.id]
        if why is not None and lifecycle.start_failed(lab_session, REASON_OF[why], now):
            ended += 1
            to_tell[lab.id] = lab
    for lab in to_tell.values():
        why = hindrances[lab.id]
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


def _mail(lab: Lab, course: Course, teacher: User, why: Why, public_url: str, about: str) -> Mail:
    catalogue = Catalogue(teacher.language)
    values = {
        "name": plain.sentence(teacher.display_name),
        "lab": _named(lab),
        "course": _named(course),
        "url": f"{public_url.rstrip('/')}/courses/{course.slug}/labs/{lab.slug}",
        "why": sentence(reason_with_figures(lab, why), catalogue),
    }
    return Mail(
        recipient=teacher.email,
        about=about,
        subject=catalogue.gettext(SUBJECT) % values,
        body_text=catalogue.gettext(TEXT) % values,
    )
