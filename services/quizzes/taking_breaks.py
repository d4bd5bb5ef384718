"""Beginning and ending a break, by a student or for one: each a compare-and-set, after which the deadline moves.

Beginning twice, from two tabs, is one break; so is ending it. Of a break and the deadline the first one holds: an
attempt whose time is over begins none, and one in a break isn't closed.
"""

from datetime import datetime, timedelta
from math import ceil

from models import Attempt
from reasons import Code, Reason
from services import audit
from services.errors import Refused
from services.quizzes import accommodations, break_log, breaks, lifecycle
from services.quizzes.breaks import Breaks


def begin(attempt: Attempt, *, by_id: int, now: datetime) -> Breaks:
    """Begin a break, or go on with the one that is on; Refused where nothing is left, or the attempt is over."""
    there = breaks.of(attempt, now)
    if there.until is not None:
        return there
    if attempt.paused_at is not None:
        there = end(attempt, by_id=by_id, now=now)  # one that was over by itself
    if not there.left:
        raise Refused(Reason(Code.NO_BREAK_LEFT))
    if lifecycle.pause(attempt.id, now=now) is None:
        raise Refused(Reason(Code.NO_BREAK_NOW))
    break_log.begun(attempt, by_id=by_id, now=now)
    _note("break.begun", attempt, by_id)
    accommodations.move_deadlines(Attempt.id == attempt.id, now=now)
    return breaks.of(attempt, now)


def end(attempt: Attempt, *, by_id: int, now: datetime) -> Breaks:
    """End the break; nothing happens where none is on."""
    there, began_at = breaks.of(attempt, now), attempt.paused_at
    taken = there.taken - timedelta(seconds=attempt.paused_s)
    if began_at is not None and lifecycle.go_on(attempt, paused_s=ceil(there.taken.total_seconds())) is not None:
        who = by_id if there.until is not None else None
        break_log.ended(attempt.id, began_at, at=began_at + taken, left=there.left, by_id=who)
        _note("break.ended", attempt, by_id)
        accommodations.move_deadlines(Attempt.id == attempt.id, now=now)
    return breaks.of(attempt, now)


def _note(act: str, attempt: Attempt, by_id: int) -> None:
    """Note what the staff does for a student; what students do themselves isn't a privilege."""
    if by_id != attempt.user_id:
        audit.note(act, attempt.quiz.course_id, person_id=attempt.user_id, attempt=attempt.id)
