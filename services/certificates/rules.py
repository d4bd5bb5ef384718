"""What a course's certificate asks (docs/course-archive.md, `certificate`), and how far somebody is: pure functions.

A quiz whose score its student doesn't see yet counts as one without a score, so that no certificate tells of it.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any, Literal

from models import Course
from services.archive.content import CertificateContent
from services.gradebook import grades
from services.gradebook.schemes import Category, Item, Scheme
from services.gradebook.sources import Cells, exempt, shares

Asked = Literal["lessons", "quizzes", "labs", "grade"]
FIELDS: dict[Asked, str] = {
    "lessons": "lessons_percent",
    "quizzes": "quiz_percent",
    "labs": "lab_percent",
    "grade": "grade_percent",
}


@dataclass(frozen=True)
class Criterion:
    """One thing that is asked: `done` of `total` activities reach `percent`. A grade has one, which is `reached`.

    Of lessons the share that is read has to reach it.
    """

    asked: Asked
    percent: int
    done: int
    total: int
    is_met: bool
    reached: Fraction | None = None


@dataclass(frozen=True)
class Standing:
    """How far somebody is towards a certificate."""

    criteria: tuple[Criterion, ...]

    @property
    def is_earned(self) -> bool:
        """Whether all that is asked is reached, of at least one thing that there is."""
        return all(each.is_met for each in self.criteria) and any(each.total for each in self.criteria)


def rule_of(course: Course) -> CertificateContent | None:
    """Return what a course asks; None where it gives no certificate."""
    return read(course.certificate) if course.certificate else None


def read(said: dict[str, Any]) -> CertificateContent:
    """Return a rule as it is stored."""
    return CertificateContent(**{**said, "leave_out": tuple(said["leave_out"])})


def written(rule: CertificateContent) -> dict[str, Any]:
    """Return a rule as it is to be stored."""
    return {**asdict(rule), "leave_out": list(rule.leave_out)}


def everything(items: Iterable[Item]) -> Scheme:
    """Return a scheme that reads the scores of all of these."""
    return Scheme((Category("", Fraction(1), tuple(items)),))


def decide(rule: CertificateContent, items: Iterable[Item], scheme: Scheme, cells: Cells) -> Standing:
    """Return how far somebody with these scores is; `items` are all that the course has, `scheme` is its grading."""
    earned, free = shares(cells), exempt(cells)
    asked = [item for item in items if item.slug not in rule.leave_out and item.id not in free]
    of_kind: dict[Asked, list[Fraction | None]] = {
        "lessons": [earned.get(item.id) for item in asked if item.kind == "lesson"],
        "quizzes": [earned.get(item.id) for item in asked if item.kind == "quiz"],
        "labs": [earned.get(item.id) for item in asked if item.kind == "lab"],
    }
    criteria = []
    for name, field in FIELDS.items():
        percent = getattr(rule, field)
        if percent is None:
            continue
        if name == "grade":
            criteria.append(_grade(percent, grades.grade(scheme, earned, free).total))
        elif name == "lessons":
            done, total = sum(share is not None for share in of_kind[name]), len(of_kind[name])
            criteria.append(Criterion(name, percent, done, total, 100 * done >= percent * total))
        else:
            done, total = sum(_reaches(share, percent) for share in of_kind[name]), len(of_kind[name])
            criteria.append(Criterion(name, percent, done, total, done == total))
    return Standing(tuple(criteria))


def _reaches(share: Fraction | None, percent: int) -> bool:
    return share is not None and 100 * share >= percent


def _grade(percent: int, reached: Fraction | None) -> Criterion:
    is_met = _reaches(reached, percent)
    return Criterion("grade", percent, int(is_met), 1, is_met, reached)
