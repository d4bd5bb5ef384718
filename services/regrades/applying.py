"""Applying a regrade and taking it back: each in one transaction, the caller's.

1. Regrades of a quiz take turns. All its attempts are locked against being handed in: who hands in first is seen, who
   comes after sees the rule.
2. The quiz's row is locked, so that nobody starts an attempt meanwhile.
3. What changes is computed anew. If it isn't what the preview showed, nothing is applied.
4. Answers, attempts, completions, ledger and notes are written, each in a few statements for all students.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import Attempt, Completion, Quiz, Regrade, RegradeNote
from models.attempt import GRADED, IN_PROGRESS, NEEDS_GRADING
from models.regrade import APPLIED, DRAFT, TRANSITIONS, UNDONE
from reasons import Code, Reason
from services import changes
from services.errors import InvalidInput, Refused
from services.leaderboards import batches
from services.leaderboards.points import Given
from services.quizzes import grading, lifecycle, rules, scores
from services.regrades import plans
from services.regrades.asking import MAX_REASON
from services.regrades.plans import Line, Plan


@dataclass(frozen=True)
class Done:
    """A regrade that was applied or taken back, and how many points that gave to, or took from, whom."""

    regrade: Regrade
    plan: Plan
    points: dict[int, int]


def preview(regrade: Regrade) -> Plan:
    """Return what applying a draft would do now; of a regrade that is applied, what taking it back would."""
    held = _rules(regrade, is_undo=regrade.state == APPLIED)
    return plans.make(regrade.quiz, regrade.question_id, held)


def apply(regrade: Regrade, *, digest: str, by_id: int, now: datetime) -> Done:
    """Let a draft hold, as its preview with this digest showed it.

    Refused as stale where something was graded or handed in meanwhile, and as over where somebody else applied it.
    """
    quiz = _lock(regrade)
    _check_state(regrade, DRAFT)
    plan = plans.make(quiz, regrade.question_id, _rules(regrade, is_undo=False))
    if plan.digest != digest:
        raise Refused(Reason(Code.REGRADE_STALE))
    last = select(func.coalesce(func.max(Regrade.number), 0)).where(Regrade.quiz_id == quiz.id).scalar_subquery()
    values = {"applied_by_id": by_id, "applied_at": now, "effect": plan.effect, "number": last + 1}
    moved = _move(regrade, DRAFT, APPLIED, **values)
    given = Given(by_id, moved.reason)
    return Done(moved, plan, _write(quiz, moved, plan, given=given, is_undo=False, now=now))


def undo(regrade: Regrade, *, reason: str = "", by_id: int, now: datetime) -> Done:
    """Take a regrade back: what it did is undone, and what others did, before or after, stays."""
    reason = reason.strip()
    if len(reason) > MAX_REASON or "\x00" in reason:
        raise InvalidInput("reason", f"must be a text of at most {MAX_REASON:,} characters: the students read it")
    quiz = _lock(regrade)
    _check_state(regrade, APPLIED)
    plan = plans.make(quiz, regrade.question_id, _rules(regrade, is_undo=True))
    values = {"undone_by_id": by_id, "undone_at": now, "undo_effect": plan.effect, "undo_reason": reason}
    moved = _move(regrade, APPLIED, UNDONE, **values)
    given = Given(by_id, reason or moved.reason)
    return Done(moved, plan, _write(quiz, moved, plan, given=given, is_undo=True, now=now))


def _rules(regrade: Regrade, *, is_undo: bool) -> list[rules.Rule]:
    if is_undo:
        return plans.applied(regrade.quiz_id, regrade.question_id, but=regrade.id)
    return plans.applied(regrade.quiz_id, regrade.question_id, also=regrade)


def _lock(regrade: Regrade) -> Quiz:
    """Hold the quiz and its attempts until the commit; return the quiz as it is then."""
    turn = func.pg_advisory_xact_lock(func.hashtextextended(f"regrade:{regrade.quiz_id}", 0))
    db.session.execute(select(turn))
    # Attempts first: a start may close an old attempt before it adds a new one, which holds the quiz by its key.
    _lock_attempts(regrade.quiz_id)
    row = Quiz.__table__.c.id
    db.session.execute(select(row).where(row == regrade.quiz_id).with_for_update())
    _lock_attempts(regrade.quiz_id)
    db.session.refresh(regrade)
    return db.session.get_one(Quiz, regrade.quiz_id, populate_existing=True)


def _lock_attempts(quiz_id: int) -> None:
    mine = select(Attempt.id).where(Attempt.quiz_id == quiz_id).order_by(Attempt.id)
    # Open ones may go on being answered; handing in waits.
    db.session.execute(mine.where(Attempt.state == IN_PROGRESS).with_for_update(read=True))
    db.session.execute(mine.where(Attempt.state != IN_PROGRESS).with_for_update())


def _check_state(regrade: Regrade, wanted: str) -> None:
    if regrade.state != wanted:
        raise Refused(Reason(Code.REGRADE_OVER))


def _move(regrade: Regrade, old: str, new: str, **values: object) -> Regrade:
    if new not in TRANSITIONS[old]:
        raise ValueError(f"a regrade can't go from {old} to {new}")
    moved = changes.one(Regrade, Regrade.id == regrade.id, Regrade.state == old, state=new, **values)
    if moved is None:
        raise Refused(Reason(Code.REGRADE_OVER))
    return moved


def _write(quiz: Quiz, regrade: Regrade, plan: Plan, *, given: Given, is_undo: bool, now: datetime) -> dict[int, int]:
    """Write what changes; return the points that the ledger got, by person."""
    rules.write(
        [
            (line.attempt_id, line.position, rules.columns(line.is_ruled, line.own, line.item_after))
            for line in plan.lines
        ]
    )
    lifecycle.regrade(
        [
            (line.attempt_id, line.state, _state(line), line.after.score, line.after.points, line.credit_percent)
            for line in plan.changed
        ]
    )
    # The attempts in this session are as they were read.
    db.session.expire_all()
    if not plan.changed:
        return {}
    _complete(quiz, plan.changed, now)
    _note(regrade, plan.changed, is_undo=is_undo, now=now)
    people = {line.user_id for line in plan.changed}
    counted = scores.of_students([quiz.id], people)
    worth = {
        user_id: round(quiz.points * counted[user_id, quiz.id].share) if (user_id, quiz.id) in counted else 0
        for user_id in people
    }
    source = grading.source_of(quiz)
    return batches.settle(quiz.course_id, source, worth, kind="compensation", given=given, now=now)


def _state(line: Line) -> str:
    return NEEDS_GRADING if line.after.score is None else GRADED


def _complete(quiz: Quiz, lines: Sequence[Line], now: datetime) -> None:
    """Note who passes now. Who passed before and doesn't any more keeps what that opened to them."""
    passed = {
        line.user_id
        for line in lines
        if line.after.score is not None
        and int(100 * scores.share(line.after.score, line.after.points)) >= quiz.pass_percent
    }
    rows = [{"user_id": user_id, "activity_id": quiz.id, "completed_at": now} for user_id in sorted(passed)]
    if rows:
        db.session.execute(insert(Completion).values(rows).on_conflict_do_nothing())


def _note(regrade: Regrade, lines: Sequence[Line], *, is_undo: bool, now: datetime) -> None:
    rows = [
        {
            "regrade_id": regrade.id,
            "is_undo": is_undo,
            "attempt_id": line.attempt_id,
            "score_before": line.before.score,
            "score_after": line.after.score,
            "max_before": line.before.points,
            "max_after": line.after.points,
            "position": line.position,
            "answer_before": line.item_before.score,
            "answer_after": line.item_after.score,
            "points_before": line.item_before.points,
            "points_after": line.item_after.points,
            "noted_at": now,
        }
        for line in lines
    ]
    db.session.execute(insert(RegradeNote).values(rows))
