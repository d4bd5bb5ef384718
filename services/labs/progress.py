"""How far a student is in a lab: its checks and steps, and which solutions they may read.

A step that is passed shows its solution. Before that, a student who has failed one of its checks often enough may ask
for it, which stands in the lab's timeline. Until then nothing of it leaves this module.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, func, literal, select, true
from sqlalchemy.orm import aliased

from extensions import db
from models import CheckRun, LabCheck, LabEvent, LabSession, LabStep
from services import timelines
from services.errors import Conflict, NotFound

# So many failed runs of one check say that somebody is stuck, not impatient.
FAILURES = 5
SHOWN = "solution_shown"


def of_checks(lab_session: LabSession) -> list[dict[str, Any]]:
    """Return the lab's checks as their student sees them: one statement. `failures` counts in all their sessions."""
    run, other, owner = aliased(CheckRun), aliased(CheckRun), aliased(LabSession)
    # A reset gives a new machine: what ran on the one before says nothing about it.
    newest = (
        select(run.state, run.output, run.reason)
        .where(run.session_id == lab_session.id, run.check_id == LabCheck.id)
        .where(run.requested_at >= literal(lab_session.started_at, DateTime(timezone=True)))
        .order_by(run.id.desc())
        .limit(1)
        .lateral()
    )
    theirs = (
        select(func.count().filter(other.state == "passed"), func.count().filter(other.state == "failed"))
        .join_from(other, owner, owner.id == other.session_id)
        .where(other.check_id == LabCheck.id, owner.user_id == lab_session.user_id)
        .lateral()
    )
    passes, failures = theirs.c
    query = (
        select(LabCheck.id, LabCheck.step_id, LabCheck.points, LabCheck.hint_html)
        .add_columns(newest.c.state, newest.c.output, newest.c.reason, passes, failures)
        .select_from(LabCheck)
        .outerjoin(newest, newest.c.state.is_not(None))
        .join(theirs, true())
        .where(LabCheck.lab_id == lab_session.lab_id, ~LabCheck.is_archived)
        .order_by(LabCheck.position, LabCheck.id)
    )
    return [
        {
            "id": check_id,
            "step_id": step_id,
            "state": state or "idle",
            "is_passed": passed > 0,
            "failures": failed,
            "points": points,
            "output": output or "",
            "reason": reason,
            "hint_html": hint_html or None if state == "failed" else None,
        }
        for check_id, step_id, points, hint_html, state, output, reason, passed, failed in db.session.execute(query)
    ]


def of_steps(lab_session: LabSession, checks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each step of the lab, in order: one statement.

    `checks` are the lab's checks with `step_id`, `is_passed` and `failures`. A step without checks is never passed by
    itself: its solution is there for the asking.
    """
    # Steps are replaced by position: the title tells a step from the one that stood there before.
    asked = (
        select(LabEvent.id)
        .join(LabSession, LabSession.id == LabEvent.session_id)
        .where(LabSession.user_id == lab_session.user_id, LabSession.lab_id == lab_session.lab_id)
        .where(LabEvent.kind == SHOWN, LabEvent.detail["step"].as_integer() == LabStep.id)
        .where(LabEvent.detail["title"].as_string() == LabStep.title)
        .exists()
    )
    query = select(LabStep.id, LabStep.solution_html, asked).where(LabStep.lab_id == lab_session.lab_id)
    return [
        _step(step_id, html, is_asked, [check for check in checks if check["step_id"] == step_id])
        for step_id, html, is_asked in db.session.execute(query.order_by(LabStep.position))
    ]


def _step(step_id: int, html: str, is_asked: bool, checks: list[dict[str, Any]]) -> dict[str, Any]:
    passed = sum(1 for check in checks if check["is_passed"])
    is_passed = bool(checks) and passed == len(checks)
    is_shown = bool(html) and (is_passed or is_asked)
    is_stuck = not checks or any(check["failures"] >= FAILURES for check in checks if not check["is_passed"])
    return {
        "id": step_id,
        "is_passed": is_passed,
        "passed": passed,
        "total": len(checks),
        "has_solution": bool(html),
        "solution_html": html if is_shown else None,
        "can_ask": bool(html) and not is_shown and is_stuck,
    }


def show_solution(lab_session: LabSession, step_id: int, *, now: datetime) -> None:
    """Open a step's solution for the student who asks, and note that they did. Again is harmless."""
    # Two clicks at once note it once.
    db.session.execute(select(LabSession.id).where(LabSession.id == lab_session.id).with_for_update())
    step_row = next((step for step in of_steps(lab_session, of_checks(lab_session)) if step["id"] == step_id), None)
    if step_row is None or not step_row["has_solution"]:
        raise NotFound
    if step_row["solution_html"] is None and not step_row["can_ask"]:
        raise Conflict(f"Try on: you can read the solution once a check of this step has failed {FAILURES} times.")
    if step_row["can_ask"]:
        step = db.session.get_one(LabStep, step_id)
        timelines.note(lab_session.id, SHOWN, now, step=step_id, number=step.position, title=step.title)
        db.session.flush()
