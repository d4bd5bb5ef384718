"""A quiz -> its rows. A question that says something else gets a new version: attempts keep what they showed."""

from datetime import datetime

from models import Question, Quiz
from services.archive.apply_bank import apply_question, apply_slots
from services.archive.changes import Changes, Render, assign
from services.archive.content import QuestionContent, QuizContent
from services.quizzes import settings


def apply_quiz(
    quiz: Quiz, content: QuizContent, render: Render, bank: dict[str, Question], changes: Changes, now: datetime
) -> bool:
    """Bring the quiz, its questions and what it asks up to date; return whether anything changed.

    What students have of its attempts follows, as where teachers change its settings.
    """
    is_changed = assign(
        quiz,
        instructions_md=content.instructions,
        instructions_html=render(content.instructions),
        is_shuffled=content.is_shuffled,
    )
    is_set, settled = settings.bring(quiz, content, now=now)
    is_changed |= is_set
    if settled:
        changes.settled[f"quiz {quiz.slug}"] = settled
    known = {row.slug: row for row in quiz.questions}
    own: dict[str, Question] = {}
    for position, entry in enumerate(content.questions, start=1):
        if not isinstance(entry, QuestionContent):
            continue
        row = known.pop(entry.slug, None)
        if row is None:
            row = Question(course_id=quiz.course_id, quiz=quiz, slug=entry.slug, position=position, is_archived=False)
            is_changed = True
        is_changed |= apply_question(row, entry, position, render)
        own[entry.slug] = row
    is_changed |= archive_questions(list(known.values()))
    is_changed |= apply_slots(quiz, content, bank, own)
    return is_changed


def archive_questions(rows: list[Question]) -> bool:
    """Archive questions that no folder holds any more; return whether any wasn't."""
    changed = [assign(row, is_archived=True) for row in rows]
    return any(changed)
