"""Trials: students run their programs before they hand in, by the tests that aren't hidden or with input of their own.

A trial is a row of `grading_runs` that marks nothing: one for a question of an attempt, which the next one takes over.
The scheduler carries it out as it does the runs that grade (`services/labs/grading_runs.py`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import Attempt, AttemptItem, GradingRun, Lab, Quiz
from models.grading_run import RUN_QUEUED, RUN_RUNNING
from question_types import Spec, TestsInLab, type_of
from question_types.base import CaseInLab
from reasons import Code, Reason
from services import leases, live
from services.errors import Conflict, InvalidInput, NotFound
from services.quizzes import breaks, places
from services.quizzes.runs import TOPIC, tests_of

MAX_INPUT = 10_000


class Over(Conflict):
    """This attempt is over: nothing can be run in it any more."""


class OnBreak(Conflict):
    """In a break the questions are put away, and nothing can be run."""


class StillRunning(Conflict):
    """Your program is still running. What it prints is shown here when it has ended."""


def request(attempt_id: int, position: int, program: object, stdin: str | None, *, now: datetime) -> GradingRun:
    """Ask for a trial of a program, in the place of the one before: with `stdin`, or by the tests that aren't hidden.

    One that still waits keeps its place in the queue, and runs the newer program. Raise StillRunning while one runs,
    OnBreak in a break, Over where the attempt is over, NotFound where the question's author allows no such trial, and
    InvalidInput for "response" or "input".
    """
    place = places.lock(attempt_id, position)
    tests = tests_of(place.version.kind, place.version.spec)
    if tests is None or not tests.tried(stdin):
        raise NotFound
    if place.is_over(now):
        raise Over
    attempt = db.session.get_one(Attempt, attempt_id)
    if breaks.of(attempt, now).until is not None:
        raise OnBreak
    cleaned = type_of(place.version.kind).clean(place.version.spec, program)
    # What is no answer, such as an unchanged beginning, may be tried all the same.
    text = str(cleaned if cleaned is not None else program or "")
    if not text.strip():
        raise InvalidInput("response", Reason(Code.PROGRAM_EMPTY))
    if stdin is not None and "\x00" in stdin:
        raise InvalidInput("input", Reason(Code.TEXT_WITH_NUL))
    made = _write(attempt, position, text, stdin, tests, now)
    live.nudge(TOPIC)
    live.attempt_changed(attempt_id, position=position, trial=RUN_QUEUED)
    return made


def _write(
    attempt: Attempt, position: int, program: str, stdin: str | None, tests: TestsInLab, now: datetime
) -> GradingRun:
    of_course = select(Quiz.course_id).where(Quiz.id == attempt.quiz_id).scalar_subquery()
    lab_id = select(Lab.id).where(Lab.course_id == of_course, Lab.slug == tests.lab, ~Lab.is_archived)
    fresh: dict[str, Any] = {
        "state": RUN_QUEUED,
        "program": program,
        "stdin": stdin,
        "lab_id": lab_id.scalar_subquery(),
    }
    fresh |= {"tries": 0, "outcomes": [], "reason": None, "finished_at": None, **leases.FREE}
    row = insert(GradingRun).values(
        attempt_id=attempt.id, position=position, user_id=attempt.user_id, is_trial=True, requested_at=now, **fresh
    )
    waited = case((GradingRun.state == RUN_QUEUED, GradingRun.requested_at), else_=now)
    there = ["attempt_id", "position", "is_trial"]
    row = row.on_conflict_do_update(
        index_elements=there,
        index_where=GradingRun.regrade_id.is_(None),
        set_={**fresh, "requested_at": waited},
        where=GradingRun.state != RUN_RUNNING,
    )
    made: GradingRun | None = db.session.scalar(row.returning(GradingRun).execution_options(populate_existing=True))
    if made is None:
        raise StillRunning
    return made


def allowed(kind: str, spec: Spec) -> dict[str, bool]:
    """Say what may be tried of a question's program: its tests that aren't hidden, and input of the student's own."""
    tests = tests_of(kind, spec)
    return {"cases": bool(tests and tests.tried(None)), "input": bool(tests and tests.tried(""))}


def of_item(attempt_id: int, position: int) -> GradingRun | None:
    """Return the newest trial of a question; None where there was none."""
    mine = (GradingRun.attempt_id == attempt_id, GradingRun.position == position, GradingRun.is_trial)
    return db.session.scalar(select(GradingRun).where(*mine).execution_options(populate_existing=True))


def ahead_of(run: GradingRun) -> int:
    """Count the runs, of tests and trials, that get a machine before this one, which waits."""
    older = func.row(GradingRun.requested_at, GradingRun.id) < func.row(run.requested_at, run.id)
    query = select(func.count()).select_from(GradingRun).where(GradingRun.state == RUN_QUEUED, older)
    query = query.where(GradingRun.regrade_id.is_(None))
    return db.session.scalar(query) or 0


def cases_of(tests: TestsInLab, run: GradingRun) -> list[CaseInLab]:
    """Return what a run runs: all tests, or what a trial is allowed to."""
    return tests.tried(run.stdin) if run.is_trial else list(tests.cases)


def program_of(run: GradingRun, item: AttemptItem) -> str:
    """Return the program that a run runs: the answer, or what was sent for the trial."""
    return str(run.program if run.is_trial else item.response)
