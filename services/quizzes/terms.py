"""The terms on which one student takes a quiz: when they may start, by when they are done, what late work is worth.

Pure functions of a quiz's settings, of what the student gets beyond the others, and of the time. All times are the
site's.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from models import Accommodation, CohortOverride, Quiz, QuizOverride
from models.attempt import BY_DEADLINE
from quiz_settings import LateStep, values_of

# What left the browser in time may arrive this much later.
GRACE = timedelta(seconds=5)
# For how long after its end an answer still counts that was typed before it, where the quiz accepts those.
ACCEPTED_FOR = timedelta(hours=24)
WHOLE = 100
# A window up to this long is an exam without a time limit: who has more time gets more of it, too.
EXAM_WINDOW = timedelta(hours=24)


@dataclass(frozen=True)
class Granted:
    """What a student gets beyond the others: in all quizzes of the course, and in this one, alone or with their cohort.

    What the student's own row leaves empty (or 0) the cohort's says, and else the quiz.
    """

    accommodation: Accommodation | None = None
    override: QuizOverride | None = None
    cohort: CohortOverride | None = None

    @property
    def time_percent(self) -> int:
        """By what the time is multiplied."""
        return self.accommodation.time_percent if self.accommodation else WHOLE

    @property
    def minutes(self) -> int:
        """The minutes that come on top."""
        of_profile = self.accommodation.extra_minutes if self.accommodation else 0
        return of_profile + (self.own("extra_minutes") or 0)

    @property
    def break_time(self) -> timedelta:
        """How long the breaks of an attempt may take together."""
        return timedelta(minutes=self.accommodation.break_minutes if self.accommodation else 0)

    @property
    def attempts(self) -> int:
        """The attempts that come on top."""
        of_profile = self.accommodation.extra_attempts if self.accommodation else 0
        return of_profile + (self.own("extra_attempts") or 0)

    def own(self, name: str) -> Any:
        """Return opens_at, due_at, closes_at, extra_minutes or extra_attempts of this quiz: the student's, else the
        cohort's; None where neither says one."""
        return next((value for row in (self.override, self.cohort) if (value := getattr(row, name, None))), None)

    def source(self, name: str) -> str:
        """Return whose value holds: "student", "cohort" or "quiz"."""
        rows = (("student", self.override), ("cohort", self.cohort))
        return next((whose for whose, row in rows if getattr(row, name, None)), "quiz")


NOTHING_GRANTED = Granted()


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
    break_time: timedelta = timedelta(0)

    def deadline(self, started_at: datetime, pause: timedelta = timedelta(0)) -> datetime | None:
        """Return when an attempt ends: after the time limit, or with the window, whichever comes first.

        `pause` is for how long its clock stands still: both ends move by it.
        """
        limit = started_at + timedelta(seconds=self.time_limit_s) if self.time_limit_s else None
        end = min((end for end in (limit, self.closes_at) if end is not None), default=None)
        return end + pause if end is not None else None

    @property
    def last_end(self) -> datetime | None:
        """When the last attempt ends, if all breaks are taken; None where the quiz doesn't close."""
        return self.closes_at + self.break_time if self.closes_at is not None else None

    def credit(self, handed_in_at: datetime) -> int:
        """Return what the marks of an attempt are worth that is handed in at this time, in per cent."""
        late = handed_in_at - self.due_at - GRACE if self.due_at else timedelta(0)
        if late <= timedelta(0) or not self.late_credit:
            return WHOLE
        steps = (step.percent for step in self.late_credit if late <= timedelta(hours=step.hours))
        return next(steps, 0)

    def attempts_left(self, made: int) -> int | None:
        """Return how many attempts are left after `made`; None is no limit."""
        return None if self.attempts_allowed is None else max(0, self.attempts_allowed - made)


def terms_of(quiz: Quiz, granted: Granted = NOTHING_GRANTED, *, is_staff: bool = False) -> Terms:
    """Return the terms of a student, or of somebody of the staff."""
    opens_at = granted.own("opens_at") or quiz.opens_at
    closes_at = granted.own("closes_at") or quiz.closes_at
    more = _more_time(quiz.time_limit_s, opens_at, closes_at, granted)
    limit_s, allowed = quiz.time_limit_s, quiz.attempts_allowed
    return Terms(
        opens_at=None if is_staff else opens_at,
        due_at=None if is_staff else granted.own("due_at") or quiz.due_at,
        closes_at=None if is_staff or closes_at is None else closes_at + more,
        late_credit=values_of(quiz)["late_credit"],
        time_limit_s=limit_s + int(more.total_seconds()) if limit_s else None,
        attempts_allowed=None if allowed is None else allowed + granted.attempts,
        cooldown=timedelta(0) if is_staff else timedelta(minutes=quiz.cooldown_minutes),
        break_time=granted.break_time,
    )


def _more_time(
    limit_s: int | None, opens_at: datetime | None, closes_at: datetime | None, granted: Granted
) -> timedelta:
    """Return by how much a student's time is longer than the others': of the limit, or of an exam's window.

    The window's end moves by as much, so that nobody loses at its end what they were given.
    """
    whole = timedelta(seconds=limit_s or 0)
    if not limit_s and opens_at and closes_at and closes_at - opens_at <= EXAM_WINDOW:
        whole = closes_at - opens_at
    return whole * (granted.time_percent - WHOLE) / WHOLE + timedelta(minutes=granted.minutes)


def accepts_until(late_answers: str, closed_by: str | None, deadline_at: datetime | None) -> datetime | None:
    """Return until when answers to an attempt count that were typed in time and come late; None where none do.

    What a person handed in is over. Until then its student isn't shown what was right: nobody could tell any more what
    they had typed before.
    """
    is_accepting = late_answers == "accept" and closed_by in (None, BY_DEADLINE)
    return deadline_at + ACCEPTED_FOR if is_accepting and deadline_at is not None else None


def worth(marks: Fraction, credit_percent: int) -> Fraction:
    """Return marks with the late credit, exactly."""
    return marks if credit_percent == WHOLE else marks * Fraction(credit_percent, WHOLE)
