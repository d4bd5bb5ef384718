"""Loading labs for people who aren't their students: who may not help in one doesn't learn that it exists."""

import uuid

from models import Course, Lab, LabSession, User
from services import policy
from services.courses import members
from services.courses.outlines import activity
from services.errors import NotFound
from services.labs import sessions


def helped(session_id: uuid.UUID, user: User) -> LabSession:
    """Return a lab in which the person may help; NotFound otherwise."""
    found = sessions.load(session_id)
    if not policy.may_help_in_lab(user, found, members.role_of(user.id, found.course)):
        raise NotFound
    return found


def shared(session_id: uuid.UUID, user: User) -> LabSession:
    """Return a lab that is the person's own, or in which they may help."""
    found = sessions.load(session_id)
    return found if policy.owns_lab(user, found) else helped(session_id, user)


def lab_id_of(course: Course, slug: str | None) -> int | None:
    """Return the ID of the course's lab called `slug`; None for an empty one, which means all labs."""
    return activity(course, slug, Lab).id if slug else None
