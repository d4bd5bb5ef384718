"""Runs of the tests that grade answers: asked for when an attempt is closed, and shown to pages.

What students run before that is `trials.py`'s; machines and leases are `services/labs/grading_runs.py`'s, and what a
run is worth is `run_verdicts.py`'s.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import contains_eager

from extensions import db
from models import Attempt, AttemptItem, GradingRun, Lab, QuestionVersion, Quiz, Regrade
from models.grading_run import OPEN_RUNS, RUN_RUNNING
from models.regrade import APPLIED
from question_types import TYPES, Spec, TestsInLab
from services import live

TOPIC = "grading"


def tests_of(kind: str, spec: Spec) -> TestsInLab | None:
    """Return the tests that grade a question; None where there are none, or the type isn't there any more."""
    return TYPES[kind].tests_of(spec) if kind in TYPES else None


def version_of(run: GradingRun, item: AttemptItem) -> QuestionVersion:
    """Return the version whose tests a run runs: the answer's own, or that whose key a regrade lets count."""
    key = run.regrade.key if run.regrade else None
    return key or db.session.get_one(QuestionVersion, item.version_id)


def queue(attempt: Attempt, items: Iterable[tuple[AttemptItem, str, Spec]], *, now: datetime) -> None:
    """Ask for the runs of a closed attempt's answers that no machine has graded yet, once each. Trials have an end."""
    tested = [(item, tests) for item, kind, spec in items if (tests := tests_of(kind, spec))]
    if tested:
        waiting = (GradingRun.attempt_id == attempt.id, GradingRun.is_trial, GradingRun.state != RUN_RUNNING)
        db.session.execute(delete(GradingRun).where(*waiting).execution_options(synchronize_session=False))
    wanted = [(item, tests) for item, tests in tested if item.own_score is None]
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
    """Return the runs that grade an attempt's answers, by their position: where other tests count alone now, theirs."""
    counts_alone = (Regrade.state == APPLIED) & Regrade.change["may_lower"].as_boolean()
    query = (
        select(GradingRun)
        .outerjoin(GradingRun.regrade)
        .options(contains_eager(GradingRun.regrade).joinedload(Regrade.key))
        .where(GradingRun.attempt_id == attempt_id, ~GradingRun.is_trial)
        .where(GradingRun.regrade_id.is_(None) | counts_alone)
        .order_by(Regrade.number.nulls_first())
    )
    return {run.position: run for run in db.session.scalars(query)}


def is_being_run() -> ColumnElement[bool]:
    """Match the answers whose tests wait or run, in a query that has them."""
    return (
        select(GradingRun.id)
        .where(
            GradingRun.attempt_id == AttemptItem.attempt_id,
            GradingRun.position == AttemptItem.position,
            ~GradingRun.is_trial,
            GradingRun.state.in_(OPEN_RUNS),
        )
        .correlate(AttemptItem)
        .exists()
    )
