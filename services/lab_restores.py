"""Beginning a lab anew with work that was saved before."""

from datetime import datetime

from extensions import db
from models import Course, Lab, LabSave, LabSession, User
from models.lab_session import QUEUED, RUNNING
from services import labs
from services.errors import Conflict


def restore(user: User, save: LabSave, *, now: datetime) -> LabSession:
    """Give the save to the next machine of a running lab, which is saved and reset, of one that waits, or of a new one.

    Conflict while the machine comes up or goes.
    """
    found = labs.active_for(user.id, save.lab_id)
    if found is None:
        lab = db.session.get_one(Lab, save.lab_id)
        course = db.session.get_one(Course, lab.course_id)
        return labs.request(user, lab, course, now=now, is_fresh=True, restore_id=save.id)
    if found.state == RUNNING:
        labs.reset(found, now, restore_id=save.id)
    elif found.state != QUEUED or not labs.change(found, QUEUED, is_fresh=True, restore_id=save.id):
        raise Conflict("The machine is just starting or stopping. Please try again in a moment.")
    return found
