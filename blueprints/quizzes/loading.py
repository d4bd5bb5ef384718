"""Loads an attempt for somebody: what pages and API share, with the right to it."""

from flask_babel import gettext as _

from models import Attempt, User
from services import policy
from services.errors import Forbidden, NotFound
from services.quizzes import attempts


def own(user: User, attempt_id: int, *, is_whole: bool = False) -> Attempt:
    """Return the person's own attempt; of another's nobody learns."""
    found, _role = attempts.load_as(attempt_id, user.id, is_whole=is_whole)
    if not policy.owns_attempt(user, found):
        raise NotFound
    return found


def answerable(user: User, attempt_id: int, *, is_whole: bool = False) -> Attempt:
    """Return the person's own attempt if they may still answer it: who was taken out of the course may not."""
    found, role = attempts.load_as(attempt_id, user.id, is_whole=is_whole)
    if not policy.owns_attempt(user, found):
        raise NotFound
    if not policy.may_take_part(role):
        raise Forbidden(_("You are no longer in this course. What you saved stays as it is."))
    return found


def readable(user: User, attempt_id: int) -> Attempt:
    """Return an attempt with its answers, for its student and the course's staff."""
    found, role = attempts.load_as(attempt_id, user.id, is_whole=True)
    if not policy.may_read_attempt(user, found, role):
        raise NotFound
    return found
