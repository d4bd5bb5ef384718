"""What was regraded: found, listed, told to students; and what there is to regrade."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from extensions import db
from models import Attempt, AttemptItem, Question, QuestionVersion, Quiz, QuizSlot, Regrade, RegradeNote, User
from models.attempt import IN_PROGRESS
from models.marks import exact
from models.regrade import APPLIED, DRAFT, KEY, UNDONE
from question_types import type_of
from reasons import Code, Reason
from services.errors import NotFound, Refused
from services.paging import Page, paginate
from services.quizzes import reruns
from services.quizzes.people import Standing
from services.quizzes.reruns import Progress
from services.quizzes.rules import Worth
from services.regrades import applying
from services.regrades.plans import Plan

# Answers that differ are shown up to this number, the most frequent first.
MOST_GIVEN = 30


@dataclass(frozen=True)
class Row:
    """An attempt that changes, or has changed, with whose it is: its marks, and those of the answer, of so many.

    `stood` and `stands` are its person's, by all their attempts at the quiz; None in notes of before there were such.
    """

    attempt: Attempt
    user: User
    before: Worth
    after: Worth
    answer_before: Worth
    answer_after: Worth
    stood: Standing | None
    stands: Standing | None
    is_undo: bool = False


@dataclass(frozen=True)
class Asked:
    """A question that a quiz has asked, or asks; `given` counts the attempts with it that were handed in."""

    question: Question
    version: QuestionVersion
    given: int


@dataclass(frozen=True)
class Given:
    """An answer that some gave, in one of their attempts; `earned` is the mean share of the marks that it has."""

    attempt_id: int
    text: str
    count: int
    earned: float


def find(regrade_id: int) -> Regrade:
    """Return a regrade with its quiz, course and question; raise NotFound."""
    query = (
        select(Regrade)
        .where(Regrade.id == regrade_id)
        .options(
            joinedload(Regrade.quiz).joinedload(Quiz.course),
            joinedload(Regrade.question).joinedload(Question.current),
            joinedload(Regrade.key),
            joinedload(Regrade.applied_by),
            joinedload(Regrade.undone_by),
        )
        .execution_options(populate_existing=True)
    )
    found = db.session.scalar(query) if regrade_id < 2**63 else None
    if found is None:
        raise NotFound
    return found


def page(quiz: Quiz, number: int, per_page: int) -> Page[Regrade]:
    """Return a page of what was regraded in a quiz, the newest first."""
    query = (
        select(Regrade)
        .where(Regrade.quiz_id == quiz.id, Regrade.state != DRAFT)
        .options(
            joinedload(Regrade.question).joinedload(Question.current),
            joinedload(Regrade.applied_by),
            joinedload(Regrade.undone_by),
        )
        .order_by(Regrade.number.desc())
    )
    return paginate(query, number, per_page)


def planned(plan: Plan, number: int, per_page: int) -> Page[Row]:
    """Return a page of the attempts that a plan changes."""
    changed = plan.changed
    lines = changed[(number - 1) * per_page : number * per_page]
    query = select(Attempt).where(Attempt.id.in_([line.attempt_id for line in lines]))
    made = {each.id: each for each in db.session.scalars(query.options(joinedload(Attempt.user)))}
    rows = []
    for line in lines:
        attempt = made[line.attempt_id]
        person = plan.people[line.user_id]
        worths = (line.before, line.after, line.item_before, line.item_after)
        rows.append(Row(attempt, attempt.user, *worths, person.before, person.after))
    return Page(rows, number, max(1, -(-len(changed) // per_page)), len(changed))


def noted(regrade: Regrade, number: int, per_page: int) -> Page[Row]:
    """Return a page of the attempts whose scores a regrade has changed, and changed back."""
    query = (
        select(RegradeNote, Attempt)
        .join(Attempt, Attempt.id == RegradeNote.attempt_id)
        .where(RegradeNote.regrade_id == regrade.id)
        .options(joinedload(Attempt.user))
        .order_by(RegradeNote.attempt_id, RegradeNote.is_undo)
    )
    found = paginate(query, number, per_page)
    rows = [
        Row(
            attempt,
            attempt.user,
            Worth(note.score_before, note.max_before),
            Worth(note.score_after, note.max_after),
            Worth(note.answer_before, note.points_before),
            Worth(note.answer_after, note.points_after),
            _standing(note.board_before, note.done_before),
            _standing(note.board_after, note.done_after),
            is_undo=note.is_undo,
        )
        for note, attempt in found.rows
    ]
    return Page(rows, found.number, found.pages, found.total)


def _standing(points: int | None, is_done: bool | None) -> Standing | None:
    return None if points is None or is_done is None else Standing(points, is_done)


def notes(attempt_ids: Collection[int]) -> dict[int, list[RegradeNote]]:
    """Return what students are told of their attempts, in its order, by attempt; those without a note are left out."""
    found: dict[int, list[RegradeNote]] = {}
    if attempt_ids:
        query = (
            select(RegradeNote).where(RegradeNote.attempt_id.in_(attempt_ids)).options(joinedload(RegradeNote.regrade))
        )
        for note in db.session.scalars(query.order_by(RegradeNote.noted_at, RegradeNote.regrade_id)):
            found.setdefault(note.attempt_id, []).append(note)
    return found


def keys(attempt: Attempt) -> dict[int, dict[str, Any]]:
    """Return, by version, the `key` and the `rubric` that count for an attempt's answers, where they aren't its own."""
    version_ids = [item.version_id for item in attempt.items if item.is_regraded]
    if not version_ids:
        return {}
    asked, key = QuestionVersion.__table__.alias("asked"), QuestionVersion.__table__.alias("key")
    query = (
        select(asked.c.id, key.c.spec, key.c.rubric)
        .select_from(Regrade)
        .join(key, key.c.id == Regrade.key_id)
        .join(asked, asked.c.question_id == Regrade.question_id)
        .where(asked.c.id.in_(version_ids), asked.c.number <= Regrade.upto)
        .where(Regrade.quiz_id == attempt.quiz_id, Regrade.state == APPLIED, Regrade.kind == KEY)
        .order_by(Regrade.number)
    )
    rows = db.session.execute(query).tuples()
    return {version_id: {"key": spec, "rubric": rubric} for version_id, spec, rubric in rows}


def askable(quiz: Quiz) -> list[Asked]:
    """Return the questions that the quiz takes or has asked, in its order, with how often each was handed in."""
    count = func.count(AttemptItem.attempt_id)
    handed_in = (
        select(QuestionVersion.question_id, count.label("given"))
        .join(AttemptItem, AttemptItem.version_id == QuestionVersion.id)
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .where(Attempt.quiz_id == quiz.id, Attempt.state != IN_PROGRESS)
        .group_by(QuestionVersion.question_id)
        .subquery()
    )
    query = (
        select(Question, QuestionVersion, func.coalesce(handed_in.c.given, 0))
        .join(QuestionVersion, QuestionVersion.id == Question.current_id)
        .outerjoin(handed_in, handed_in.c.question_id == Question.id)
        .outerjoin(QuizSlot, (QuizSlot.quiz_id == quiz.id) & (QuizSlot.question_id == Question.id))
        .where(handed_in.c.given.is_not(None) | QuizSlot.position.is_not(None))
        .order_by(QuizSlot.position.nulls_last(), Question.slug, Question.id)
    )
    return [Asked(*row) for row in db.session.execute(query).tuples()]


def given(quiz: Quiz, question_id: int) -> list[Given]:
    """Return the answers to a question that don't have all of their marks, the most frequent first."""
    groups: dict[str, list[tuple[int, float, str]]] = {}
    query = (
        select(AttemptItem, QuestionVersion)
        .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .where(Attempt.quiz_id == quiz.id, Attempt.state != IN_PROGRESS, QuestionVersion.question_id == question_id)
        .where(AttemptItem.response.is_not(None), AttemptItem.score.is_not(None))
        .order_by(AttemptItem.attempt_id)
    )
    for item, version in db.session.execute(query).tuples():
        kind = type_of(version.kind)
        variant = kind.variant(item.frozen)
        name = json.dumps([item.response, variant], sort_keys=True)
        share = float((item.score or 0) / exact(item.points)) if item.points else 1.0
        words = kind.in_words(version.spec, item.response)
        groups.setdefault(name, []).append((item.attempt_id, share, words))
    found = [
        Given(rows[0][0], rows[0][2], len(rows), sum(share for _id, share, _words in rows) / len(rows))
        for rows in groups.values()
    ]
    wrong = [each for each in found if each.earned < 1]
    return sorted(wrong, key=lambda each: -each.count)[:MOST_GIVEN]


