"""The terms on which one student takes a quiz: when they may start, by when they are done, what late work is worth.

Pure functions of a quiz's settings and the time. All times are the site's.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from models import Quiz
from quiz_settings import LateStep, values_of

# What left the browser in time may arrive this much later.
GRACE = timedelta(seconds=5)
WHOLE = 100


@dataclass(frozen=True)
class Terms:
    """What holds for one student. None is "no limit"; staff, who try a quiz out, have no window."""

    opens_at: datetime | None
    due_at: datetime | None
    closes_at: datetime | None
    late_credit: tuple[LateStep, ...]
    time_limit_s: int | None
    attempts_allowed: int | None
    cooldown: timedelta

    def deadline(self, started_at: datetime) -> datetime | None:
        """Return when an attempt ends: after the time limit, or with the window, whichever comes first."""
        limit = started_at + timedelta(seconds=self.time_limit_s) if self.time_limit_s else None
        return min((end for end in (limit, self.closes_at) if end is not None), default=None)

    def credit(self, handed_in_at: datetime) -> int:
        """Return what the marks of an attempt are worth that is handed in at this time, in per cent."""
        late = handed_in_at - self.due_at - GRACE if self.due_at else timedelta(0)
        if late <= timedelta(0) or not self.late_credit:
            return WHOLE
        steps = (step.percent for step in self.late_credit if late <= timedelta(hours=step.hours))
        return next(steps, 0)


def terms_of(quiz: Quiz, *, is_staff: bool = False) -> Terms:
    """Return the terms of a student, or of somebody of the staff."""
    settings = values_of(quiz)
    return Terms(
        opens_at=None if is_staff else settings["opens_at"],
        due_at=None if is_staff else settings["due_at"],
        closes_at=None if is_staff else settings["closes_at"],
        late_credit=settings["late_credit"],
        time_limit_s=quiz.time_limit_s,
        attempts_allowed=quiz.attempts_allowed,
        cooldown=timedelta(0) if is_staff else timedelta(minutes=settings["cooldown_minutes"]),
    )


def worth(marks: Fraction, credit_percent: int) -> Fraction:
    """Return marks with the late credit, exactly."""
    return marks * Fraction(credit_percent, WHOLE)
