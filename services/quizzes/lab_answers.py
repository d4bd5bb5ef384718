"""What a lab's check says, as the answer to the questions of open attempts that ask for it: saved by the site, and
logged and told to open pages as any other answer."""

from datetime import datetime

from sqlalchemy import select

from extensions import db
from models import Activity, Attempt, AttemptItem, CheckRun, QuestionVersion, Quiz
from models.attempt import IN_PROGRESS
from question_types.base import FAILED, PASSED
from services.quizzes import answers, lab_checks, places


def record(run: CheckRun, *, is_passed: bool, now: datetime) -> None:
    """Save the outcome of a run of a check in its student's open attempts. A failure never takes the place of a pass.

    It counts from the time at which it was asked for: a slow check isn't late.
    """
    if not lab_checks.KINDS:
        return
    lab = db.session.get_one(Activity, run.check.lab_id)
    query = (
        select(AttemptItem.attempt_id, AttemptItem.position, QuestionVersion.kind, QuestionVersion.spec)
        .join(Attempt, Attempt.id == AttemptItem.attempt_id)
        .join(Quiz, Quiz.id == Attempt.quiz_id)
        .join(QuestionVersion, QuestionVersion.id == AttemptItem.version_id)
        .where(
            Attempt.user_id == run.session.user_id,
            Attempt.state == IN_PROGRESS,
            Attempt.started_at <= run.requested_at,
            Quiz.course_id == lab.course_id,
            QuestionVersion.kind.in_(lab_checks.KINDS),
        )
        .order_by(AttemptItem.attempt_id, AttemptItem.position)
    )
    for attempt_id, position, kind, spec in db.session.execute(query).tuples():
        check = lab_checks.check_of(kind, spec)
        if check is not None and (check.lab, check.check) == (lab.slug, run.check.slug):
            _save(attempt_id, position, PASSED if is_passed else FAILED, run.requested_at, now)


def _save(attempt_id: int, position: int, response: str, at: datetime, now: datetime) -> None:
    row = places.lock(attempt_id, position).row
    if row.response in (PASSED, response):
        return
    try:
        answers.save(
            attempt_id,
            position,
            response,
            revision=row.revision + 1,
            now=now,
            typed_at=at,
            tab=lab_checks.SITE,
            is_of_site=True,
        )
    except answers.Closed:
        return  # the time was over: it is kept as late
