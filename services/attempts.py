"""A quiz attempt: drawn at the start, saved answer by answer, graded in the transaction that closes it."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, selectinload

from extensions import db
from models import Attempt, AttemptItem, Question, QuestionVersion, Quiz
from models.attempt import OPEN
from services import grading
from services.errors import Conflict, InvalidInput, NotFound
from services.questions import kind_of

# What left the browser before the deadline may arrive a little after it.
GRACE = timedelta(seconds=5)
MAX_REVISION = 2**53

log = structlog.get_logger("yurt.attempts")


class Closed(Conflict):
    """This attempt is over; its answers can't change any more."""


class Superseded(Conflict):
    """A newer answer to this question is already saved, perhaps from another tab."""

    def __init__(self, revision: int, response: Any) -> None:
        super().__init__()
        self.revision = revision
        self.response = response


@dataclass(frozen=True)
class Receipt:
    """What is saved: `saved` of `total` questions have an answer; `revision` is the item's own."""

    saved: int
    total: int
    saved_at: datetime
    revision: int


def start(
    user_id: int,
    quiz: Quiz,
    *,
    now: datetime,
    rng: random.Random | None = None,
    admit: Callable[[], None] = lambda: None,
) -> Attempt:
    """Open an attempt, or return the one that is open. Conflict: no attempts are left, or no questions.

    `admit` is called before a new one is made, and may refuse it; going on with the open one is never refused.
    The partial unique index lets only one of two racing starts insert; the other returns that one.
    """
    existing = open_attempt(user_id, quiz.id)
    if existing is not None and not is_overdue(existing, now):
        return existing
    if existing is not None:
        grading.close(existing.id, by="deadline", now=now)
    versions = _current_versions(quiz)
    if not versions:
        raise Conflict("This quiz has no questions yet.")
    admit()
    try:
        with db.session.begin_nested():
            return _insert(user_id, quiz, versions, now, rng or random.SystemRandom())
    except IntegrityError:
        raced = open_attempt(user_id, quiz.id)
        if raced is None:
            raise Conflict from None
        return raced


def _insert(user_id: int, quiz: Quiz, versions: list[QuestionVersion], now: datetime, rng: random.Random) -> Attempt:
    taken = db.session.scalar(select(func.count()).where(Attempt.user_id == user_id, Attempt.quiz_id == quiz.id))
    if quiz.attempts_allowed is not None and (taken or 0) >= quiz.attempts_allowed:
        raise Conflict("You have used all attempts at this quiz.")
    if quiz.is_shuffled:
        versions = rng.sample(versions, len(versions))
    attempt = Attempt(
        quiz_id=quiz.id,
        user_id=user_id,
        number=(taken or 0) + 1,
        started_at=now,
        deadline_at=now + timedelta(seconds=quiz.time_limit_s) if quiz.time_limit_s else None,
        max_score=sum(version.points for version in versions),
    )
    attempt.items = [
        AttemptItem(
            position=position,
            version_id=version.id,
            frozen=kind_of(version.kind).freeze(version.spec, rng if quiz.is_shuffled else None),
        )
        for position, version in enumerate(versions, start=1)
    ]
    db.session.add(attempt)
    db.session.flush()
    return attempt


