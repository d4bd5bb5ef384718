"""Loads labs and what is saved of them, with the right to them, as `access.py` does the rest."""

import uuid

from flask_babel import gettext as _

from blueprints import access
from models import Course, Lab, LabSave, LabSession, User
from services import policy
from services.courses import members
from services.courses.outlines import activity
from services.errors import Conflict, Forbidden, NotFound
from services.labs import sessions
from services.saves import store


def planned_lab(slug: str, lab_slug: str, user: User) -> Lab:
    """Return a lab whose warm machines the person plans."""
    found_course, role = access.course(slug, user)
    if not policy.may_plan_labs(user, role):
        raise Forbidden(_("Only teachers decide what is kept warm."))
    return activity(found_course, lab_slug, Lab)


def own_lab(session_id: uuid.UUID, user: User) -> LabSession:
    """Return the person's own lab, also after they left its course: to read it, end it, take the keyboard back."""
    lab_session = sessions.load(session_id)
    if not policy.owns_lab(user, lab_session):
        raise NotFound
    return lab_session


def lab(session_id: uuid.UUID, user: User) -> LabSession:
    """Return the person's own lab, to work in it, if they are in its course."""
    lab_session = own_lab(session_id, user)
    role = members.role_of(user.id, lab_session.course)
    if not policy.may_see_course(user, lab_session.course, role) or not policy.may_study(user, role):
        raise Forbidden(_("You are no longer in this course."))
    return lab_session


def running_lab(session_id: uuid.UUID, user: User) -> LabSession:
    """Return the person's own running lab; raise Conflict if it doesn't run."""
    lab_session = lab(session_id, user)
    if lab_session.state != "running":
        raise Conflict(_("The lab isn't running."))
    return lab_session


def helped_lab(session_id: uuid.UUID, user: User) -> LabSession:
    """Return somebody else's lab, for who may help in it; for others it is NotFound."""
    lab_session = sessions.load(session_id)
    if not policy.may_help_in_lab(user, lab_session, members.role_of(user.id, lab_session.course)):
        raise NotFound
    return lab_session


def shared_lab(session_id: uuid.UUID, user: User) -> LabSession:
    """Return the person's own lab, or one in which they may help."""
    lab_session = sessions.load(session_id)
    is_own = policy.owns_lab(user, lab_session)
    if not is_own and not policy.may_help_in_lab(user, lab_session, members.role_of(user.id, lab_session.course)):
        raise NotFound
    return lab_session


def lab_with_timeline(session_id: uuid.UUID, user: User) -> LabSession:
    """Return a lab whose timeline the person may read."""
    lab_session = sessions.load(session_id)
    if not policy.may_see_timeline(user, lab_session, members.role_of(user.id, lab_session.course)):
        raise NotFound
    return lab_session


def save(save_id: int, user: User) -> LabSave:
    """Return work that was saved from the person's own lab."""
    save = store.load(save_id)
    if not policy.owns_save(user, save):
        raise NotFound
    return save


def lab_id_of(course: Course, slug: str | None) -> int | None:
    """Return the ID of the course's lab called `slug`; None for an empty one, which means all labs."""
    return activity(course, slug, Lab).id if slug else None
