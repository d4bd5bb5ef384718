"""A question as its page takes it: the YAML of a course's folder, with faults by line, and a preview of it."""

from types import SimpleNamespace
from typing import Any

from flask_babel import gettext as _

from blueprints.bank.documents import current
from models import Course, Question
from services import archive
from services.archive import ArchiveError
from services.archive.content import QuestionContent
from services.bank import previews, versions
from services.bank.questions import Written
from services.bank.rendering import renderer
from services.errors import InvalidInput
from services.quizzes.draws import seed_of

TEMPLATE = """\
slug: name-of-the-question
kind: single
prompt: What do you ask?
tags: []
difficulty: medium
choices:
  - text: The right answer
    is_correct: true
  - text: A wrong one
    feedback: Why it is wrong.
feedback: Shown with the result.
"""


def of_question(question: Question) -> str:
    """Return a question as it is written now."""
    return archive.write_source(archive.question_content(question, current(question)))


def read(source: str) -> QuestionContent:
    """Return the question that was typed; raise ArchiveError or InvalidInput."""
    return archive.read_source(source)


def faults(source: str, *, slug: str | None = None) -> list[str]:
    """Return what is wrong, by line and field; `slug` is the one that a question has and keeps."""
    try:
        said = read(source)
    except ArchiveError as error:
        return [
            _("Line %(line)s, %(field)s: %(message)s", line=fault.line, field=fault.field, message=fault.message)
            for fault in error.faults
        ]
    except InvalidInput as error:
        return [f"{error.field}: {error.message}"]
    if slug is not None and said.slug != slug:
        return [_("slug: stays %(slug)s, by which folders and quizzes know the question", slug=slug)]
    return []


def written(said: QuestionContent) -> Written:
    """Return what a version is made of."""
    return Written(
        kind=said.kind,
        prompt=said.prompt,
        spec=said.spec,
        points=said.points,
        feedback=said.feedback,
        tags=said.tags,
        difficulty=said.difficulty,
        hints=said.hints,
        rubric=said.rubric,
    )


def preview(course: Course, source: str, question_id: int) -> Any:
    """Return what a sound source looks like to a student."""
    said = read(source)
    render = renderer(course, *versions.texts_of(said))
    version = SimpleNamespace(
        kind=said.kind,
        spec=said.spec,
        points=said.points,
        prompt_html=render(said.prompt),
        feedback_html=render(said.feedback),
        hints=versions.hints_of(said, render),
        rubric=[item.kept() for item in said.rubric],
    )
    return previews.of_version(version, seed_of(question_id, 1))
