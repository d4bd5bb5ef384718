"""A quiz attempt: drawn at the start, saved answer by answer, graded in the transaction that closes it."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, func, select
from sqlalchemy.orm import joinedload, selectinload

from database.prepared import KEEPS_PLAN
from extensions import db
from models import Attempt, AttemptItem, Enrolment, Quiz
from models.attempt import IN_PROGRESS
from models.marks import exact
from reasons import Code, Reason
from services import kept_versions
from services.errors import NotFound, Refused
from services.quizzes import accommodations, draws, gate, grading, lab_checks, new_attempts, prerequisites, starts
from services.quizzes.terms import GRACE, Terms, terms_of

# A seed is a whole number that PostgreSQL's bigint holds, and a program's JSON, too.
SEED_BITS = 53
# Of two starts at once the second waits for the first one's commit.
TURN = select(starts.turn_of(bindparam("asks", type_=BigInteger), bindparam("quiz", type_=BigInteger)))


def start(
    user_id: int,
    quiz: Quiz,
    *,
    now: datetime,
    rng: random.Random | None = None,
    admit: Callable[[], None] = lambda: None,
    password: str | None = None,
    is_staff: bool = False,
) -> Attempt:
    """Open an attempt, or return the one that is open, as `begin` does."""
    how: dict[str, Any] = {"admit": admit, "password": password, "is_staff": is_staff}
    return begin(user_id, quiz, now=now, rng=rng, **how)[0]


def begin(
    user_id: int,
    quiz: Quiz,
    *,
    now: datetime,
    rng: random.Random | None = None,
    admit: Callable[[], None] = lambda: None,
    password: str | None = None,
    is_staff: bool = False,
    has_turn: bool = False,
) -> tuple[Attempt, list[draws.Item]]:
    """Open an attempt, or return the one that is open; and what was drawn for it, nothing where it was open before.

    Refused says why one can't start, and from when on one can. `admit` is called before a new one is made, and may
    refuse it; going on with the open one is never refused. Racing starts take turns: the first one makes the attempt,
    and the others find it. With has_turn the caller has taken it (`starts.take_turn`).
    """
    if not has_turn:
        db.session.execute(TURN, {"asks": user_id, "quiz": quiz.id})
    made, granted = accommodations.standing(user_id, quiz)
    existing = next((attempt for attempt in made if attempt.is_open), None)
    if existing is not None and not is_overdue(existing, now):
        return existing, []
    if existing is not None:
        close_if_overdue(existing, now=now)
        if existing.is_open:
            return existing, []
    terms = terms_of(quiz, granted, is_staff=is_staff)
    found = _obstacles(user_id, quiz, terms, made, now, is_staff=is_staff)
    if found:
        raise Refused(Reason.all_of([each.reason for each in found]), possible_at=found[0].possible_at)
    if not is_staff:
        gate.check_password(quiz, password)
    admit()
    seed = (rng or random.SystemRandom()).getrandbits(SEED_BITS)
    drawn = draws.draw(quiz, user_id, seed)
    if not drawn:
        raise Refused(Reason(Code.QUIZ_EMPTY))
    return _insert(user_id, quiz, drawn, terms, len(made) + 1, now, seed), drawn


def obstacles(user_id: int, quiz: Quiz, *, now: datetime, is_staff: bool) -> list[gate.Obstacle]:
    """Return what keeps somebody from starting now, or from going on: nothing where they may."""
    made, granted = accommodations.standing(user_id, quiz)
    if any(attempt.is_open and not is_overdue(attempt, now) for attempt in made):
        return []
    return _obstacles(user_id, quiz, terms_of(quiz, granted, is_staff=is_staff), made, now, is_staff=is_staff)


def _obstacles(
    user_id: int, quiz: Quiz, terms: Terms, made: list[Attempt], now: datetime, *, is_staff: bool
) -> list[gate.Obstacle]:
    first = gate.obstacle(terms, made, now)
    if first is not None or is_staff:
        return [first] if first else []
    return [gate.Obstacle(reason) for reason in prerequisites.unmet(quiz, user_id)]


def _insert(
    user_id: int, quiz: Quiz, drawn: list[draws.Item], terms: Terms, number: int, now: datetime, seed: int
) -> Attempt:
    weights = (item.points for item in drawn)
    attempt = new_attempts.insert(
        {
            "quiz_id": quiz.id,
            "user_id": user_id,
            "number": number,
            "seed": seed,
            "started_at": now,
            "deadline_at": terms.deadline(now),
            "break_s": int(terms.break_time.total_seconds()),
            # Most are worth the same, and exact sums take their time.
            "max_score": sum((exact(each) * number for each, number in Counter(weights).items()), Fraction(0)),
        },
        drawn,
    )
    if any(lab_checks.check_of(one.kind, one.spec) for one in drawn):
        asked = zip(attempt.items, drawn, strict=True)
        lab_checks.fill(attempt, [(item, one.kind, one.spec) for item, one in asked], now=now)
    return attempt


def submit(attempt: Attempt, *, now: datetime) -> Attempt:
    """Close and grade; a second submit finds it closed and changes nothing."""
    if not grading.close(attempt.id, now=now, quiz=attempt.quiz):
        db.session.refresh(attempt)
    return attempt


def close_if_overdue(attempt: Attempt, *, now: datetime) -> bool:
    """Close and grade an attempt whose time is over; one that was given more time meanwhile stays open."""
    if not is_overdue(attempt, now):
        return False
    is_closed = grading.close(attempt.id, now=now, quiz=attempt.quiz, is_overdue=True)
    if not is_closed and attempt in db.session:
        db.session.refresh(attempt)
    return is_closed


def close_overdue(now: datetime, limit: int = 100) -> int:
    """Close and grade, as saved, up to `limit` attempts whose time is over; return their number.

    Rows that another scheduler holds are skipped, so copies never wait for each other.
    """
    due = (
        select(Attempt.id)
        .where(Attempt.state == IN_PROGRESS, Attempt.deadline_at < now - GRACE)
        .order_by(Attempt.deadline_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return sum(grading.close(attempt_id, now=now, is_overdue=True) for attempt_id in db.session.scalars(due).all())


def is_overdue(attempt: Attempt, now: datetime) -> bool:
    """Whether an open attempt's time is over, with the grace that late messages get."""
    return attempt.is_open and attempt.deadline_at is not None and now > attempt.deadline_at + GRACE


