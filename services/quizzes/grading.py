"""Closing an attempt: the one transaction that grades it and awards its points."""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm.attributes import set_committed_value

from extensions import db
from models import Attempt, AttemptItem, QuestionVersion, Quiz
from models.attempt import NEEDS_GRADING, SUBMITTED
from models.marks import exact
from models.quiz import BEST
from question_types import type_of
from services.courses import progress
from services.errors import InvalidInput
from services.leaderboards import points
from services.quizzes import accommodations, lab_checks, lifecycle, reruns, rules, runs, scores
from services.quizzes.terms import WHOLE, Terms, terms_of

log = structlog.get_logger("yurt.grading")
VERSION = (QuestionVersion.kind, QuestionVersion.spec, QuestionVersion.number)
POINTS = ("points", "asked_points")
# What a teacher may have changed since the quiz was read: it is read again once the attempt is locked.
CHANGING = ("counts", "points", "pass_percent")
QUIZ = Quiz.__table__
NOW = tuple(QUIZ.c[name] for name in CHANGING)


def close(attempt_id: int, *, now: datetime, quiz: Quiz | None = None, is_overdue: bool = False) -> bool:
    """Close an open attempt as saved, grade it, and award what it improves; return whether this call did it.

    With is_overdue only one whose time is over; `quiz` saves looking for it. Where a machine can't grade an answer, the
    attempt waits for the tests of a lab or for a person, and nothing is awarded yet.
    """
    attempt = (lifecycle.time_out if is_overdue else lifecycle.hand_in)(attempt_id, now=now)
    if attempt is None:
        return False
    worths, told = _grade(attempt, now)
    marks, max_score = _total(worths), sum((each.points for each in worths), Fraction(0))
    if marks is None:
        lifecycle.wait_for_grader(attempt_id, max_score=max_score)
        return True
    quiz = _as_told(quiz or db.session.get_one(Quiz, attempt.quiz_id), told)
    credit = credit_of(attempt, quiz)
    lifecycle.finish(attempt_id, SUBMITTED, marks=marks, max_score=max_score, credit_percent=credit)
    _reward(attempt, quiz, now)
    return True


def regrade(item: AttemptItem, version: QuestionVersion, *, now: datetime) -> None:
    """Grade one answer of a closed attempt, which has changed, and settle what the attempt earns.

    The caller holds the attempt's lock.
    """
    remark(item, version, _marks(item, version.kind, version.spec), now=now)


def remark(item: AttemptItem, version: QuestionVersion, marks: Fraction | None, *, now: datetime) -> None:
    """Give one answer of a closed attempt its own marks, and settle what the attempt earns.

    What the answer is worth with them, the regrades say that hold for it. The caller holds the attempt's lock.
    """
    attempt = db.session.get_one(Attempt, item.attempt_id)
    held = rules.of_item(item, attempt.quiz_id) if item.is_regraded else []
    tested = reruns.of_item(item, version.kind, held)
    answer = rules.answer_of(item, version.kind, version.spec, version.number, marks, tested)
    _write(item, answer, held)
    settle(item.attempt_id, now=now)


def settle(attempt_id: int, *, now: datetime) -> None:
    """Give a closed attempt the score of its answers once all have their marks, and settle what it earns.

    The caller holds the attempt's lock.
    """
    query = select(AttemptItem.score, AttemptItem.points, *NOW).join(Attempt, Attempt.id == AttemptItem.attempt_id)
    query = query.join(QUIZ, QUIZ.c.id == Attempt.quiz_id).where(AttemptItem.attempt_id == attempt_id)
    found = db.session.execute(query).all()
    worths = [rules.Worth(row[0], exact(row[1])) for row in found]
    attempt = db.session.get_one(Attempt, attempt_id, populate_existing=True)
    quiz = _as_told(db.session.get_one(Quiz, attempt.quiz_id), found[0][2:] if found else ())
    marks, max_score = _total(worths), sum((each.points for each in worths), Fraction(0))
    if marks is None:
        return
    credit, did_pass = credit_of(attempt, quiz), _passes(attempt, quiz)
    if attempt.state == NEEDS_GRADING:
        lifecycle.finish(attempt.id, NEEDS_GRADING, marks=marks, max_score=max_score, credit_percent=credit)
    else:
        lifecycle.rescore(attempt.id, marks=marks, max_score=max_score, credit_percent=credit)
    _reward(attempt, quiz, now, is_new=False, did_pass=did_pass)


def _total(worths: Sequence[rules.Worth]) -> Fraction | None:
    """Return the marks of all answers; None where one has none yet."""
    marks = [each.score for each in worths if each.score is not None]
    return sum(marks, Fraction(0)) if len(marks) == len(worths) else None


def credit_of(attempt: Attempt, quiz: Quiz) -> int:
    """Return what its marks are worth."""
    if not quiz.late_credit:
        return WHOLE
    _made, granted = accommodations.standing(attempt.user_id, quiz)
    return credit_at(attempt.closed_at, attempt.deadline_at, terms_of(quiz, granted))


def credit_at(closed_at: datetime | None, deadline_at: datetime | None, terms: Terms) -> int:
    """Return what marks are worth. A deadline counts as the hand-in, however much later the scheduler came."""
    return terms.credit(min(at for at in (closed_at, deadline_at) if at is not None))


def _as_told(quiz: Quiz, told: Sequence[Any]) -> Quiz:
    """Return a quiz with what changes of it as it was just read; with nothing told, as it is."""
    for name, value in zip(CHANGING, told, strict=False):
        set_committed_value(quiz, name, value)
    return quiz


