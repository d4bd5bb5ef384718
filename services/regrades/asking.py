"""What an instructor asks for, checked: it becomes a draft, which changes nothing until it is applied."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import delete, select

from extensions import db
from models import Attempt, AttemptItem, Question, QuestionVersion, Quiz, Regrade
from models.marks import exact
from models.regrade import ACCEPT, DRAFT, DROP, KEY, KINDS, POINTS
from question_types import type_of
from reasons import Code, Reason
from services.errors import InvalidInput, NotFound
from services.quizzes import reruns
from services.quizzes.rules import FULL, OUT

MAX_REASON = 2_000
MAX_POINTS = 1_000
# A preview that nobody applied is forgotten.
DRAFTS_LAST = timedelta(days=1)


@dataclass(frozen=True)
class Asked:
    """A change of a kind, with what the kind needs; the rest is None.

    KEY: `version` is the one whose key counts; unless `may_lower`, nobody loses marks by it. ACCEPT: the `response`
    that counts as right, or the one that was given in `attempt_id`. POINTS: what it is worth. DROP: `how`.
    """

    kind: str
    version: int | None = None
    may_lower: bool = True
    response: Any = None
    attempt_id: int | None = None
    points: float | None = None
    how: str | None = None


def draft(quiz: Quiz, question_id: int, asked: Asked, reason: str, *, by_id: int, now: datetime) -> Regrade:
    """Keep what is asked as a draft; raise InvalidInput, which names the field, or NotFound.

    Where the other key has tests, these begin to run for all answers; it can be applied when they are done.
    """
    question, current = find(quiz, question_id)
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON or "\x00" in reason:
        raise InvalidInput("reason", Reason(Code.WHY_BOUNDED, most=MAX_REASON))
    if asked.kind not in KINDS:
        raise InvalidInput("kind", Reason(Code.ONE_OF, choices=", ".join(KINDS)))
    upto, key = current.number, None
    if asked.kind == KEY:
        key = _key(question, asked.version, quiz)
        upto = key.number - 1
    change = {KEY: _of_key, ACCEPT: _of_accept, POINTS: _of_points, DROP: _of_drop}[asked.kind](asked, quiz, current)
    stale = Regrade.made_at < now - DRAFTS_LAST
    db.session.execute(delete(Regrade).where(Regrade.quiz_id == quiz.id, Regrade.state == DRAFT, stale))
    made = Regrade(
        quiz_id=quiz.id,
        question_id=question.id,
        kind=asked.kind,
        change=dict(change),
        key_id=key.id if key else None,
        upto=upto,
        reason=reason,
        made_by_id=by_id,
        made_at=now,
    )
    db.session.add(made)
    db.session.flush()
    reruns.ask(made, now=now)
    return made


def find(quiz: Quiz, question_id: int) -> tuple[Question, QuestionVersion]:
    """Return a question of the quiz or the bank, with its current version; raise NotFound, also where it has none."""
    is_its = Question.quiz_id.is_(None) | (Question.quiz_id == quiz.id)
    query = (
        select(Question, QuestionVersion)
        .join(QuestionVersion, QuestionVersion.id == Question.current_id)
        .where(Question.id == question_id, Question.course_id == quiz.course_id, is_its)
    )
    row = db.session.execute(query).tuples().one_or_none() if question_id < 2**63 else None
    if row is None:
        raise NotFound
    return row


def _key(question: Question, number: int | None, quiz: Quiz) -> QuestionVersion:
    """Return the version whose key counts: one that was written after versions that were asked."""
    found = db.session.scalar(
        select(QuestionVersion).where(
            QuestionVersion.question_id == question.id, QuestionVersion.number == min(number or 0, 2**31 - 1)
        )
    )
    if found is None or found.number < 2:
        raise InvalidInput("version", Reason(Code.VERSION_NOT_LATER))
    labels = type_of(found.kind).labels(found.spec)
    for other in _asked_before(quiz, found):
        if other.kind != found.kind:
            raise InvalidInput(
                "version", Reason(Code.VERSION_OF_OTHER_KIND, kind=found.kind, number=other.number, other=other.kind)
            )
        _check_labels(other, labels)
    return found


def _asked_before(quiz: Quiz, key: QuestionVersion) -> list[QuestionVersion]:
    asked = (
        select(AttemptItem.version_id)
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .where(Attempt.quiz_id == quiz.id, AttemptItem.version_id == QuestionVersion.id)
    )
    query = select(QuestionVersion).where(
        QuestionVersion.question_id == key.question_id, QuestionVersion.number < key.number, asked.exists()
    )
    return list(db.session.scalars(query.order_by(QuestionVersion.number)))


def _check_labels(other: QuestionVersion, labels: Mapping[str, str]) -> None:
    """Refuse a version that has the choices in another order: what was chosen would mean another one."""
    for name, text in type_of(other.kind).labels(other.spec).items():
        if labels.get(name) != text and text in labels.values():
            raise InvalidInput(
                "version",
                Reason(Code.CHOICE_MOVED, choice=text, number=other.number),
            )


def _of_key(asked: Asked, quiz: Quiz, current: QuestionVersion) -> dict[str, Any]:
    return {"version": asked.version, "may_lower": asked.may_lower}


def _of_accept(asked: Asked, quiz: Quiz, current: QuestionVersion) -> dict[str, Any]:
    if asked.attempt_id is not None:
        return _given_in(asked.attempt_id, quiz, current.question_id)
    try:
        response = type_of(current.kind).clean(current.spec, asked.response)
    except InvalidInput as error:
        raise InvalidInput("response", error.reason or error.message) from error
    if response is None:
        raise InvalidInput("response", Reason(Code.ANSWER_MISSING))
    return {"response": response, "text": type_of(current.kind).in_words(current.spec, response)}


def _given_in(attempt_id: int, quiz: Quiz, question_id: int) -> dict[str, Any]:
    """Return the answer that was given in an attempt; of a question with variants, in its variant."""
    query = (
        select(AttemptItem.response, AttemptItem.frozen, QuestionVersion.kind, QuestionVersion.spec)
        .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .where(Attempt.id == min(attempt_id, 2**63 - 1), Attempt.quiz_id == quiz.id)
        .where(QuestionVersion.question_id == question_id, Attempt.closed_at.is_not(None))
    )
    found = db.session.execute(query).one_or_none()
    if found is None or found.response is None:
        raise InvalidInput("attempt_id", Reason(Code.ATTEMPT_WITHOUT_ANSWER))
    kind = type_of(found.kind)
    variant, text = kind.variant(found.frozen), kind.in_words(found.spec, found.response)
    return {"response": found.response, "text": text, **({} if variant is None else {"variant": variant})}


def _of_points(asked: Asked, quiz: Quiz, current: QuestionVersion) -> dict[str, Any]:
    points = asked.points
    if points is None or not 0 < points <= MAX_POINTS or round(points, 2) != points:
        raise InvalidInput("points", Reason(Code.POINTS_OUTSIDE, most=MAX_POINTS))
    return {"points": str(Fraction(exact(points)))}


def _of_drop(asked: Asked, quiz: Quiz, current: QuestionVersion) -> dict[str, Any]:
    if asked.how not in (FULL, OUT):
        raise InvalidInput("how", Reason(Code.ONE_OF, choices=f"{FULL}, {OUT}"))
    return {"how": asked.how}
