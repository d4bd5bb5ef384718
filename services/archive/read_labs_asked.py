"""Whether the course has the labs and checks that its questions name."""

from collections.abc import Callable, Iterator

from services.archive.content import CourseContent, LabContent, QuestionContent, QuizContent, activity_file
from services.archive.faults import Faults
from services.archive.messages import written
from services.archive.nodes import Node
from services.quizzes import lab_checks


def check_labs(course: CourseContent, node_of: Callable[[str], Node | None], faults: Faults) -> None:
    """Note each question that is answered by a check which the course doesn't have; `node_of` gives a file's lines.

    Where files of labs have faults themselves, nothing can be said.
    """
    if any(".lab/" in file for file in faults.files()):
        return
    labs = [each for module in course.modules for each in module.activities if isinstance(each, LabContent)]
    there = [(lab.slug, check.slug) for lab in labs for check in lab.checks]
    for file, index, question in _questions(course):
        check = lab_checks.check_of(question.kind, question.spec) if question.spec else None
        wrong = lab_checks.fault(there, check) if check is not None else None
        node = node_of(file)
        if wrong is not None and node is not None:
            place = ("questions", index, wrong[0])
            faults.add(file, node.at(*place).line, written(place), wrong[1])


def _questions(course: CourseContent) -> Iterator[tuple[str, int, QuestionContent]]:
    """Yield each question with its file and its place in it."""
    for bank in course.bank:
        for index, question in enumerate(bank.questions):
            yield f"bank/{bank.name}.yaml", index, question
    for module in course.modules:
        for quiz in module.activities:
            if isinstance(quiz, QuizContent):
                for index, entry in enumerate(quiz.questions):
                    if isinstance(entry, QuestionContent):
                        yield activity_file(module.slug, quiz), index, entry
