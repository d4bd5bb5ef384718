"""Runs of the tests that a regrade lets count, for answers that were handed in: asked for, counted, and read.

They are carried out as other runs are, after those that students wait for; what they say, `rules.py` makes marks of.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, Select, cast, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH, insert

from extensions import db
from models import Attempt, AttemptItem, GradingRun, Lab, QuestionVersion, Quiz, Regrade
from models.attempt import IN_PROGRESS
from models.grading_run import OPEN_RUNS, RUN_DONE, RUN_ERROR, RUN_QUEUED
from models.regrade import APPLIED, UNDONE
from reasons import Code, Reason
from services import audit, changes, leases, live
from services.errors import Refused
from services.quizzes import rules
from services.quizzes.rules import Rule, Tested
from services.quizzes.runs import TOPIC, tests_of

# Those that follow from a full machine, or a lab that is gone, are few.
MOST_REASONS = 5
# Which tests passed, without what they printed: of a class that would be many megabytes.
PASSED = func.jsonb_path_query_array(GradingRun.outcomes, cast("$[*].is_passed", JSONPATH), type_=JSONB)
SAID = (GradingRun.attempt_id, GradingRun.position, GradingRun.regrade_id, GradingRun.state, PASSED)


@dataclass(frozen=True)
class Progress:
    """How many answers are tested for a regrade: of `total`, so many are `done`, and so many `failed` to run."""

    total: int
    done: int
    failed: int

    @property
    def is_open(self) -> bool:
        """Whether some still wait, or run."""
        return self.done + self.failed < self.total


def is_tested(regrade: Regrade) -> bool:
    """Whether a regrade brings another key whose tests run in a lab."""
    return regrade.key is not None and tests_of(regrade.key.kind, regrade.key.spec) is not None


def ask(regrade: Regrade, *, now: datetime) -> None:
    """Ask for the runs of all answers that a regrade holds for, once each: one statement for any number."""
    if is_tested(regrade):
        closed = (Attempt.quiz_id == regrade.quiz_id, Attempt.state != IN_PROGRESS)
        _queue(_answers(regrade, now).where(*closed))


def retry(regrade: Regrade, *, now: datetime) -> int:
    """Let the runs of a draft, or of what holds, that could not be run wait anew, in the lab as it is now; return how
    many do. Those that run, or have run, stay: asked for twice, they run once.

    What a regrade that holds has left as it was follows its tests then.
    """
    if regrade.state == UNDONE:
        raise Refused(Reason(Code.REGRADE_OVER))
    if not is_tested(regrade):
        return 0
    anew = {"state": RUN_QUEUED, "reason": None, "finished_at": None, "requested_at": now, "tries": 0, **leases.FREE}
    failed = (GradingRun.regrade_id == regrade.id, GradingRun.state == RUN_ERROR)
    again = changes.many(GradingRun, *failed, lab_id=_lab_id(regrade), **anew)
    if again:
        live.nudge(TOPIC)
        quiz = regrade.quiz
        audit.note("regrade.tests_retried", quiz.course_id, regrade=regrade.id, quiz=quiz.slug, answers=len(again))
    return len(again)


def ask_for(attempt: Attempt, held: Iterable[tuple[str, Sequence[Rule]]], *, now: datetime) -> None:
    """Ask for the runs of an attempt that is being closed: `held` has each answer's kind, and the rules that hold."""
    wanted = {rule.id for kind, of_answer in held for rule in of_answer if rules.is_tested(rule, kind)}
    for regrade in db.session.scalars(select(Regrade).where(Regrade.id.in_(wanted))) if wanted else ():
        _queue(_answers(regrade, now).where(Attempt.id == attempt.id))


