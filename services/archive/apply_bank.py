"""A course's bank -> its questions, and what a quiz asks -> its slots."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from extensions import db
from models import Course, Question, QuestionVersion, Quiz
from services.archive.changes import Changes, Render, assign
from services.archive.content import BankFileContent, DrawContent, QuestionContent, QuizContent, TakenContent
from services.archive.export import question_content
from services.bank import named_files, slots, versions
from services.bank.slots import Slot


def apply_bank(
    course: Course, files: tuple[BankFileContent, ...], changes: Changes, render: Render
) -> dict[str, Question]:
    """Bring the bank's own questions up to date; return them by slug.

    Of those that the folder doesn't hold, what it once held is archived; what was made on the site stays.
    """
    query = select(Question).where(Question.course_id == course.id, Question.quiz_id.is_(None))
    known = {row.slug: row for row in db.session.scalars(query.options(joinedload(Question.current)))}
    bank: dict[str, Question] = {}
    for file in files:
        for position, content in enumerate(file.questions, start=1):
            row = known.pop(content.slug, None)
            is_new = row is None
            if row is None:
                row = Question(course_id=course.id, slug=content.slug, position=position, is_archived=False)
            is_changed = apply_question(row, content, position, render, file=file.name)
            changes.note(f"question {content.slug}", is_new=is_new, is_changed=is_changed)
            bank[content.slug] = row
    for slug, row in known.items():
        if row.is_imported and assign(row, is_archived=True):
            changes.archived.append(f"question {slug}")
    return bank


def renew(course: Course, names: Collection[str], changes: Changes, render: Render) -> dict[str, Question]:
    """Render questions of the bank anew, by their names; return all that there are, by slug."""
    query = select(Question).where(Question.course_id == course.id, Question.quiz_id.is_(None), ~Question.is_archived)
    bank = {row.slug: row for row in db.session.scalars(query.options(joinedload(Question.current)))}
    for row in bank.values():
        if f"question {row.slug}" in names and row.current is not None:
            is_changed = versions.write(row, question_content(row, row.current), render)
            changes.note(f"question {row.slug}", is_new=False, is_changed=is_changed)
    return bank


def shown_on_site(course: Course) -> set[str]:
    """Return the paths of files that questions show which no folder has held: written on the site, or moved in."""
    query = (
        select(QuestionVersion)
        .join(Question, Question.current_id == QuestionVersion.id)
        .where(Question.course_id == course.id, ~Question.is_imported, ~Question.is_archived)
    )
    return {path for version in db.session.scalars(query) for path in named_files.paths_in(_texts(version))}


def _texts(version: QuestionVersion) -> list[object]:
    return [version.prompt_md, version.feedback_md, version.spec, [hint["text"] for hint in version.hints]]


def apply_question(row: Question, content: QuestionContent, position: int, render: Render, file: str = "") -> bool:
    """Bring one question up to date; return whether anything changed. A new row is added."""
    is_changed = assign(
        row,
        file=file,
        position=position,
        tags=list(content.tags),
        difficulty=content.difficulty,
        state=content.state,
        is_archived=False,
    )
    # That the folder names it says nothing of the question: by itself it is no change.
    row.is_imported = True
    db.session.add(row)
    if row in db.session.new:
        db.session.flush()
    is_changed |= versions.write(row, content, render)
    return is_changed


def apply_slots(quiz: Quiz, content: QuizContent, bank: dict[str, Question], own: dict[str, Question]) -> bool:
    """Write what the quiz asks, if that has changed; return whether it has."""
    return slots.write(quiz, [_slot(entry, bank, own) for entry in content.questions])


def _slot(
    entry: QuestionContent | TakenContent | DrawContent, bank: dict[str, Question], own: dict[str, Question]
) -> Slot:
    if isinstance(entry, DrawContent):
        return Slot(tag=entry.tag, difficulty=entry.difficulty, count=entry.count, points=entry.points)
    if isinstance(entry, TakenContent):
        return Slot(bank[entry.slug].id, points=entry.points)
    return Slot(own[entry.slug].id)
