"""A folder -> a course, strictly: either every file of it is understood, or all its faults are told.

The folder may come from anybody. Reading changes nothing and asks nothing but the files themselves.
"""

import re
from pathlib import Path
from typing import Any, TypeVar

from services.archive import pictures
from services.archive.content import (
    ActivityContent,
    BankFileContent,
    CourseContent,
    FileContent,
    LessonContent,
    ModuleContent,
    block_text,
)
from services.archive.cross import check_questions, check_requirements
from services.archive.disk import DiskFolder
from services.archive.documents import Document, Shape
from services.archive.faults import Faults
from services.archive.folder import Folder
from services.archive.nodes import Node, parse
from services.archive.read_bank import bank_files, read_bank_file
from services.archive.read_certificate import read_certificate
from services.archive.read_grading import read_grading
from services.archive.read_lab import read_lab
from services.archive.read_quiz import read_quiz
from services.archive.shapes import MAX_BLOCK, BankFile, CourseFile, LabFile, LessonMatter, ModuleFile, QuizFile

MAX_LESSON = 200_000
ACTIVITY = re.compile(r"(?P<module>[^/]+)/(?P<name>[^/]+?)(\.md|\.quiz\.yaml|\.lab/lab\.yaml)")
IN_LAB = re.compile(r"[^/]+/[^/]+\.lab/.")
T = TypeVar("T", bound=Shape)


def read(root: Path) -> CourseContent:
    """Return the course in the folder `root`; raise ArchiveError with every fault."""
    return read_folder(DiskFolder(root, Faults()))


def read_folder(folder: Folder) -> CourseContent:
    """Return the course in a folder, wherever that is kept; raise ArchiveError with every fault."""
    faults = folder.faults
    course = _course(folder, faults)
    folder.note_unused()
    faults.check()
    return course


def _course(folder: Folder, faults: Faults) -> CourseContent:
    document = _document(CourseFile, folder, "course.yaml", faults)
    said = document.said
    bank = _bank(folder, faults)
    seen: dict[str, str] = {}
    modules = []
    for slug, line in document.each("modules", said.modules):
        if f"{slug}/module.yaml" in folder:
            modules.append(_module(folder, faults, slug, seen))
        else:
            document.fault(f"there is no {slug}/module.yaml", "modules", line=line)

    def node_of(file: str) -> Node | None:
        # Files are read again, for the lines alone.
        return parse(folder.text(file) or "", file, Faults())

    check_requirements(modules, node_of, faults)
    _read_the_rest(folder, faults, seen)
    content = course_content(
        document,
        seen,
        about=_markdown(folder, faults, "about.md") if "about.md" in folder else "",
        modules=tuple(modules),
        files=_files(folder, faults),
        bank=bank,
    )
    check_questions(content, node_of, faults)
    return content


def course_content(document: Document[CourseFile], known: dict[str, str], **parts: Any) -> CourseContent:
    """Return the course of a document, with its parts; `known` are the slugs of its activities."""
    said = document.said
    if said.enrolment == "code" and not document.has("enrol_code"):
        document.fault("is missing, but enrolment is by code", "enrol_code")
    return CourseContent(
        slug=said.slug,
        title=said.title,
        summary=said.summary,
        language=said.language or "en",
        is_published=said.is_published,
        enrolment=said.enrolment,
        enrol_code=said.enrol_code or None,
        offers_practice=said.offers_practice,
        grading=read_grading(document, known),
        certificate=read_certificate(document, known),
        **parts,
    )


def _bank(folder: Folder, faults: Faults) -> tuple[BankFileContent, ...]:
    seen: dict[str, str] = {}
    return tuple(
        read_bank_file(_document(BankFile, folder, path, faults), name, seen) for name, path in bank_files(folder)
    )


def _module(folder: Folder, faults: Faults, slug: str, seen: dict[str, str]) -> ModuleContent:
    document = _document(ModuleFile, folder, f"{slug}/module.yaml", faults)
    activities = []
    for name, line in document.each("activities", document.said.activities):
        if name in seen:
            document.fault(f"{name} is already in the module {seen[name]}", "activities", line=line)
            continue
        seen[name] = slug
        files = [f"{slug}/{name}.md", f"{slug}/{name}.quiz.yaml", f"{slug}/{name}.lab/lab.yaml"]
        present = [file for file in files if file in folder]
        if len(present) == 1:
            activities.append(_activity(folder, faults, present[0], name))
        else:
            fault = "there is more than one of" if present else "there is none of"
            document.fault(f"{fault} {', '.join(present or files)}", "activities", line=line)
    read = tuple(activity for activity in activities if activity is not None)
    return ModuleContent(slug=slug, title=document.said.title, summary=document.said.summary, activities=read)


def _activity(folder: Folder, faults: Faults, file: str, slug: str) -> ActivityContent | None:
    if file.endswith(".md"):
        return _lesson(folder, faults, file, slug)
    if file.endswith(".quiz.yaml"):
        return read_quiz(_document(QuizFile, folder, file, faults), slug)
    return read_lab(_document(LabFile, folder, file, faults), folder, file.removesuffix("lab.yaml"), slug)


def _read_the_rest(folder: Folder, faults: Faults, seen: dict[str, str]) -> None:
    """Read what a file with faults should have named, for the faults in it: an author mends all of them in one go."""
    for path in folder.unread():
        if path.endswith("/module.yaml") and path.count("/") == 1:
            _module(folder, faults, path.partition("/")[0], seen)
    for path in folder.unread():
        named = ACTIVITY.fullmatch(path)
        if named:
            _activity(folder, faults, path, named["name"])
    for path in folder.unread():
        if IN_LAB.match(path):
            folder.text(path)


def _lesson(folder: Folder, faults: Faults, file: str, slug: str) -> LessonContent | None:
    text = folder.text(file)
    if text is None:
        return None
    matter = re.match(r"---[ \t]*\n((?:.*\n)*?)---[ \t]*(?:\n|$)", text)
    if matter is None:
        faults.add(file, 1, "front matter", "is missing: begin with a line ---, then title: ..., then a line ---")
        return None
    node = parse(matter[1], file, faults, first_line=2)
    if node is None:
        return None
    return lesson_content(Document(LessonMatter, node, file, faults).said, text[matter.end() :], file, slug, faults)


def lesson_content(said: LessonMatter, text: str, file: str, slug: str, faults: Faults) -> LessonContent:
    """Return a lesson of its front matter and the text that follows."""
    body = block_text(text)
    if len(body) > MAX_LESSON:
        faults.add(file, 1, "body", f"is over {MAX_LESSON} characters")
    return LessonContent(slug=slug, title=said.title, minutes=said.minutes, points=said.points, body=body)


def _markdown(folder: Folder, faults: Faults, file: str) -> str:
    text = folder.text(file) or ""
    if len(text) > MAX_BLOCK:
        faults.add(file, 1, "body", f"is over {MAX_BLOCK} characters")
    return block_text(text)


def _files(folder: Folder, faults: Faults) -> tuple[FileContent, ...]:
    files = []
    for path in folder.below("files/"):
        data = folder.data(path)
        if data is not None:
            pictures.check(path, data, faults)
            files.append(FileContent(path, data))
    return tuple(files)


def _document(shape: type[T], folder: Folder, file: str, faults: Faults) -> Document[T]:
    text = folder.text(file)
    node = None if text is None else parse(text, file, faults)
    return Document(shape, node, file, faults)
