"""Applying a regrade and taking it back: each in one transaction, the caller's.

1. Regrades of a quiz take turns. All its attempts are locked against being handed in: who hands in first is seen, who
   comes after sees the rule.
2. The quiz's row is locked, so that nobody starts an attempt meanwhile.
3. What changes is computed anew. If it isn't what the preview showed, nothing is applied.
4. Answers, attempts, completions, ledger and notes are written, each in a few statements for all students.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import DateTime, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import Quiz, Regrade, RegradeNote
from models.attempt import GRADED, NEEDS_GRADING
from models.regrade import APPLIED, DRAFT, TRANSITIONS, UNDONE
from reasons import Code, Reason
from services import audit, changes, rows
from services.errors import InvalidInput, Refused
from services.leaderboards import batches
from services.leaderboards.points import Given
from services.quizzes import grading, lifecycle, people, reruns, rules, settling
from services.quizzes.people import Person
from services.regrades import plans
from services.regrades.asking import MAX_REASON
from services.regrades.plans import Line, Plan

# What is noted of a line, in the order of `_note`.
NOTED = (
    *("attempt_id", "position", "score_before", "score_after", "max_before", "max_after"),
    *("answer_before", "answer_after", "points_before", "points_after"),
    *("board_before", "board_after", "done_before", "done_after"),
)


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
    tests = reruns.progress(regrade)
    if tests is not None and tests.is_open:
        raise Refused(Reason(Code.REGRADE_TESTING, done=tests.done + tests.failed, total=tests.total))
    # Of what was handed in since: it waits for its tests.
    reruns.ask(regrade, now=now)
    plan = plans.make(quiz, regrade.question_id, _rules(regrade, is_undo=False))
    if plan.digest != digest:
        raise Refused(Reason(Code.REGRADE_STALE))
    last = select(func.coalesce(func.max(Regrade.number), 0)).where(Regrade.quiz_id == quiz.id).scalar_subquery()
    values = {"applied_by_id": by_id, "applied_at": now, "effect": plan.effect, "number": last + 1}
    moved = _move(regrade, DRAFT, APPLIED, **values)
    _audit("regrade.applied", moved, plan)
    given = Given(by_id, moved.reason)
    return Done(moved, plan, _write(quiz, moved, plan, given=given, is_undo=False, now=now))


def undo(regrade: Regrade, *, reason: str = "", digest: str | None = None, by_id: int, now: datetime) -> Done:
    """Take a regrade back: what it did is undone, and what others did, before or after, stays.

    With the digest of a preview it is refused as stale where that showed something else.
    """
    reason = reason.strip()
    if len(reason) > MAX_REASON or "\x00" in reason:
        raise InvalidInput("reason", Reason(Code.WHY_BOUNDED, most=MAX_REASON))
    quiz = _lock(regrade)
    _check_state(regrade, APPLIED)
    plan = plans.make(quiz, regrade.question_id, _rules(regrade, is_undo=True))
    if digest is not None and plan.digest != digest:
        raise Refused(Reason(Code.REGRADE_STALE))
    values = {"undone_by_id": by_id, "undone_at": now, "undo_effect": plan.effect, "undo_reason": reason}
    moved = _move(regrade, APPLIED, UNDONE, **values)
    _audit("regrade.undone", moved, plan)
    given = Given(by_id, reason or moved.reason)
    return Done(moved, plan, _write(quiz, moved, plan, given=given, is_undo=True, now=now))


def _audit(act: str, regrade: Regrade, plan: Plan) -> None:
    quiz = regrade.quiz
    audit.note(act, quiz.course_id, regrade=regrade.id, quiz=quiz.slug, attempts=len(plan.changed))


def _rules(regrade: Regrade, *, is_undo: bool) -> list[rules.Rule]:
    if is_undo:
        return plans.applied(regrade.quiz_id, regrade.question_id, but=regrade.id)
    return plans.applied(regrade.quiz_id, regrade.question_id, also=regrade)


def _lock(regrade: Regrade) -> Quiz:
    """Hold the quiz and its attempts until the commit; return the quiz as it is then."""
    quiz = settling.hold(regrade.quiz_id)
    db.session.refresh(regrade)
    return quiz


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
    people.complete(quiz, plan.people)
    _note(regrade, plan, is_undo=is_undo, now=now)
    worth = {user_id: person.after.points for user_id, person in plan.people.items()}
    source = grading.source_of(quiz)
    return batches.settle(quiz.course_id, source, worth, kind="compensation", given=given, now=now)


def _state(line: Line) -> str:
    return NEEDS_GRADING if line.after.score is None else GRADED


def _note(regrade: Regrade, plan: Plan, *, is_undo: bool, now: datetime) -> None:
    noted = [
        (
            *(line.attempt_id, line.position),
            *(line.before.score, line.after.score, line.before.points, line.after.points),
            *(line.item_before.score, line.item_after.score, line.item_before.points, line.item_after.points),
            *_standings(plan.people[line.user_id]),
        )
        for line in plan.changed
    ]
    table = RegradeNote.__table__
    given = rows.given(noted, **{name: table.c[name].type for name in NOTED})
    said = select(literal(regrade.id), literal(is_undo), literal(now, DateTime(timezone=True)), *given.c)
    names = ["regrade_id", "is_undo", "noted_at", *NOTED]
    db.session.execute(insert(RegradeNote).from_select(names, said))


def _standings(person: Person) -> tuple[int, int, bool, bool]:
    return (person.before.points, person.after.points, person.before.is_done, person.after.is_done)
