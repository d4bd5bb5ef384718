"""A question as a student sees it: what an attempt with a seed would show, without an attempt."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import select

from extensions import db
from models import Course, Lab, LabCheck, Question
from models.marks import exact
from question_types import CheckOfLab, type_of
from services.errors import InvalidInput
from services.quizzes import draws, lab_checks

# A seed is one of an attempt, so that what a student saw can be looked at again.
MAX_SEED = 2**53 - 1


@dataclass(frozen=True)
class Shown:
    """An item of an attempt, as templates and the API take it, which nobody has answered."""

    version: Any
    frozen: dict[str, Any]
    position: int = 1
    response: None = None


def of_question(question: Question, seed: int) -> Shown:
    """Return what an attempt with this seed shows of the current version, in a quiz that shuffles."""
    version = question.current
    assert version is not None  # a question is found with its current version
    return of_version(version, draws.seed_of(question.id, seed))


def of_version(version: Any, seed: str) -> Shown:
    """Return a version, also one that isn't kept, as it is shown under the seed of a question."""
    return Shown(version, draws.freeze(version.kind, version.spec, seed))


@dataclass(frozen=True)
class Tried:
    """What an answer would earn, which nobody keeps: its share of the marks (None: tests in a lab, or a person, decide)
    and its marks, how it is read, and the question as a result shows it; or why it can't be an answer."""

    item: dict[str, Any]
    share: Fraction | None = None
    marks: Fraction = Fraction(0)
    is_tested: bool = False
    reading: str | None = None
    fault: InvalidInput | None = None


def tried(shown: Shown, response: Any) -> Tried:
    """Grade an answer to what is shown."""
    version, kind = shown.version, type_of(shown.version.kind)
    item = {"position": 2, "version": version, "frozen": shown.frozen}
    try:
        cleaned = kind.clean(version.spec, response)
    except InvalidInput as error:
        return Tried(item, fault=error)
    share = kind.grade(version.spec, cleaned, shown.frozen)
    item |= {"response": cleaned, "is_correct": None if share is None else share == 1}
    item |= kind.explain(version.spec, cleaned, shown.frozen)
    return Tried(
        item,
        share=share,
        marks=(share or Fraction(0)) * exact(version.points),
        is_tested=kind.tests_of(version.spec) is not None,
        reading=kind.reading(version.spec, cleaned),
    )


@dataclass(frozen=True)
class Checked:
    """The check of a lab that answers a question in attempts; a lab or a check of None is missing in the course."""

    asked: CheckOfLab
    lab: Lab | None
    check: LabCheck | None


def checked(course: Course, version: Any) -> Checked | None:
    """Return what answers a version in attempts where no student does; None where one does."""
    asked = lab_checks.check_of(version.kind, version.spec)
    if asked is None:
        return None
    is_lab = (Lab.course_id == course.id, Lab.slug == asked.lab, ~Lab.is_archived)
    lab = db.session.scalar(select(Lab).where(*is_lab))
    is_check = (LabCheck.slug == asked.check, ~LabCheck.is_archived)
    check = db.session.scalar(select(LabCheck).where(LabCheck.lab_id == lab.id, *is_check)) if lab else None
    return Checked(asked, lab, check)


def explain(shown: Shown) -> dict[str, Any]:
    """Return what a result says of it: the solution, and feedback."""
    version = shown.version
    return type_of(version.kind).explain(version.spec, None, shown.frozen)
