"""A lab's checks: asked for by the student, run by the scheduler, rewarded once."""

import re
import unicodedata
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased, joinedload

from extensions import db
from models import CheckRun, Completion, Lab, LabCheck, LabSession, PointEntry
from models.lab_session import RUNNING
from reasons import Code, Reason
from services import leases, live, timelines
from services.courses import progress
from services.errors import Conflict, NotFound
from services.labs import running_labs
from services.leaderboards import points
from services.quizzes import lab_answers

MAX_OUTPUT = 4096
RETRIES = leases.Retries(most=3)
# How many checks of one lab run at once. A student can stop a check, which then takes its whole time.
AT_ONCE = 2
# Colours and cursor movements, ECMA-48 5.4: without their ESC they would stay behind as "[31m".
ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


def request(lab_session: LabSession, check_id: int, *, now: datetime) -> None:
    """Queue a check of the lab. A second click joins the run that is open."""
    check = db.session.scalar(
        select(LabCheck).where(LabCheck.id == check_id, LabCheck.lab_id == lab_session.lab_id, ~LabCheck.is_archived)
    )
    if check is None:
        raise NotFound
    if lab_session.state != RUNNING:
        raise Conflict("Start the lab first: a check looks into the running machine.")
    try:
        with db.session.begin_nested():
            db.session.add(CheckRun(session_id=lab_session.id, check_id=check.id, requested_at=now))
    except IntegrityError:
        return
    # Using the checks is using the lab.
    running_labs.used([(lab_session.id, {"check": now.isoformat()}, now)])
    live.lab_changed(lab_session.id)
    live.nudge("checks")


def request_step(lab_session: LabSession, step_id: int, *, now: datetime) -> None:
    """Queue every check of a step, in their order."""
    ids = db.session.scalars(
        select(LabCheck.id)
        .where(LabCheck.step_id == step_id, LabCheck.lab_id == lab_session.lab_id, ~LabCheck.is_archived)
        .order_by(LabCheck.position, LabCheck.id)
    ).all()
    if not ids:
        raise NotFound
    for check_id in ids:
        request(lab_session, check_id, now=now)


def claim(now: datetime, held: Collection[int] = ()) -> CheckRun | None:
    """Take the oldest run that waits, or that its scheduler lost; None if there is none."""
    other = aliased(CheckRun)
    running = select(func.count()).where(other.session_id == CheckRun.session_id, other.state == "running")
    has_turn = running.scalar_subquery() < AT_ONCE
    run = leases.next_due(
        CheckRun,
        now,
        or_(CheckRun.state == "running", (CheckRun.state == "queued") & has_turn),
        order_by=[CheckRun.requested_at],
        but=held,
        options=[joinedload(CheckRun.session), joinedload(CheckRun.check)],
    )
    if run is not None:
        # The try is counted now, so that a run which kills its scheduler each time ends, too.
        leases.set_on(run, {"state": "running", "tries": leases.tries_of(run), **leases.held(now)})
        live.lab_changed(run.session_id)
    return run


def finish(
    run: CheckRun,
    *,
    is_passed: bool,
    output: bytes,
    is_timed_out: bool = False,
    is_truncated: bool = False,
    now: datetime,
) -> None:
    """Write the outcome of a run, if it is still open, and what it earns."""
    # Of two runs that pass at once, neither would see that the other was the last check: one waits here.
    db.session.execute(select(LabSession.id).where(LabSession.id == run.session_id).with_for_update())
    reason = cut_short(run.check.timeout_s if is_timed_out else None, is_truncated=is_truncated)
    if not _close(run, "passed" if is_passed else "failed", now, output=readable(output), reason=reason):
        return
    kind = "check_passed" if is_passed else "check_failed"
    timelines.note(run.session_id, kind, now, check=run.check.title, check_id=run.check_id)
    lab_answers.record(run, is_passed=is_passed, now=now)
    if is_passed:
        _reward(run, now)
    live.lab_changed(run.session_id)


