"""A class at work: students with labs in every state."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from extensions import db
from models import CheckRun, LabSession
from models.lab_session import QUEUED, RUNNING
from tests.factories import Cast, EnrolmentFactory, UserFactory


def add_student(cast: Cast, now: datetime, *, name: str = "", **values: Any) -> LabSession:
    """Enrol a student with a running lab."""
    user = UserFactory(**({"handle": name, "display_name": name.title()} if name else {}))
    EnrolmentFactory(course=cast.course, user=user)
    session_id = uuid.uuid4()
    kept = {
        "state": RUNNING,
        "queued_at": now - timedelta(minutes=30),
        "started_at": now - timedelta(minutes=15),
        "last_active_at": now - timedelta(minutes=1),
        "expires_at": now + timedelta(hours=8),
        "node": "node-1",
        **values,
    }
    if kept["state"] == QUEUED:
        kept |= {"started_at": None, "last_active_at": None, "expires_at": None, "node": ""}
    found = LabSession(
        id=session_id,
        user_id=user.id,
        lab_id=cast.lab.id,
        course_id=cast.course.id,
        job_id=f"lab-{session_id}",
        **kept,
    )
    db.session.add(found)
    db.session.flush()
    return found


def add_runs(lab_session: LabSession, cast: Cast, now: datetime, *states: str) -> None:
    """Let the check have run, a minute apart, the last one now."""
    for place, state in enumerate(states):
        at = now - timedelta(minutes=len(states) - 1 - place)
        db.session.add(
            CheckRun(session_id=lab_session.id, check_id=cast.check.id, state=state, requested_at=at, finished_at=at)
        )
        db.session.flush()


def add_class(cast: Cast, now: datetime, size: int) -> list[LabSession]:
    """Let a class work: two thirds run, the others wait."""
    return [
        add_student(
            cast, now, queued_at=now - timedelta(minutes=30, seconds=-n), state=QUEUED if n % 3 == 2 else RUNNING
        )
        for n in range(size)
    ]
