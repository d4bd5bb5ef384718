"""Beginning and ending a break, by a student or for one: each a compare-and-set, after which the deadline moves.

Beginning twice, from two tabs, is one break; so is ending it. Of a break and the deadline the first one holds: an
attempt whose time is over begins none, and one in a break isn't closed.
"""

from datetime import datetime
from math import ceil

from models import Attempt
from reasons import Code, Reason
from services.errors import Refused
from services.quizzes import accommodations, breaks, lifecycle
from services.quizzes.breaks import Breaks


def begin(attempt: Attempt, *, now: datetime) -> Breaks:
    """Begin a break, or go on with the one that is on; Refused where nothing is left, or the attempt is over."""
    there = breaks.of(attempt, now)
    if there.until is not None:
        return there
    if attempt.paused_at is not None:
        there = end(attempt, now=now)  # one that was over by itself
    if not there.left:
        raise Refused(Reason(Code.NO_BREAK_LEFT))
    if lifecycle.pause(attempt.id, now=now) is None:
        raise Refused(Reason(Code.NO_BREAK_NOW))
    accommodations.move_deadlines(Attempt.id == attempt.id, now=now)
    return breaks.of(attempt, now)


def end(attempt: Attempt, *, now: datetime) -> Breaks:
    """End the break; nothing happens where none is on."""
    taken = breaks.of(attempt, now).taken
    if attempt.paused_at is not None and lifecycle.go_on(attempt, paused_s=ceil(taken.total_seconds())) is not None:
        accommodations.move_deadlines(Attempt.id == attempt.id, now=now)
    return breaks.of(attempt, now)