def put_off(run: CheckRun, *, now: datetime) -> None:
    """Try a run again that the backend couldn't carry out; after three times, or without a machine, say so.

    One that was taken over meanwhile, and may have ended, is its new holder's.
    """
    held = db.session.get(CheckRun, run.id, populate_existing=True, with_for_update=True)
    if held is None or held.state != "running" or held.holder != leases.holder():
        return
    tries = run.tries + 1
    if RETRIES.is_over(tries) or run.session.state != RUNNING:
        _close(run, "error", now)
    else:
        leases.set_on(run, {"state": "queued", **RETRIES.later(tries, now)})
    live.lab_changed(run.session_id)


def due(now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask for the time at which a run is due: one that waits, or one whose lease has run out."""
    return leases.due(CheckRun, now, CheckRun.state.in_(("queued", "running")))


def oldest(_now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask since when the first run waits."""
    return select(func.min(CheckRun.requested_at)).where(CheckRun.state == "queued").scalar_subquery()


def readable(output: bytes) -> str:
    """Return output as text that a page and a database can bear, cut to 4 kB."""
    plain = ESCAPES.sub("", output[:MAX_OUTPUT].decode(errors="replace").replace("\r\n", "\n"))
    return "".join(char for char in plain if char in "\n\t" or unicodedata.category(char) != "Cc").strip("\n")


def cut_short(limit_s: int | None, *, is_truncated: bool) -> Reason | None:
    """Return why there is no more of a check's output: it was stopped after `limit_s`, or printed too much."""
    reasons = [Reason(Code.CHECK_PRINTED_MORE, limit_kb=MAX_OUTPUT // 1024)] if is_truncated else []
    if limit_s is not None:
        reasons.append(Reason(Code.CHECK_TOO_SLOW, limit_s=limit_s))
    return Reason.all_of(reasons) if reasons else None


def _close(run: CheckRun, state: str, now: datetime, *, output: str = "", reason: Reason | None = None) -> bool:
    changed = db.session.execute(
        update(CheckRun)
        .where(CheckRun.id == run.id, CheckRun.state.in_(("queued", "running")))
        .values(state=state, output=output, reason=reason, finished_at=now, **leases.FREE)
        .returning(CheckRun.id)
        .execution_options(synchronize_session=False)
    ).scalar()
    db.session.refresh(run)
    return changed is not None


def _reward(run: CheckRun, now: datetime) -> None:
    lab_session, check = run.session, run.check
    if check.is_archived:
        # It left the course while it ran.
        return
    points.award(
        user_id=lab_session.user_id,
        course_id=lab_session.course_id,
        source=f"check:{check.id}",
        kind="check",
        points=check.points,
        now=now,
    )
    if not _open_checks(lab_session.user_id, lab_session.lab_id):
        progress.complete(lab_session.user_id, lab_session.lab, now=now)


def complete_those_who_passed(lab: Lab, now: datetime) -> None:
    """Note that a lab is finished for those who have passed every check that it still has."""
    has_checks = select(LabCheck.id).where(LabCheck.lab_id == lab.id, ~LabCheck.is_archived)
    if db.session.scalar(has_checks.limit(1)) is None:
        return
    finished = select(Completion.user_id).where(Completion.activity_id == lab.id)
    passed = select(LabSession.user_id).join(CheckRun, CheckRun.session_id == LabSession.id).distinct()
    passed = passed.where(LabSession.lab_id == lab.id, CheckRun.state == "passed", LabSession.user_id.not_in(finished))
    for user_id in db.session.scalars(passed).all():
        if not _open_checks(user_id, lab.id):
            progress.complete(user_id, lab, now=now)


def _open_checks(user_id: int, lab_id: int) -> int:
    """Count the lab's checks that the student has never passed."""
    earned = select(PointEntry.id).where(
        PointEntry.user_id == user_id, PointEntry.source == func.concat("check:", LabCheck.id)
    )
    passed = (
        select(CheckRun.id)
        .join(LabSession, LabSession.id == CheckRun.session_id)
        .where(CheckRun.check_id == LabCheck.id, CheckRun.state == "passed", LabSession.user_id == user_id)
    )
    query = select(func.count()).where(
        LabCheck.lab_id == lab_id, ~LabCheck.is_archived, ~earned.exists(), ~passed.exists()
    )
    return db.session.scalar(query) or 0
