"""Runs of the tests that grade answers: asked for when an attempt is closed, and shown to pages.

Machines and leases are `services/labs/grading_runs.py`'s, what a run is worth `run_verdicts.py`'s.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import Attempt, AttemptItem, GradingRun, Lab, Quiz
from models.grading_run import OPEN_RUNS
from question_types import TYPES, Spec, TestsInLab
from services import live

TOPIC = "grading"


def tests_of(kind: str, spec: Spec) -> TestsInLab | None:
    """Return the tests that grade a question; None where there are none, or the type isn't there any more."""
    return TYPES[kind].tests_of(spec) if kind in TYPES else None


def queue(attempt: Attempt, items: Iterable[tuple[AttemptItem, str, Spec]], *, now: datetime) -> None:
    """Ask for the runs of a closed attempt's answers that no machine has graded yet, once each."""
    wanted = [(item, tests) for item, kind, spec in items if item.own_score is None and (tests := tests_of(kind, spec))]
    for item, tests in wanted:
        of_course = select(Quiz.course_id).where(Quiz.id == attempt.quiz_id).scalar_subquery()
        lab_id = select(Lab.id).where(Lab.course_id == of_course, Lab.slug == tests.lab, ~Lab.is_archived)
        row = insert(GradingRun).values(
            attempt_id=attempt.id,
            position=item.position,
            user_id=attempt.user_id,
            lab_id=lab_id.scalar_subquery(),
            state="queued",
            requested_at=now,
        )
        db.session.execute(row.on_conflict_do_nothing())
    if wanted:
        live.nudge(TOPIC)


def of_attempt(attempt_id: int) -> dict[int, GradingRun]:
    """Return the runs of an attempt's answers, by their position."""
    runs = db.session.scalars(select(GradingRun).where(GradingRun.attempt_id == attempt_id))
    return {run.position: run for run in runs}


def is_being_run() -> ColumnElement[bool]:
    """Match the answers whose tests wait or run, in a query that has them."""
    return (
        select(GradingRun.id)
        .where(
            GradingRun.attempt_id == AttemptItem.attempt_id,
            GradingRun.position == AttemptItem.position,
            GradingRun.state.in_(OPEN_RUNS),
        )
        .correlate(AttemptItem)
        .exists()
    )