def newer_versions(quiz: Quiz, question: Question) -> Sequence[QuestionVersion]:
    """Return the versions whose key may count: those that came after one that was asked, the newest first."""
    first = (
        select(func.min(QuestionVersion.number))
        .join(AttemptItem, AttemptItem.version_id == QuestionVersion.id)
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .where(Attempt.quiz_id == quiz.id, QuestionVersion.question_id == question.id)
        .scalar_subquery()
    )
    query = select(QuestionVersion).where(QuestionVersion.question_id == question.id, QuestionVersion.number > first)
    return db.session.scalars(query.order_by(QuestionVersion.number.desc())).all()


def tests(regrade: Regrade) -> Progress | None:
    """Return how far the tests are that a draft waits for, or that follow what holds; None where it has none."""
    return reruns.progress(regrade) if regrade.state != UNDONE else None


def shown(regrade: Regrade, number: int, per_page: int, *, is_undo: bool = False) -> tuple[Page[Row], Plan | None]:
    """Return the changes of a regrade, and of a draft the plan that they are: none while its tests run.

    `is_undo` asks what taking back one that is applied would change; Refused where it isn't.
    """
    if is_undo and regrade.state != APPLIED:
        raise Refused(Reason(Code.REGRADE_OVER))
    if regrade.state != DRAFT and not is_undo:
        return noted(regrade, number, per_page), None
    running = tests(regrade)
    if running is not None and running.is_open:
        return Page([], 1, 1, 0), None
    plan = applying.preview(regrade)
    return planned(plan, number, per_page), plan
