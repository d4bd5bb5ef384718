"""The marks of a quiz as a table: each counted attempt with each of its questions. One statement."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Double, cast, extract, func, literal, select

from extensions import db
from models import AnswerSave, Attempt, AttemptItem, Enrolment, Question, QuestionVersion, Quiz, QuizSlot
from models.quiz import BEST, FIRST, LAST
from services import policy
from services.quizzes import scores

# Of several attempts of a student one is looked at: answers of one person aren't independent of each other.
RULES = (FIRST, LAST, BEST)


@dataclass(frozen=True, slots=True)
class Mark:
    """One question in one attempt: its mark, and shares of its own points, of all points and of the other questions'.

    Shares are from 0 to 1; `rest` is None where there is no other question. `seconds` lie between the first and last
    answer that was typed; None where there was one at most.
    """

    attempt_id: int
    version_id: int
    mark: float
    share: float
    total: float
    rest: float | None
    response: Any
    seconds: float | None


def load(quiz: Quiz, rule: str) -> list[Mark]:
    """Return the marks of the attempts that `rule` counts, of everybody but the course's staff.

    They are the marks of the answers, whatever was taken off an attempt that came late.
    """
    counted = scores.counted_attempts(literal(rule)).where(Attempt.quiz_id == quiz.id).subquery()
    staff = select(Enrolment.user_id).where(Enrolment.course_id == quiz.course_id, Enrolment.role.in_(policy.STAFF))
    typed = (
        select(
            AnswerSave.attempt_id,
            AnswerSave.position,
            extract("epoch", func.max(AnswerSave.typed_at) - func.min(AnswerSave.typed_at)).label("seconds"),
        )
        .join(Attempt, Attempt.id == AnswerSave.attempt_id)
        .where(Attempt.quiz_id == quiz.id)
        .group_by(AnswerSave.attempt_id, AnswerSave.position)
        .having(func.count() > 1)
        .subquery()
    )
    is_typed = (typed.c.attempt_id == AttemptItem.attempt_id) & (typed.c.position == AttemptItem.position)
    query = (
        select(
            AttemptItem.attempt_id,
            AttemptItem.version_id,
            cast(AttemptItem.score, Double).label("mark"),
            cast(AttemptItem.points, Double).label("points"),
            AttemptItem.response,
            cast(typed.c.seconds, Double).label("seconds"),
        )
        .join(counted, counted.c.id == AttemptItem.attempt_id)
        .outerjoin(typed, is_typed)
        .where(counted.c.place == 1, counted.c.user_id.not_in(staff), AttemptItem.score.is_not(None))
        # What a regrade has taken out of the total tells nothing of it.
        .where(AttemptItem.points > 0)
    )
    rows = db.session.execute(query).tuples().all()
    earned: dict[int, float] = defaultdict(float)
    possible: dict[int, float] = defaultdict(float)
    for attempt_id, _version_id, mark, points, *_rest in rows:
        earned[attempt_id] += mark
        possible[attempt_id] += points
    return [_mark(row, earned[row[0]], possible[row[0]]) for row in rows]


def _mark(row: tuple[int, int, float, float, Any, float | None], score: float, max_score: float) -> Mark:
    attempt_id, version_id, mark, points, response, seconds = row
    others = max_score - points
    # Rounded, so that equal scores are equal in whatever order they were added up.
    rest = round((score - mark) / others, 12) if others > 0 else None
    total = round(score / max_score, 12)
    return Mark(attempt_id, version_id, mark, mark / points, total, rest, response, seconds)


def versions(quiz: Quiz, version_ids: Collection[int]) -> list[tuple[Question, QuestionVersion]]:
    """Return these versions, and the current ones of what the quiz asks for certain: in its order, the newest first.

    Drawn questions come after the fixed ones.
    """
    slot = (QuizSlot.quiz_id == quiz.id) & (QuizSlot.question_id == Question.id)
    is_asked = QuizSlot.position.is_not(None) & (QuestionVersion.id == Question.current_id)
    query = (
        select(Question, QuestionVersion)
        .join(QuestionVersion, QuestionVersion.question_id == Question.id)
        .outerjoin(QuizSlot, slot)
        .where(Question.course_id == quiz.course_id, QuestionVersion.id.in_(version_ids) | is_asked)
        .order_by(QuizSlot.position.nulls_last(), Question.position, Question.id, QuestionVersion.number.desc())
    )
    return list(db.session.execute(query).tuples())
