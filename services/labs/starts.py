"""Every way to start a lab, behind the one gate (`labs/gate.py`): a page, its script and the API come through here."""

from datetime import datetime

from extensions import db
from models import Course, Lab, LabSave, LabSession, User
from models.lab_session import QUEUED, RUNNING
from services.courses import members
from services.errors import Conflict
from services.labs import gate, lifecycle, sessions
from services.labs.gate import OF_LAB, Refused, Site


def start(
    user: User, lab: Lab, course: Course, role: str | None, site: Site, *, now: datetime, is_fresh: bool = False
) -> LabSession:
    """Ask for a machine, with the newest save or (`is_fresh`) without; raise Refused.

    A student who has a machine already gets that one, even if the lab couldn't be started any more.
    """
    try:
        gate.admit(lab, role, site)
    except Refused as refused:
        there = sessions.active_for(user.id, lab.id) if refused.why in OF_LAB else None
        if there is None or there.state == QUEUED:
            raise
        return there
    return lifecycle.queue(user, lab, course, now=now, is_fresh=is_fresh)


def reset(lab_session: LabSession, site: Site, *, now: datetime) -> None:
    """Save the lab, and start it anew; raise Refused, for a machine that is given back must come again."""
    role = members.role_of(lab_session.user_id, lab_session.course)
    gate.admit(lab_session.lab, role, site)
    lifecycle.reset(lab_session, now)


def restore(user: User, save: LabSave, site: Site, *, now: datetime) -> LabSession:
    """Give the save to the next machine of a running lab, which is saved and reset, of one that waits, or of a new one.

    Conflict while the machine comes up or goes; Refused where none can come.
    """
    lab = db.session.get_one(Lab, save.lab_id)
    course = db.session.get_one(Course, lab.course_id)
    gate.admit(lab, members.role_of(save.user_id, course), site)
    lab_session = sessions.active_for(user.id, save.lab_id)
    if lab_session is None:
        return lifecycle.queue(user, lab, course, now=now, is_fresh=True, restore_id=save.id)
    if lab_session.state == RUNNING:
        lifecycle.reset(lab_session, now, restore_id=save.id)
    elif lab_session.state != QUEUED or not lifecycle.begin_with(lab_session, save.id):
        raise Conflict("The machine is just starting or stopping. Please try again in a moment.")
    return lab_session
