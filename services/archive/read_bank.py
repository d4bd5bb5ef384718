"""The bank's YAML -> questions, and whether the bank holds what the quizzes ask of it."""

import re
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from models.question import READY
from services.archive.content import (
    BankFileContent,
    CourseContent,
    DrawContent,
    QuestionContent,
    QuizContent,
    TakenContent,
    activity_file,
)
from services.archive.documents import Document
from services.archive.faults import Faults
from services.archive.folder import Folder
from services.archive.read_quiz import read_question
from services.archive.shapes import BankFile, QuestionEntry, QuizFile
from services.quizzes.draws import Candidate, Draw, choose

FILE = re.compile(r"bank/(?P<name>[a-z0-9]+(?:-[a-z0-9]+)*)\.yaml")


def bank_files(folder: Folder) -> list[tuple[str, str]]:
    """Return the name and the path of each file of the bank, by name: those of a module called bank are none."""
    named = (FILE.fullmatch(path) for path in folder.below("bank/"))
    return sorted((match["name"], match[0]) for match in named if match and match["name"] != "module")


def read_bank_file(document: Document[BankFile], name: str, seen: dict[str, str]) -> BankFileContent:
    """Return the questions of a file; `seen` has the files of slugs that are taken, and learns of these."""
    questions: list[QuestionContent] = []
    for part in document.parts("questions", lambda _entry: QuestionEntry):
        question = read_question(part)
        if question.slug in seen:
            part.fault(f"{question.slug} is the slug of another question of the bank, in {seen[question.slug]}", "slug")
        elif question.slug:
            seen[question.slug] = document.file
            questions.append(question)
    return BankFileContent(name, tuple(questions))


def check_asked(course: CourseContent, faults: Faults, document_of: Callable[[str], Document[QuizFile]]) -> None:
    """Note each question that a quiz takes and the bank lacks, and each draw for which too few are ready.

    Where files of questions have faults themselves, nothing can be said.
    """
    if any(file.endswith(".quiz.yaml") or FILE.fullmatch(file) for file in faults.files()):
        return
    pool = _pool(course)
    slugs = {question.slug for file in course.bank for question in file.questions}
    for module in course.modules:
        for quiz in module.activities:
            if isinstance(quiz, QuizContent):
                file = activity_file(module.slug, quiz)
                for index, field, message in _missing(quiz, file, slugs, pool):
                    document_of(file).fault(message, "questions", index, field)


def _pool(course: CourseContent) -> dict[str, Candidate]:
    """Return the ready questions of the whole course, by their file and slug."""
    held: list[tuple[str, Any]] = [("bank", question) for file in course.bank for question in file.questions]
    for module in course.modules:
        for quiz in module.activities:
            if isinstance(quiz, QuizContent):
                held += [(activity_file(module.slug, quiz), entry) for entry in quiz.questions]
    return {
        f"{file}:{entry.slug}": Candidate(f"{file}:{entry.slug}", entry.tags, entry.difficulty)
        for file, entry in held
        if isinstance(entry, QuestionContent) and entry.state == READY
    }


def _missing(
    quiz: QuizContent, file: str, slugs: set[str], pool: dict[str, Candidate]
) -> Iterator[tuple[int, str, str]]:
    """Return (index, field, message) of each entry that can't be asked."""
    fixed: set[str] = set()
    for index, entry in enumerate(quiz.questions):
        if isinstance(entry, DrawContent):
            continue
        place = f"{'bank' if isinstance(entry, TakenContent) else file}:{entry.slug}"
        if isinstance(entry, TakenContent) and entry.slug not in slugs:
            yield index, "bank", f"there is no question {entry.slug} in the bank"
        elif place in fixed:
            yield index, "bank", f"names {entry.slug} again"
        fixed.add(place)
    drawing = [(index, entry) for index, entry in enumerate(quiz.questions) if isinstance(entry, DrawContent)]
    draws = [Draw(entry.count, entry.tag, entry.difficulty) for _index, entry in drawing]
    free = [candidate for place, candidate in pool.items() if place not in fixed]
    for (index, _entry), draw, chosen in zip(drawing, draws, choose(draws, free, Random(0)), strict=True):
        if len(chosen) < draw.count:
            yield index, "draw", _too_few(draw, free, len(chosen))


def _too_few(draw: Draw, free: list[Candidate], left: int) -> str:
    there = sum(map(draw.takes, free))
    what = f"{draw.difficulty} questions with the tag {draw.tag}" if draw.difficulty else f"with the tag {draw.tag}"
    taken = "" if there == left else f", and other draws of this quiz need {there - left} of them"
    return f"draws {draw.count}, but only {there} are ready {what}{taken}; what this quiz asks anyway isn't drawn"