def _answers(regrade: Regrade, now: datetime) -> Select[*tuple[Any, ...]]:
    """Select what a run has of each answer; those that people have graded are left out, and those that say nothing."""
    return (
        select(
            *(AttemptItem.attempt_id, AttemptItem.position, Attempt.user_id, _lab_id(regrade)),
            *(literal(RUN_QUEUED), literal(now, GradingRun.__table__.c.requested_at.type), literal(regrade.id)),
        )
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
        .where(QuestionVersion.question_id == regrade.question_id, QuestionVersion.number <= regrade.upto)
        .where(AttemptItem.response.is_not(None), AttemptItem.graded_at.is_(None))
        .order_by(AttemptItem.attempt_id, AttemptItem.position)
    )


def _lab_id(regrade: Regrade) -> ScalarSelect[int]:
    """Ask for the lab in which the tests of a regrade run; NULL where the course doesn't have it any more."""
    key = regrade.key
    tests = tests_of(key.kind, key.spec) if key else None
    of_course = select(Quiz.course_id).where(Quiz.id == regrade.quiz_id).scalar_subquery()
    slug = tests.lab if tests else ""
    return select(Lab.id).where(Lab.course_id == of_course, Lab.slug == slug, ~Lab.is_archived).scalar_subquery()


def _queue(answers: Select[*tuple[Any, ...]]) -> None:
    names = ["attempt_id", "position", "user_id", "lab_id", "state", "requested_at", "regrade_id"]
    db.session.execute(insert(GradingRun).from_select(names, answers).on_conflict_do_nothing())
    live.nudge(TOPIC)


def progress(regrade: Regrade) -> Progress | None:
    """Return how far the tests of a regrade are; None where it has none."""
    if not is_tested(regrade):
        return None
    counts = [func.count().filter(GradingRun.state == state) for state in (RUN_DONE, RUN_ERROR)]
    query = select(func.count(), *counts).where(GradingRun.regrade_id == regrade.id)
    row = db.session.execute(query).one()
    return Progress(row[0], row[1], row[2])


def why_failed(regrade: Regrade) -> list[Reason]:
    """Return why tests of a regrade could not be run, each reason once."""
    failed = (GradingRun.regrade_id == regrade.id, GradingRun.state == RUN_ERROR, GradingRun.reason.is_not(None))
    said = db.session.scalars(select(GradingRun.reason).where(*failed).distinct().limit(MOST_REASONS))
    return [reason for reason in said if reason is not None]


def found(held: Iterable[Rule], kinds: Iterable[str]) -> dict[tuple[int, int], Tested]:
    """Return what the tests of these rules said, by attempt and position. No statement where none has tests."""
    of_kinds = set(kinds)
    tested = [rule.id for rule in held if any(rules.is_tested(rule, kind) for kind in of_kinds)]
    return _read(select(*SAID).where(GradingRun.regrade_id.in_(tested))) if tested else {}


def of_item(item: AttemptItem, kind: str, held: Iterable[Rule]) -> Tested:
    """Return what the tests of these rules said of one answer."""
    tested = [rule.id for rule in held if rules.is_tested(rule, kind)]
    if not tested:
        return {}
    mine = (GradingRun.attempt_id == item.attempt_id, GradingRun.position == item.position)
    said = _read(select(*SAID).where(*mine, GradingRun.regrade_id.in_(tested)))
    return said.get((item.attempt_id, item.position), {})


def holds(run: GradingRun) -> bool:
    """Whether the regrade of a run is applied now."""
    return db.session.scalar(select(Regrade.state).where(Regrade.id == run.regrade_id)) == APPLIED


def _read(query: Select[*tuple[Any, ...]]) -> dict[tuple[int, int], Tested]:
    said: dict[tuple[int, int], dict[int, list[bool] | None]] = {}
    ended = query.where(GradingRun.state.not_in(OPEN_RUNS))
    for attempt_id, position, rule_id, state, passed in db.session.execute(ended):
        said.setdefault((attempt_id, position), {})[rule_id] = passed if state == RUN_DONE else None
    return dict(said)
