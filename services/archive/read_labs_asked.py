"""Whether the course has the labs and checks that its questions name."""

from collections.abc import Callable, Iterator

from reasons import ENGLISH, text
from services.archive.content import CourseContent, LabContent, QuestionContent, QuizContent, activity_file
from services.archive.faults import Faults
from services.archive.messages import Place, written
from services.archive.nodes import Node
from services.quizzes import lab_checks


def check_labs(course: CourseContent, node_of: Callable[[str], Node | None], faults: Faults) -> None:
    """Note each question that names a lab or a check which the course doesn't have; `node_of` gives a file's lines.

    Where files of labs have faults themselves, nothing can be said.
    """
    if any(".lab/" in file for file in faults.files()):
        return
    labs = [each for module in course.modules for each in module.activities if isinstance(each, LabContent)]
    checks = [(lab.slug, check.slug) for lab in labs for check in lab.checks]
    slugs = {lab.slug for lab in labs}
    for file, index, question in _questions(course):
        wrong = lab_checks.faults_of(question.kind, question.spec, checks, slugs) if question.spec else []
        for field, why in wrong:
            node = node_of(file)
            place: Place = ("questions", index, *field.split("."))
            if node is not None:
                faults.add(file, node.at(*place).line, written(place), text(why, ENGLISH))


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
