"""Checks of labs that answer questions: which are there, which a student has passed, and what an attempt takes of them.

A check that passes during an attempt is saved as its answer at once (`lab_answers.py`). What passed before the attempt,
or in the moment of its start, is looked up when it starts and when it is graded.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import func, or_, select

from extensions import db
from models import Activity, Attempt, AttemptItem, CheckRun, Lab, LabCheck, LabSession, PointEntry, Quiz
from models.attempt import KEPT
from question_types import TYPES, CheckOfLab, Spec, type_of
from question_types.base import PASSED
from reasons import Code, Reason
from services.errors import InvalidInput
from services.quizzes import answer_log

# What stands as the tab of answers that no page has sent.
SITE = "site"
# The types whose questions are answered by a check.
KINDS = [name for name, each in TYPES.items() if each.check_of is not None]


class NotInCourse(InvalidInput):
    """A question names a lab, a check of it, or a file, that its course lacks; the field is one of its type's own."""


def check_of(kind: str, spec: Spec) -> CheckOfLab | None:
    """Return the check that answers a question; None where a student does, and for a type that isn't there any more."""
    found = TYPES[kind].check_of if kind in TYPES else None
    return found(spec) if found is not None else None


def fault(checks: Iterable[tuple[str, str]], check: CheckOfLab) -> tuple[str, Reason] | None:
    """Return the field, and why, where a question names what isn't among the (lab, check) of its course."""
    known = set(checks)
    if (check.lab, check.check) in known:
        return None
    if check.lab not in {lab for lab, _check in known}:
        return "lab", Reason(Code.LAB_WITHOUT_CHECKS, lab=check.lab)
    return "check", Reason(Code.CHECK_UNKNOWN, check=check.check, lab=check.lab)


def faults_of(
    kind: str, spec: Spec, checks: Iterable[tuple[str, str]], labs: Collection[str]
) -> list[tuple[str, Reason]]:
    """Return (field, why) of a question that names a lab, or a check of it, which its course doesn't have."""
    check, tests = check_of(kind, spec), type_of(kind).tests_of(spec)
    if tests is not None and tests.lab not in labs:
        return [("tests.lab", Reason(Code.ACTIVITY_UNKNOWN, kind="lab", slug=tests.lab))]
    wrong = fault(checks, check) if check is not None else None
    return [wrong] if wrong is not None else []


def require(course_id: int, kind: str, spec: Spec) -> None:
    """Raise NotInCourse where a question names a lab, or a check of it, that its course doesn't have."""
    if check_of(kind, spec) is None and type_of(kind).tests_of(spec) is None:
        return
    labs = db.session.scalars(select(Lab.slug).where(Lab.course_id == course_id, ~Lab.is_archived)).all()
    query = select(Activity.slug, LabCheck.slug).join(LabCheck, LabCheck.lab_id == Activity.id)
    there = db.session.execute(query.where(Activity.course_id == course_id, ~LabCheck.is_archived)).tuples().all()
    for wrong in faults_of(kind, spec, there, labs):
        raise NotInCourse(*wrong)


def fill(attempt: Attempt, items: Iterable[tuple[AttemptItem, str, Spec]], *, now: datetime) -> None:
    """Answer those of an attempt's questions whose check has passed in time, and which have no such answer yet.

    The caller holds the attempt's lock, or has just made it. No query where no check answers.
    """
    for item, kind, spec in items:
        check = check_of(kind, spec)
        if check is None or item.response == PASSED:
            continue
        if _has_passed(attempt, check):
            kept = {"response": PASSED, "revision": item.revision + 1, "typed_at": now, "tab": SITE}
            for name, value in {**kept, "saved_at": now}.items():
                setattr(item, name, value)
            db.session.flush()
            answer_log.append(attempt.id, item.position, why=KEPT, received_at=now, **kept)


def _has_passed(attempt: Attempt, check: CheckOfLab) -> bool:
    """Whether the student has passed a check: ever, or since the attempt began."""
    of_course = select(Quiz.course_id).where(Quiz.id == attempt.quiz_id).scalar_subquery()
    runs = select(CheckRun.id).join(LabSession, LabSession.id == CheckRun.session_id)
    runs = runs.where(
        CheckRun.check_id == LabCheck.id, CheckRun.state == "passed", LabSession.user_id == attempt.user_id
    )
    # What was earned stays, also where the lab's sessions are gone.
    earned = select(PointEntry.id).where(
        PointEntry.user_id == attempt.user_id, PointEntry.source == func.concat("check:", LabCheck.id)
    )
    if check.counts_earlier:
        passed = or_(runs.exists(), earned.exists())
    else:
        ends = [at for at in (attempt.deadline_at, attempt.closed_at) if at is not None and attempt.closed_at]
        asked = [CheckRun.requested_at >= attempt.started_at, *(CheckRun.requested_at <= at for at in ends)]
        passed = or_(runs.where(*asked).exists())
    query = select(LabCheck.id).join(Lab, Lab.id == LabCheck.lab_id)
    where = (Lab.course_id == of_course, Lab.slug == check.lab, LabCheck.slug == check.check, passed)
    return db.session.scalar(query.where(*where).limit(1)) is not None
