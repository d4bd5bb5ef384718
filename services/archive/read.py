"""A folder -> a course, strictly: either every file of it is understood, or all its faults are told.

The folder may come from anybody. Reading changes nothing and asks nothing but the files themselves.
"""

import re
from pathlib import Path

from services.archive import pictures
from services.archive.content import (
    ENROLMENTS,
    FORMAT,
    ActivityContent,
    CourseContent,
    FileContent,
    LessonContent,
    ModuleContent,
    block_text,
)
from services.archive.faults import Faults
from services.archive.fields import MAX_BLOCK, Fields
from services.archive.folder import Folder
from services.archive.nodes import parse
from services.archive.read_lab import read_lab
from services.archive.read_quiz import read_quiz

MAX_MODULES = 100
MAX_ACTIVITIES = 200
MAX_LESSON = 200_000
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
CODE = re.compile(r"\S{4,64}")
ACTIVITY = re.compile(r"(?P<module>[^/]+)/(?P<name>[^/]+?)(\.md|\.quiz\.yaml|\.lab/lab\.yaml)")
IN_LAB = re.compile(r"[^/]+/[^/]+\.lab/.")


def read(root: Path) -> CourseContent:
    """Return the course in the folder `root`; raise ArchiveError with every fault."""
    faults = Faults()
    folder = Folder(root, faults)
    course = _course(folder, faults)
    folder.note_unused()
    faults.check()
    return course


def _course(folder: Folder, faults: Faults) -> CourseContent:
    fields = _fields(folder, "course.yaml", faults)
    if fields.node("format") is None:
        fields.fault("format", "is missing")
    elif fields.integer("format", FORMAT, 1, 1_000_000) != FORMAT:
        fields.fault("format", f"must be {FORMAT}, the only format that this version of Yurt knows")
    slug = fields.slug()
    title = fields.text("title", is_required=True)
    enrolment = fields.choice("enrolment", ENROLMENTS, "open")
    code = fields.text("enrol_code", pattern=CODE)
    if enrolment == "code" and fields.node("enrol_code") is None:
        fields.fault("enrol_code", "is missing, but enrolment is by code")
    seen: dict[str, str] = {}
    entries = fields.names("modules", limit=MAX_MODULES)
    modules = [_module(folder, faults, name, seen, fields, line) for name, line in entries]
    _read_the_rest(folder, faults, seen)
    course = CourseContent(
        slug=slug,
        title=title,
        summary=fields.text("summary", is_block=True),
        about=_markdown(folder, faults, "about.md") if "about.md" in folder else "",
        language=fields.text("language", pattern=LANGUAGE) or "en",
        is_published=fields.flag("is_published", False),
        enrolment=enrolment,
        enrol_code=code or None,
        modules=tuple(module for module in modules if module is not None),
        files=_files(folder, faults),
    )
    fields.close()
    return course


def _module(
    folder: Folder, faults: Faults, slug: str, seen: dict[str, str], course: Fields, line: int
) -> ModuleContent | None:
    file = f"{slug}/module.yaml"
    if file not in folder:
        course.fault("modules", f"there is no {file}", line=line)
        return None
    fields = _fields(folder, file, faults)
    title, summary = fields.text("title", is_required=True), fields.text("summary", is_block=True)
    activities = []
    for name, entry_line in fields.names("activities", limit=MAX_ACTIVITIES):
        if name in seen:
            fields.fault("activities", f"{name} is already in the module {seen[name]}", line=entry_line)
            continue
        seen[name] = slug
        activity = _activity(folder, faults, slug, name, fields, entry_line)
        if activity is not None:
            activities.append(activity)
    fields.close()
    return ModuleContent(slug=slug, title=title, summary=summary, activities=tuple(activities))


def _activity(
    folder: Folder, faults: Faults, module: str, name: str, fields: Fields, line: int
) -> ActivityContent | None:
    base = f"{module}/{name}"
    files = [f"{base}.md", f"{base}.quiz.yaml", f"{base}.lab/lab.yaml"]
    found = [file for file in files if file in folder]
    if len(found) != 1:
        fault = "there is more than one of" if found else "there is none of"
        fields.fault("activities", f"{fault} {', '.join(found or files)}", line=line)
        return None
    if found[0].endswith(".md"):
        return _lesson(folder, faults, found[0], name)
    inner = _fields(folder, found[0], faults)
    if found[0].endswith(".quiz.yaml"):
        return read_quiz(inner, name)
    return read_lab(inner, folder, f"{base}.lab/", name)


def _read_the_rest(folder: Folder, faults: Faults, seen: dict[str, str]) -> None:
    """Read what a file with faults should have named, for the faults in it: an author mends all of them in one go."""
    nothing = Fields(None, "course.yaml", faults)
    for path in folder.unread():
        if path.endswith("/module.yaml") and path.count("/") == 1:
            _module(folder, faults, path.partition("/")[0], seen, nothing, 1)
    for path in folder.unread():
        named = ACTIVITY.fullmatch(path)
        if named:
            _activity(folder, faults, named["module"], named["name"], nothing, 1)
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
    fields = Fields(node, file, faults)
    lesson = LessonContent(
        slug=slug,
        title=fields.text("title", is_required=True),
        minutes=fields.optional_integer("minutes", 1, 1_000),
        points=fields.integer("points", 0, 0, 10_000),
        body=block_text(text[matter.end() :]),
    )
    fields.close()
    if len(lesson.body) > MAX_LESSON:
        faults.add(file, 1, "body", f"is over {MAX_LESSON} characters")
    return lesson


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


def _fields(folder: Folder, file: str, faults: Faults) -> Fields:
    text = folder.text(file)
    node = None if text is None else parse(text, file, faults)
    return Fields(node, file, faults)
