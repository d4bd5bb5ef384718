"""Many questions into a bank at once: drafts, in a file of their own, in a few statements."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import func, select

from extensions import db
from models import Course, Question
from models.question import DRAFT
from reasons import Code, Reason
from services.bank import versions
from services.bank.rendering import renderer
from services.bank.versions import Wording
from services.errors import InvalidInput


class Named(Wording, Protocol):
    """What a question says, and what it is called in the bank."""

    @property
    def slug(self) -> str: ...
    @property
    def tags(self) -> tuple[str, ...]: ...
    @property
    def difficulty(self) -> str | None: ...


def add(course: Course, contents: Sequence[Named], *, file: str) -> list[Question]:
    """Add drafts in their order; raise InvalidInput where a slug is taken. The caller has taken the course's turn."""
    slugs = [content.slug for content in contents]
    in_bank = (Question.course_id == course.id, Question.quiz_id.is_(None))
    taken = db.session.scalars(select(Question.slug).where(*in_bank, Question.slug.in_(slugs))).first()
    if taken is not None:
        raise InvalidInput("slug", Reason(Code.SLUG_TAKEN, slug=taken))
    last = db.session.scalar(select(func.max(Question.position)).where(*in_bank, Question.file == file)) or 0
    rows = [
        Question(
            course_id=course.id,
            slug=content.slug,
            file=file,
            position=position,
            tags=list(content.tags),
            difficulty=content.difficulty,
            state=DRAFT,
        )
        for position, content in enumerate(contents, start=last + 1)
    ]
    db.session.add_all(rows)
    db.session.flush()
    render = renderer(course, *(text for content in contents for text in versions.texts_of(content)))
    for row, content in zip(rows, contents, strict=True):
        versions.write(row, content, render)
    db.session.flush()
    return rows
