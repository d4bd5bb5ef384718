"""Whether somebody may start an attempt now: the one place that refuses, with the reason, and when it will be possible.

Pure functions but for what has to be done first, which `prerequisites.py` looks up. Staff try a quiz out whenever they
like: of all rules only the number of attempts holds for them.
"""

import hmac
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models import Attempt, Quiz
from reasons import Code, Reason
from services.errors import InvalidInput, Refused
from services.quizzes.terms import Terms


class WrongPassword(InvalidInput):
    """The password that starts a quiz isn't this one."""

    def __init__(self) -> None:
        super().__init__("password", Reason(Code.PASSWORD_WRONG))


@dataclass(frozen=True)
class Obstacle:
    """Why somebody can't start now, and from when on they can; None: never, or nobody knows."""

    reason: Reason
    possible_at: datetime | None = None


def obstacle(terms: Terms, made: Sequence[Attempt], now: datetime) -> Obstacle | None:
    """Return what keeps a student from starting, after the attempts that they made; the open one isn't asked for.

    Of several obstacles the one is told that lasts longest.
    """
    if terms.closes_at is not None and now >= terms.closes_at:
        return Obstacle(Reason(Code.QUIZ_CLOSED))
    if terms.attempts_allowed is not None and len(made) >= terms.attempts_allowed:
        return Obstacle(Reason(Code.NO_ATTEMPTS_LEFT))
    if terms.opens_at is not None and now < terms.opens_at:
        return Obstacle(Reason(Code.QUIZ_NOT_OPEN), terms.opens_at)
    rested_at = max((_ended_at(attempt) for attempt in made if attempt.closed_at), default=None)
    if rested_at is None or not terms.cooldown or now >= rested_at + terms.cooldown:
        return None
    again_at = rested_at + terms.cooldown
    if terms.closes_at is not None and again_at >= terms.closes_at:
        return Obstacle(Reason(Code.QUIZ_CLOSES_BEFORE))
    return Obstacle(Reason(Code.QUIZ_COOLDOWN), again_at)


def _ended_at(attempt: Attempt) -> datetime:
    """Return when an attempt ended for its student: one that the deadline closed may have been closed later."""
    closed_at = attempt.closed_at or attempt.started_at
    return min(closed_at, attempt.deadline_at) if attempt.deadline_at else closed_at


def check_password(quiz: Quiz, given: str | None) -> None:
    """Raise Refused where a quiz's password is needed, and WrongPassword for another one. It takes as long for each.

    How a letter is put together (Ö, or O and two dots) isn't seen, and doesn't count.
    """
    if not quiz.password:
        return
    if not given:
        raise Refused(Reason(Code.QUIZ_PASSWORD_NEEDED))
    if not hmac.compare_digest(_encoded(given.strip()), _encoded(quiz.password)):
        raise WrongPassword


def _encoded(password: str) -> bytes:
    return unicodedata.normalize("NFC", password).encode()
