"""How far people of a course are towards its certificate, read from what they have done."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from extensions import db
from models import Course, Quiz
from services.archive.content import CertificateContent
from services.certificates import rules
from services.certificates.rules import Standing
from services.courses.outlines import outline
from services.gradebook import sources
from services.gradebook.schemes import Item, scheme_of
from services.quizzes import reveal


def of_people(course: Course, user_ids: Collection[int], *, now: datetime) -> dict[int, Standing]:
    """Return where these people stand by what they are shown; the course gives a certificate."""
    rule = rules.rule_of(course)
    assert rule is not None  # the caller has looked
    items, scheme = items_of(course), scheme_of(course)
    whole = rules.everything(items)
    cells = sources.cells_of(whole, user_ids)
    return {
        user_id: rules.decide(rule, items, scheme, sources.as_student(cells[user_id], whole, now))
        for user_id in user_ids
    }


def items_of(course: Course) -> list[Item]:
    """Return everything in a course that can be done: no quiz without questions, no lab without checks."""
    entries = [entry for entry in outline(course).entries if entry.kind == "lesson" or entry.count]
    return [
        Item(entry.id, entry.slug, entry.kind, entry.title, checks=entry.count if entry.kind == "lab" else 0)
        for entry in entries
    ]


def shown_from(course: Course, rule: CertificateContent, *, now: datetime) -> datetime | None:
    """Return when a score of a quiz that is asked for is shown that isn't yet; None where nothing waits for a time."""
    if rule.quiz_percent is None and rule.grade_percent is None:
        return None
    quizzes = db.session.scalars(
        select(Quiz).where(Quiz.course_id == course.id, Quiz.reveal_score == "closed", ~Quiz.is_archived)
    )
    closes = [reveal.last_close(quiz) for quiz in quizzes]
    return min((at for at in closes if at is not None and at > now), default=None)
