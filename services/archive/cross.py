"""What the parts of a course ask of each other: whether all of it is there."""

from collections.abc import Callable, Sequence

from reasons import ENGLISH, text
from services.archive.content import CourseContent, LabContent, ModuleContent, QuizContent, activity_file
from services.archive.documents import Document
from services.archive.faults import Faults
from services.archive.nodes import Node
from services.archive.read_bank import check_asked
from services.archive.read_labs_asked import check_labs
from services.archive.shapes import QuizFile
from services.quizzes import prerequisites

# Gives the document of a file, for the lines alone.
NodeOf = Callable[[str], Node | None]


def check_requirements(modules: Sequence[ModuleContent], node_of: NodeOf, faults: Faults) -> None:
    """Note what quizzes can't require: what isn't there, and circles."""
    activities = [activity for module in modules for activity in module.activities]
    kinds = {activity.slug: activity.kind for activity in activities}
    labs = [activity for activity in activities if isinstance(activity, LabContent)]
    checks = {(lab.slug, check.slug) for lab in labs for check in lab.checks}
    needs = {each.slug: prerequisites.needed(each.requires) for each in activities if isinstance(each, QuizContent)}
    for module in modules:
        for quiz in module.activities:
            if not isinstance(quiz, QuizContent) or not quiz.requires:
                continue
            file = activity_file(module.slug, quiz)
            document = Document(QuizFile, node_of(file), file, Faults())
            for index, why in prerequisites.faults_of(quiz.slug, quiz.requires, kinds, checks, needs):
                faults.add(file, document.node.at("requires", index).line, f"requires[{index + 1}]", text(why, ENGLISH))


def check_questions(content: CourseContent, node_of: NodeOf, faults: Faults) -> None:
    """Note what quizzes ask and the course doesn't have, and labs that questions name."""
    check_asked(content, faults, lambda file: Document(QuizFile, node_of(file), file, faults))
    check_labs(content, node_of, faults)
