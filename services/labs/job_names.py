"""The names of jobs, by which backends and operators know labs."""

import uuid

from models import LabSession

MAX_JOB_ID = 100


def job_id(course: str, lab: str, handle: str, session_id: uuid.UUID) -> str:
    """Return the name of a session for backends and operators: `lab-<course>-<lab>-<handle>-<8 hex>`.

    At most 100 characters: long slugs are cut, the handle and the session's digits never.
    """
    tail = f"-{handle}-{session_id.hex[:8]}"
    room = MAX_JOB_ID - len("lab--") - len(tail)
    course = course[: max(room // 2, room - len(lab))]
    return f"lab-{course}-{lab[: room - len(course)]}{tail}"


def next_job_id(lab_session: LabSession) -> str:
    """Return a name for the session's next machine that none of its machines had.

    Whoever is late with the one before, a process that was paused, then has nothing in hand that reaches the new one.
    """
    names = lab_session.course.slug, lab_session.lab.slug, lab_session.user.handle
    return job_id(*names, uuid.uuid5(lab_session.id, lab_session.job_id))
