"""A class that has taken a quiz, and what its grades are by adding everything up anew."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select

from extensions import db
from models import Attempt, AttemptItem, Completion, PointEntry, Question, QuestionVersion, Quiz, Regrade, User
from models.marks import exact
from models.regrade import APPLIED
from question_types import type_of
from services.quizzes import answers, attempts, rules, scores
from services.quizzes.rules import Rule
from services.regrades import applying, asking
from services.regrades.applying import Done
from services.regrades.asking import Asked

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WHY = "The key was wrong"


def hand_in(user: User, quiz: Quiz, given: dict[int, Any], at: datetime = NOW) -> Attempt:
    """Answer by position, and hand in."""
    attempt = attempts.start(user.id, quiz, now=at)
    for position, response in given.items():
        answers.save(attempt.id, position, response, revision=1, now=at)
    return attempts.submit(attempt, now=at)


def new_version(question: Question, **changes: Any) -> QuestionVersion:
    """Give a question a version more, which says something else."""
    old = question.current
    assert old is not None
    said = {name: getattr(old, name) for name in ("kind", "prompt_md", "prompt_html", "points", "spec")}
    version = QuestionVersion(question_id=question.id, number=old.number + 1, **{**said, **changes})
    db.session.add(version)
    db.session.flush()
    question.current = version
    db.session.flush()
    return version


def right_choice(question: Question, letter: str) -> QuestionVersion:
    """Give a question with choices another key."""
    assert question.current is not None
    choices = [{**each, "is_correct": each["id"] == letter} for each in question.current.spec["choices"]]
    return new_version(question, spec={"choices": choices})


def regrade(quiz: Quiz, question: Question, kind: str, by: User, at: datetime = NOW, **asked: Any) -> Done:
    """Ask for a regrade and apply it as its preview shows it."""
    made = asking.draft(quiz, question.id, Asked(kind, **asked), WHY, by_id=by.id, now=at)
    return applying.apply(made, digest=applying.preview(made).digest, by_id=by.id, now=at)


def undo(done: Done, by: User, at: datetime = NOW + timedelta(hours=1)) -> Done:
    return applying.undo(db.session.get_one(Regrade, done.regrade.id), by_id=by.id, now=at)


def kept(quiz: Quiz) -> dict[int, tuple[str, Fraction | None, Fraction]]:
    """What the attempts' rows say: state, score and of how much."""
    db.session.expire_all()
    made = db.session.scalars(select(Attempt).where(Attempt.quiz_id == quiz.id, Attempt.closed_at.is_not(None)))
    return {each.id: (each.state, each.score, each.max_score) for each in made}


def from_scratch(quiz: Quiz) -> dict[int, tuple[str, Fraction | None, Fraction]]:
    """The same, from what was answered, what people gave, and the regrades that are applied: nothing else."""
    applied = db.session.scalars(select(Regrade).where(Regrade.quiz_id == quiz.id, Regrade.state == APPLIED))
    held = sorted(applied, key=lambda each: each.number or 0)
    found = {}
    for attempt in db.session.scalars(select(Attempt).where(Attempt.quiz_id == quiz.id)):
        if attempt.is_open:
            continue
        worths = [_worth(item, held) for item in attempt.items]
        points = sum((each.points for each in worths), Fraction(0))
        marks = [each.score for each in worths]
        if None in marks:
            found[attempt.id] = ("needs_grading", None, points)
        else:
            total = sum((each for each in marks if each is not None), Fraction(0))
            found[attempt.id] = ("graded", total * attempt.credit_percent / 100, points)
    return found


def _worth(item: AttemptItem, held: list[Regrade]) -> rules.Worth:
    version = item.version
    mine = [
        Rule(each.kind, each.change, each.upto, *((each.key.spec, each.key.rubric) if each.key else ()))
        for each in held
        if each.question_id == version.question_id
    ]
    own = item.own_score
    if item.graded_at is None:
        share = type_of(version.kind).grade(version.spec, item.response, item.frozen)
        own = None if share is None else share * exact(item.own_points)
    return rules.worth(rules.answer_of(item, version.kind, version.spec, version.number, own), mine)


def ledger(quiz: Quiz) -> dict[int, int]:
    """What each person's entries for the quiz add up to."""
    query = select(PointEntry.user_id, func.sum(PointEntry.points)).where(PointEntry.source == f"quiz:{quiz.id}")
    return {user_id: int(points) for user_id, points in db.session.execute(query.group_by(PointEntry.user_id))}


def worth_now(quiz: Quiz) -> dict[int, int]:
    """What each person's attempts are worth now; who has nothing, and never had, is left out of neither."""
    return {
        user_id: round(quiz.points * each.share) for (user_id, _quiz), each in scores.of_students([quiz.id]).items()
    }


def completed(quiz: Quiz) -> set[int]:
    """Who has done the quiz, by the rows that say so."""
    return set(db.session.scalars(select(Completion.user_id).where(Completion.activity_id == quiz.id)))


def passing(quiz: Quiz) -> set[int]:
    """Who has an attempt that passes now."""
    made = db.session.scalars(select(Attempt).where(Attempt.quiz_id == quiz.id, Attempt.score.is_not(None)))
    return {each.user_id for each in made if (each.percent or 0) >= quiz.pass_percent}


def score_of(attempt: Attempt) -> tuple[Fraction | None, Fraction]:
    db.session.refresh(attempt)
    return attempt.score, attempt.max_score
