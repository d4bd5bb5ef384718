"""One part of a course, read of what a program sends by the same shapes as a folder's files.

`said` is JSON, of a course's `draft`. Faults are noted; what is returned then isn't to be used.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from services.archive.content import (
    FORMAT,
    ActivityContent,
    CourseContent,
    LabContent,
    LessonContent,
    ModuleContent,
    QuizContent,
    block_text,
)
from services.archive.documents import Document, Shape
from services.archive.faults import Faults
from services.archive.given import ABOUT, BODY, LAB, TEXT, GivenFolder, node
from services.archive.read import course_content, lesson_content
from services.archive.read_lab import read_lab
from services.archive.shapes import CourseFile, LabFile, LessonMatter, ModuleFile, QuizFile

Said = dict[str, Any]


def lesson(slug: str, said: Said, old: ActivityContent | None, files: Iterable[str], faults: Faults) -> LessonContent:
    """Return a lesson: its front matter with the `body`."""
    folder = GivenFolder({TEXT: said.get("body", "")}, files, faults)
    document = _document(LessonMatter, said, folder, but=("body",))
    return lesson_content(document.said, folder.text(TEXT) or "", TEXT, slug, faults)


def quiz(slug: str, said: Said, old: ActivityContent | None, files: Iterable[str], faults: Faults) -> QuizContent:
    """Return a quiz with other words; its settings and questions stay as they are."""
    read = _document(QuizFile, {**said, "questions": []}, GivenFolder({}, files, faults)).said
    words = {"title": read.title, "instructions": read.instructions, "is_shuffled": read.is_shuffled}
    if isinstance(old, QuizContent):
        return replace(old, **words)
    return QuizContent(slug=slug, questions=(), **words)


def quiz_words(quiz: QuizContent) -> list[Any]:
    """Return what `quiz` reads of a quiz."""
    return [quiz.title, quiz.instructions, quiz.is_shuffled]


def lab(slug: str, said: Said, old: ActivityContent | None, files: Iterable[str], faults: Faults) -> LabContent:
    """Return a lab: its definition, with `files` by their paths in its folder."""
    texts = {f"{LAB}{path}": text for path, text in said.get("files", {}).items()}
    folder = GivenFolder(texts, files, faults)
    read = read_lab(_document(LabFile, said, folder, but=("files",)), folder, LAB, slug)
    for path in folder.unused():
        faults.add(path, 1, "file", "isn't part of the lab; nothing refers to it")
    return read


def module(slug: str, said: Said, draft: CourseContent, files: Iterable[str], faults: Faults) -> ModuleContent:
    """Return a module with its activities in the order that is said; without `activities`, as they are."""
    held = {activity.slug: activity for each in draft.modules for activity in each.activities}
    own = next((each.activities for each in draft.modules if each.slug == slug), ())
    names = [activity.slug for activity in own]
    given = said if said.get("activities") is not None else {**said, "activities": names}
    document = _document(ModuleFile, given, GivenFolder({}, files, faults))
    order = [name for name, _line in document.each("activities", document.said.activities)]
    for index, name in enumerate(order):
        if name not in held:
            document.fault(f"there is no activity {name}", "activities", index)
    for name in names:
        if name not in order:
            document.fault(f"lacks {name}: put it into another module, or delete it", "activities")
    activities = tuple(held[name] for name in order if name in held)
    return ModuleContent(slug=slug, title=document.said.title, summary=document.said.summary, activities=activities)


def course(slug: str, said: Said, draft: CourseContent | None, files: Iterable[str], faults: Faults) -> CourseContent:
    """Return a course with its modules in the order that is said; without `modules`, as they are."""
    there = {module.slug: module for module in (draft.modules if draft else ())}
    modules = said.get("modules")
    fields = {**said, "format": FORMAT, "slug": slug, "modules": list(there) if modules is None else modules}
    folder = GivenFolder({ABOUT: said.get("about", "")}, files, faults)
    document = _document(CourseFile, fields, folder, but=("about",))
    order = [name for name, _line in document.each("modules", document.said.modules)]
    for index, name in enumerate(order):
        if name not in there:
            document.fault(f"there is no module {name}", "modules", index)
    for name in there:
        if name not in order:
            document.fault(f"lacks {name}: delete it by its own address", "modules")
    known = {activity.slug: module.slug for module in there.values() for activity in module.activities}
    return course_content(
        document,
        known,
        about=block_text(folder.text(ABOUT) or ""),
        modules=tuple(there[name] for name in order if name in there),
        bank=draft.bank if draft else (),
    )


def _document(shape: type[Shape], said: Said, folder: GivenFolder, but: tuple[str, ...] = ()) -> Document[Any]:
    fields = {name: value for name, value in said.items() if name not in but}
    return Document(shape, node(fields, folder), BODY, folder.faults)
