"""Parts of a course as JSON: what their files say."""

from dataclasses import asdict
from typing import Any

from services.archive import written
from services.archive.content import CourseContent, LabContent, LessonContent, ModuleContent, QuizContent
from services.archive.edits import Found, Removed
from services.archive.pieces import quiz_words


def activity(found: Found) -> dict[str, Any]:
    """Give a lesson, a quiz or a lab with its place."""
    part = found.part
    if isinstance(part, LessonContent):
        said = {**written.lesson(part), "body": part.body}
    elif isinstance(part, QuizContent):
        said = dict(zip(("title", "instructions", "is_shuffled"), quiz_words(part), strict=True))
    else:
        assert isinstance(part, LabContent)  # there is no fourth kind
        said = {**_given(written.lab(part)), "files": written.lab_texts(part)}
    return {"slug": part.slug, "module": found.module, "position": found.position, **said}


def module(found: Found) -> dict[str, Any]:
    """Give a module with its place."""
    assert isinstance(found.part, ModuleContent)
    return {"slug": found.part.slug, "position": found.position, **written.module(found.part)}


def course(found: Found) -> dict[str, Any]:
    """Give what a course itself says."""
    assert isinstance(found.part, CourseContent)
    said = {name: value for name, value in written.course(found.part).items() if name != "format"}
    return {**_given(said), "about": found.part.about, "enrol_code": found.part.enrol_code}


def removed(done: Removed) -> dict[str, Any]:
    """Give what was taken out."""
    touched = [{"name": name, **work.counts()} for name, work in sorted(done.touched.items())]
    return {**asdict(done), "touched": touched}


def _given(value: Any) -> Any:
    """Leave out what says nothing, as a file does."""
    if isinstance(value, list):
        return [_given(item) for item in value]
    if isinstance(value, dict):
        return {name: _given(item) for name, item in value.items() if item is not None}
    return value
