"""What a run of tests says of an answer: its marks, once; or that a person has to give them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import select

from extensions import db
from models import Attempt, AttemptItem, GradingRun, QuestionVersion
from models.grading_run import RUN_DONE, RUN_ERROR, RUN_RUNNING
from models.marks import exact
from question_types import type_of
from reasons import Reason
from services import changes, leases, live
from services.quizzes import grading, reruns

MAX_SHOWN = 2_000


@dataclass(frozen=True)
class Outcome:
    """How one test ended, and the beginning of what was printed; of a trial also of the errors, and its status."""

    is_passed: bool
    output: str
    is_timed_out: bool = False
    is_truncated: bool = False
    errors: str = ""
    exit_code: int | None = None


def finish(run_id: int, job_id: str, outcomes: Sequence[Outcome], *, now: datetime) -> bool:
    """Write what the tests said, and the marks that follow from it; False where the run isn't the caller's any more.

    Marks that a person has given meanwhile stay. The last marks of an attempt give it its score and its points. A trial
    marks nothing; the run of a regrade moves what that holds for, and a draft's is read by its preview.
    """
    attempt_id = db.session.scalar(select(GradingRun.attempt_id).where(GradingRun.id == run_id))
    # The attempt first, as for everybody who gives marks.
    db.session.execute(select(Attempt.id).where(Attempt.id == attempt_id).with_for_update())
    run = close(run_id, job_id, RUN_DONE, now, outcomes=[asdict(outcome) for outcome in outcomes])
    if run is None:
        return False
    if run.is_trial:
        live.attempt_changed(run.attempt_id, position=run.position, trial=RUN_DONE)
        return True
    if run.regrade_id is not None:
        _follow(run, now)
        return True
    item = db.session.get_one(AttemptItem, (run.attempt_id, run.position), populate_existing=True)
    version = db.session.get_one(QuestionVersion, item.version_id)
    share = type_of(version.kind).grade_tests(version.spec, [outcome.is_passed for outcome in outcomes])
    marks = max(share * exact(item.own_points) - item.hint_cost, Fraction(0))
    if item.own_score is None:
        grading.remark(item, version, marks, now=now)
    live.attempt_changed(run.attempt_id, graded=True)
    return True


def give_up(run_id: int, job_id: str, reason: Reason, *, now: datetime) -> bool:
    """Leave the answer to a person, and say why, or end a trial; False where the run isn't the caller's any more."""
    attempt_id = db.session.scalar(select(GradingRun.attempt_id).where(GradingRun.id == run_id))
    db.session.execute(select(Attempt.id).where(Attempt.id == attempt_id).with_for_update())
    run = close(run_id, job_id, RUN_ERROR, now, reason=reason)
    if run is not None and run.regrade_id is not None:
        _follow(run, now)
    elif run is not None:
        live.attempt_changed(run.attempt_id, graded=True)
    return run is not None


def _follow(run: GradingRun, now: datetime) -> None:
    """Let an answer that was handed in while a regrade held be worth what its tests say."""
    if reruns.holds(run):
        item = db.session.get_one(AttemptItem, (run.attempt_id, run.position), populate_existing=True)
        version = db.session.get_one(QuestionVersion, item.version_id)
        grading.remark(item, version, item.own_score, now=now)
        live.attempt_changed(run.attempt_id, graded=True)


def close(run_id: int, job_id: str, state: str, now: datetime, **values: object) -> GradingRun | None:
    """End a run with what came of it; None where it isn't the caller's any more."""
    mine = (GradingRun.id == run_id, GradingRun.state == RUN_RUNNING, GradingRun.job_id == job_id)
    return changes.one(GradingRun, *mine, state=state, finished_at=now, **values, **leases.FREE)