def _grade(attempt: Attempt, now: datetime) -> tuple[list[rules.Worth], Sequence[Any]]:
    """Write the marks of every answer that a machine can grade; return what all are worth, and what the quiz says now.

    Two round trips, and one more for each question that a lab's check answers and hasn't yet."""
    attempt_id = attempt.id
    rows = (
        db.session.execute(
            select(AttemptItem, *VERSION, rules.column_of(Attempt.quiz_id), *NOW)
            .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
            .join(Attempt, Attempt.id == AttemptItem.attempt_id)
            .join(QUIZ, QUIZ.c.id == Attempt.quiz_id)
            .where(AttemptItem.attempt_id == attempt_id)
            .execution_options(populate_existing=True)
        )
        .tuples()
        .all()
    )
    asked = [row[:3] for row in rows]
    lab_checks.fill(attempt, asked, now=now)
    worths, written = [], []
    for item, kind, spec, number, held, *_quiz in rows:
        answer = rules.answer_of(item, kind, spec, number, _marks(item, kind, spec))
        worths.append(_mark(item, answer, rules.read(held)))
        if answer.score is not None or held:
            written.append((attempt_id, item.position, _columns(item)))
    rules.write(written)
    runs.queue(attempt, asked, now=now)
    reruns.ask_for(attempt, [(kind, rules.read(held)) for _item, kind, _spec, _number, held, *_quiz in rows], now=now)
    return worths, rows[0][5:] if rows else ()


def _write(item: AttemptItem, answer: rules.Answer, held: Sequence[rules.Rule]) -> None:
    _mark(item, answer, held)
    rules.write([(item.attempt_id, item.position, _columns(item))])


def _mark(item: AttemptItem, answer: rules.Answer, held: Sequence[rules.Rule]) -> rules.Worth:
    """Set on an item what its answer is worth, as it will be read again."""
    own = rules.Worth(answer.score, answer.points)
    now = rules.worth(answer, held) if held else own
    for name, value in rules.columns(bool(held), own, now).items():
        set_committed_value(item, name, float(value) if name in POINTS and value is not None else value)
    return now


def _columns(item: AttemptItem) -> dict[str, Any]:
    return {name: getattr(item, name) for name in ("score", "points", "asked_score", "asked_points")}


def _marks(item: AttemptItem, kind: str, spec: dict[str, Any]) -> Fraction | None:
    """Grade one answer. One that can't be graded waits for a person, and holds up neither this attempt nor others."""
    try:
        return after_hints(_score(kind, spec, item.response, item.frozen, item.own_points), item.hint_cost)
    except (InvalidInput, ArithmeticError, LookupError, TypeError, ValueError):
        log.exception("answer not graded", attempt=item.attempt_id, position=item.position)
        return None


def after_hints(marks: Fraction | None, cost: Fraction) -> Fraction | None:
    """Return what marks are worth where hints were taken that cost so much: never less than nothing."""
    return None if marks is None else max(marks - cost, Fraction(0))


def _score(kind: str, spec: dict[str, Any], response: Any, frozen: dict[str, Any], worth: float) -> Fraction | None:
    """Return the points of one answer, exactly; None where a person, or a lab, has to give them.

    They are rounded where they are shown, and nowhere else.
    """
    share = type_of(kind).grade(spec, response, frozen)
    return None if share is None else share * exact(worth)


def _reward(attempt: Attempt, quiz: Quiz, now: datetime, *, is_new: bool = True, did_pass: bool = False) -> None:
    if _passes(attempt, quiz):
        progress.complete(attempt.user_id, quiz, now=now)
    elif did_pass and not _passed_otherwise(attempt, quiz):
        progress.reopen(attempt.user_id, quiz)
    # Where the best counts, a new one is asked alone: what earlier ones earned isn't lowered.
    is_alone = is_new and quiz.counts == BEST
    points.settle(
        user_id=attempt.user_id,
        course_id=quiz.course_id,
        source=source_of(quiz),
        kind="quiz",
        points=worth_of(quiz.points, attempt.score, attempt.max_score) if is_alone else _counted_worth(attempt, quiz),
        now=now,
        may_lower=not is_alone,
    )


def _passes(attempt: Attempt, quiz: Quiz) -> bool:
    return scores.passes(attempt.score, attempt.max_score, quiz.pass_percent)


def _passed_otherwise(attempt: Attempt, quiz: Quiz) -> bool:
    """Whether another attempt of the same student passes."""
    query = select(Attempt.score, Attempt.max_score).where(
        Attempt.quiz_id == quiz.id, Attempt.user_id == attempt.user_id, Attempt.id != attempt.id
    )
    return any(scores.passes(score, most, quiz.pass_percent) for score, most in db.session.execute(query))


def source_of(quiz: Quiz) -> str:
    """Return what entries of the ledger name a quiz by."""
    return f"quiz:{quiz.id}"


def _counted_worth(attempt: Attempt, quiz: Quiz) -> int:
    """Return what the score that counts earns: of the best, the last, the first, or the average attempt."""
    counted = scores.of_students([quiz.id], [attempt.user_id]).get((attempt.user_id, quiz.id))
    return round(quiz.points * counted.share) if counted else 0


def worth_of(quiz_points: int, score: Fraction | None, max_score: Fraction) -> int:
    """Return what a score earns of the quiz's points, rounded to the nearest whole."""
    return round(quiz_points * score / max_score) if score and max_score else 0