def load_as(attempt_id: int, user_id: int, *, is_whole: bool = False) -> tuple[Attempt, str | None]:
    """Return an attempt with its quiz and course, and the person's role there; raise NotFound.

    With is_whole it comes with its items and questions.
    """
    given = {"attempt": attempt_id, "asks": user_id}
    row = db.session.execute(_loading(is_whole), given).one_or_none() if attempt_id < 2**63 else None
    if row is None:
        raise NotFound
    attempt, role, moved = row
    kept_versions.saw(db.session(), {kept_versions.course(attempt.quiz.course_id): moved})
    return attempt, role


@cache
def _loading(is_whole: bool) -> Select[Attempt, str, int]:
    """Build the question of nearly every request for an attempt once."""
    options: list[Any] = [joinedload(Attempt.quiz).joinedload(Quiz.course)]
    if is_whole:
        options.append(selectinload(Attempt.items).joinedload(AttemptItem.version))
    asks = bindparam("asks", type_=BigInteger)
    is_theirs = (Enrolment.course_id == Quiz.course_id) & (Enrolment.user_id == asks)
    return (
        select(Attempt, Enrolment.role, kept_versions.number(func.concat("course:", Quiz.course_id)))
        .join(Quiz, Quiz.id == Attempt.quiz_id)
        .outerjoin(Enrolment, is_theirs)
        .options(*options)
        .where(Attempt.id == bindparam("attempt", type_=BigInteger))
        .execution_options(**KEEPS_PLAN)
    )


def of_student(user_id: int, quiz: Quiz) -> list[Attempt]:
    """Return a person's attempts at a quiz, the newest first."""
    query = select(Attempt).where(Attempt.user_id == user_id, Attempt.quiz_id == quiz.id)
    return list(db.session.scalars(query.order_by(Attempt.number.desc())))
