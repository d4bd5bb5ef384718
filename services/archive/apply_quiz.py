"""A quiz -> its rows. A question that says something else gets a new version: attempts keep what they showed."""

from models import Question, Quiz
from quiz_settings import columns_of
from services.archive.apply_bank import apply_question, apply_slots
from services.archive.changes import Render, assign
from services.archive.content import QuestionContent, QuizContent


def apply_quiz(quiz: Quiz, content: QuizContent, render: Render, bank: dict[str, Question]) -> bool:
    """Bring the quiz, its questions and what it asks up to date; return whether anything changed."""
    is_changed = assign(
        quiz,
        instructions_md=content.instructions,
        instructions_html=render(content.instructions),
        time_limit_s=content.time_limit_s,
        attempts_allowed=content.attempts_allowed,
        counts=content.counts,
        points=content.points,
        pass_percent=content.pass_percent,
        is_shuffled=content.is_shuffled,
        **columns_of(content),
    )
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
