"""Settling what a whole class has of a quiz: the locks it takes, and what changed rules of the quiz give and take."""

from datetime import datetime

from sqlalchemy import func, select

from extensions import db
from models import Attempt, Quiz
from models.attempt import IN_PROGRESS
from services.leaderboards import batches
from services.leaderboards.points import Given
from services.quizzes import grading, people


def hold(quiz_id: int) -> Quiz:
    """Hold a quiz and its attempts until the commit; return the quiz as it is then.

    Whoever settles the class takes turns. Nobody hands in or starts meanwhile; open attempts may go on being answered.
    """
    turn = func.pg_advisory_xact_lock(func.hashtextextended(f"regrade:{quiz_id}", 0))
    db.session.execute(select(turn))
    # Attempts first: a start may close an old attempt before it adds a new one, which holds the quiz by its key.
    _hold_attempts(quiz_id)
    row = Quiz.__table__.c.id
    db.session.execute(select(row).where(row == quiz_id).with_for_update())
    _hold_attempts(quiz_id)
    return db.session.get_one(Quiz, quiz_id, populate_existing=True)


def _hold_attempts(quiz_id: int) -> None:
    mine = select(Attempt.id).where(Attempt.quiz_id == quiz_id).order_by(Attempt.id)
    # Open ones may go on being answered; handing in waits.
    db.session.execute(mine.where(Attempt.state == IN_PROGRESS).with_for_update(read=True))
    db.session.execute(mine.where(Attempt.state != IN_PROGRESS).with_for_update())


def by_new_rules(quiz: Quiz, *, passed_from: int, by_id: int | None, now: datetime) -> int:
    """Let points and completions follow the quiz's rules, which have changed: what its points are, which attempt
    counts, and the pass mark, which was `passed_from`. Return how many people's points changed.

    The caller holds the quiz; a handful of statements for a class. `by_id` is None where a course's folder says it.
    """
    db.session.flush()
    found = people.of_rules(quiz, passed_from=passed_from)
    people.complete(quiz, found)
    worth = {user_id: person.after.points for user_id, person in found.items()}
    given = Given(by_id, "") if by_id is not None else None
    source = grading.source_of(quiz)
    return len(batches.settle(quiz.course_id, source, worth, kind="compensation", given=given, now=now))
