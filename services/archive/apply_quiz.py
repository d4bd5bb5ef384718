"""A quiz -> its rows. A question that says something else gets a new version: attempts keep what they showed."""

from sqlalchemy import func, select

from extensions import db
from models import Question, QuestionVersion, Quiz
from quiz_settings import columns_of
from services.archive.changes import Render, assign
from services.archive.content import QuestionContent, QuizContent


def apply_quiz(quiz: Quiz, content: QuizContent, render: Render) -> bool:
    """Bring the quiz and its questions up to date; return whether anything changed."""
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
    for position, question in enumerate(content.questions, start=1):
        row = known.pop(question.slug, None)
        if row is None:
            row = Question(quiz=quiz, slug=question.slug, position=position, is_archived=False)
            db.session.add(row)
            db.session.flush()
            is_changed = True
        is_changed |= assign(row, position=position, is_archived=False)
        is_changed |= _apply_version(row, question, render)
    for row in known.values():
        is_changed |= assign(row, is_archived=True)
    return is_changed


def _apply_version(row: Question, content: QuestionContent, render: Render) -> bool:
    values = {
        "kind": content.kind,
        "prompt_md": content.prompt,
        "prompt_html": render(content.prompt),
        "points": content.points,
        "spec": content.spec,
        "feedback_md": content.feedback,
        "feedback_html": render(content.feedback),
    }
    current = row.current
    if current is not None and all(getattr(current, name) == value for name, value in values.items()):
        return False
    highest = select(func.max(QuestionVersion.number)).where(QuestionVersion.question_id == row.id)
    version = QuestionVersion(question_id=row.id, number=(db.session.scalar(highest) or 0) + 1, **values)
    db.session.add(version)
    db.session.flush()
    row.current = version
    return True
