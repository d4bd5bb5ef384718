"""Where the scores of a gradebook come from: quizzes, labs, lessons, and what the staff has set.

Five statements at most for any number of students and activities.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from sqlalchemy import func, select

from extensions import db
from models import CheckRun, Completion, GradeMark, LabCheck, LabSession, Quiz
from services.gradebook.schemes import Scheme
from services.quizzes import reveal, scores


@dataclass(frozen=True)
class Cell:
    """A student's score for an activity: the share that counts, and what was `earned`. None is no score yet.

    `is_hidden` says that there is a score which its student isn't shown yet.
    `attempt_id` is the attempt at a quiz that it comes from, the last of several.
    """

    share: Fraction | None = None
    earned: Fraction | None = None
    attempt_id: int | None = None
    is_set: bool = False
    is_exempt: bool = False
    note: str = ""
    is_hidden: bool = False


Cells = dict[int, Cell]


def cells_of(scheme: Scheme, user_ids: Collection[int]) -> dict[int, Cells]:
    """Return the cells of these students by activity; an activity without a score has none."""
    cells: dict[int, Cells] = {user_id: {} for user_id in user_ids}
    for (user_id, quiz_id), counted in _quizzes(scheme, user_ids).items():
        cells[user_id][quiz_id] = Cell(counted.share, counted.share, counted.attempt_ids[-1])
    for (user_id, activity_id), share in {**_labs(scheme, user_ids), **_lessons(scheme, user_ids)}.items():
        cells[user_id][activity_id] = Cell(share, share)
    for mark in _marks(scheme, user_ids):
        known = cells[mark.user_id].get(mark.activity_id, Cell())
        cells[mark.user_id][mark.activity_id] = replace(
            known,
            share=mark.percent / 100 if mark.percent is not None else known.share,
            is_set=mark.percent is not None,
            is_exempt=mark.is_exempt,
            note=mark.note,
        )
    return cells


def shares(cells: Cells) -> dict[int, Fraction | None]:
    """Return the shares that count, by activity."""
    return {item_id: cell.share for item_id, cell in cells.items()}


def exempt(cells: Cells) -> set[int]:
    """Return the activities that don't count."""
    return {item_id for item_id, cell in cells.items() if cell.is_exempt}


def as_student(cells: Cells, scheme: Scheme, now: datetime) -> Cells:
    """Return a student's cells as they may see them: without scores of quizzes that don't show them yet."""
    asked = select(Quiz).where(Quiz.id.in_([item.id for item in scheme.of_kind("quiz") if item.id in cells]))
    hidden = {
        quiz.id
        for quiz in db.session.scalars(asked)
        if not reveal.shows_score(quiz, now=now, last_close=reveal.last_close(quiz))
    }
    return {item_id: _masked(cell) if item_id in hidden else cell for item_id, cell in cells.items()}


def _masked(cell: Cell) -> Cell:
    """Hide what was earned; what a teacher has set was meant to be told."""
    if cell.earned is None:
        return cell
    return replace(cell, share=cell.share if cell.is_set else None, earned=None, is_hidden=True)


def _quizzes(scheme: Scheme, user_ids: Collection[int]) -> dict[tuple[int, int], scores.Counted]:
    quizzes = [item.id for item in scheme.of_kind("quiz")]
    return scores.of_students(quizzes, user_ids) if quizzes else {}


def _labs(scheme: Scheme, user_ids: Collection[int]) -> dict[tuple[int, int], Fraction]:
    """Return the share of a lab's checks that a student has passed, once one of them has run."""
    checks = {item.id: item.checks for item in scheme.of_kind("lab")}
    if not checks:
        return {}
    passed = func.count(CheckRun.check_id.distinct()).filter(CheckRun.state == "passed")
    query = (
        select(LabSession.user_id, LabCheck.lab_id, passed)
        .select_from(CheckRun)
        .join(LabSession, LabSession.id == CheckRun.session_id)
        .join(LabCheck, LabCheck.id == CheckRun.check_id)
        .where(LabSession.user_id.in_(user_ids), LabCheck.lab_id.in_(checks), ~LabCheck.is_archived)
        .where(CheckRun.state.in_(("passed", "failed")))
        .group_by(LabSession.user_id, LabCheck.lab_id)
    )
    return {
        (user_id, lab_id): min(Fraction(count, checks[lab_id]), Fraction(1))
        for user_id, lab_id, count in db.session.execute(query)
    }


def _lessons(scheme: Scheme, user_ids: Collection[int]) -> dict[tuple[int, int], Fraction]:
    lessons = [item.id for item in scheme.of_kind("lesson")]
    if not lessons:
        return {}
    query = select(Completion.user_id, Completion.activity_id).where(
        Completion.user_id.in_(user_ids), Completion.activity_id.in_(lessons)
    )
    return {(user_id, lesson_id): Fraction(1) for user_id, lesson_id in db.session.execute(query)}


def _marks(scheme: Scheme, user_ids: Collection[int]) -> list[GradeMark]:
    items = [item.id for item in scheme.items]
    query = select(GradeMark).where(GradeMark.user_id.in_(user_ids), GradeMark.activity_id.in_(items))
    return list(db.session.scalars(query)) if items else []
