"""The time in which the students of a course see its board as it stood at the begin of that time."""

from datetime import datetime

from extensions import db
from models import Course
from services import audit, live
from services.errors import InvalidInput


def freeze(course: Course, begin: datetime | None, end: datetime | None) -> None:
    """Set the time, or with None twice take it away."""
    if (begin is None) != (end is None):
        missing = "begin" if begin is None else "end"
        raise InvalidInput(missing, "Say from when and until when, or neither.")
    if begin is not None and end is not None and begin >= end:
        raise InvalidInput("end", "The end comes after the begin.")
    audit.note("board.frozen", course.id, begin=begin, end=end)
    course.board_frozen_from, course.board_frozen_until = begin, end
    db.session.flush()
    live.board_changed(course.id)