def save(attempt_id: int, position: int, response: Any, *, revision: int, now: datetime) -> Receipt:
    """Keep an answer if its revision is newer than the one kept; say what is saved.

    The share lock on the attempt orders saves against closing: an answer is either in before the attempt is graded,
    or refused with Closed. A repeated save is harmless; an older or different one of the same revision is Superseded.
    """
    if not 1 <= revision <= MAX_REVISION:
        raise InvalidInput("revision", "must be a whole number from 1")
    attempt = db.session.execute(
        select(Attempt.state, Attempt.deadline_at).where(Attempt.id == attempt_id).with_for_update(read=True)
    ).one_or_none()
    if attempt is None:
        raise NotFound
    if attempt.state != OPEN or (attempt.deadline_at and now > attempt.deadline_at + GRACE):
        raise Closed
    item = db.session.execute(
        select(AttemptItem, QuestionVersion)
        .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
        .where(AttemptItem.attempt_id == attempt_id, AttemptItem.position == position)
        .with_for_update(of=AttemptItem)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if item is None:
        raise NotFound
    row, version = item
    cleaned = kind_of(version.kind).clean(version.spec, response)
    if revision < row.revision or (revision == row.revision and cleaned != row.response):
        raise Superseded(row.revision, row.response)
    if revision > row.revision:
        row.response, row.revision, row.saved_at = cleaned, revision, now
        db.session.flush()
    saved, total = count_saved(attempt_id)
    return Receipt(saved, total, row.saved_at or now, row.revision)


def count_saved(attempt_id: int) -> tuple[int, int]:
    """Return how many questions have an answer, of how many."""
    query = select(func.count(AttemptItem.response), func.count()).where(AttemptItem.attempt_id == attempt_id)
    saved, total = db.session.execute(query).one()
    return saved, total


def submit(attempt: Attempt, *, now: datetime) -> Attempt:
    """Close and grade; a second submit finds it closed and changes nothing."""
    grading.close(attempt.id, by="deadline" if is_overdue(attempt, now) else "student", now=now)
    db.session.refresh(attempt)
    return attempt


def close_overdue(now: datetime, limit: int = 100) -> int:
    """Close and grade, as saved, up to `limit` attempts whose time is over; return their number.

    Rows that another scheduler holds are skipped, so copies never wait for each other.
    """
    due = (
        select(Attempt.id)
        .where(Attempt.state == OPEN, Attempt.deadline_at < now - GRACE)
        .order_by(Attempt.deadline_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return sum(_close_one(attempt_id, now) for attempt_id in db.session.scalars(due).all())


def _close_one(attempt_id: int, now: datetime) -> bool:
    """Close one attempt in a savepoint: one that can't be graded is logged, and doesn't hold up the others."""
    try:
        with db.session.begin_nested():
            return grading.close(attempt_id, by="deadline", now=now)
    except (InvalidInput, ArithmeticError, LookupError, TypeError, ValueError):
        log.exception("attempt not graded", attempt=attempt_id)
        return False


def is_overdue(attempt: Attempt, now: datetime) -> bool:
    """Whether an open attempt's time is over, with the grace that late messages get."""
    return attempt.state == OPEN and attempt.deadline_at is not None and now > attempt.deadline_at + GRACE


def open_attempt(user_id: int, quiz_id: int) -> Attempt | None:
    """Return the person's open attempt at the quiz."""
    return db.session.scalar(
        select(Attempt).where(Attempt.user_id == user_id, Attempt.quiz_id == quiz_id, Attempt.state == OPEN)
    )


def load(attempt_id: int, *, is_whole: bool = False) -> Attempt:
    """Return an attempt with its quiz and course, and with is_whole its items and questions; raise NotFound."""
    options: list[Any] = [joinedload(Attempt.quiz).joinedload(Quiz.course)]
    if is_whole:
        options.append(selectinload(Attempt.items).joinedload(AttemptItem.version))
    query = select(Attempt).options(*options).where(Attempt.id == attempt_id)
    attempt = db.session.scalar(query) if attempt_id < 2**63 else None
    if attempt is None:
        raise NotFound
    return attempt


def of_student(user_id: int, quiz: Quiz) -> list[Attempt]:
    """Return a person's attempts at a quiz, the newest first."""
    query = select(Attempt).where(Attempt.user_id == user_id, Attempt.quiz_id == quiz.id)
    return list(db.session.scalars(query.order_by(Attempt.number.desc())))


def attempts_left(quiz: Quiz, made: int) -> int | None:
    """Return how many attempts are left after `made`; None is no limit."""
    return None if quiz.attempts_allowed is None else max(0, quiz.attempts_allowed - made)


def _current_versions(quiz: Quiz) -> list[QuestionVersion]:
    query = (
        select(QuestionVersion)
        .join(Question, Question.current_id == QuestionVersion.id)
        .where(Question.quiz_id == quiz.id, ~Question.is_archived)
        .order_by(Question.position, Question.id)
    )
    return list(db.session.scalars(query))
