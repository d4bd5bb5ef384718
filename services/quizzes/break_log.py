"""The log of an attempt's breaks: a row for each, written with the break, and read by its student and the staff."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from extensions import db
from models import Attempt, AttemptBreak
from services.quizzes import breaks


@dataclass(frozen=True)
class Entry:
    """A break: from when to when, for how long so far, and what was `left` for breaks at its end.

    `ended_at` is None while it is on; `begun_by_id` and `ended_by_id` are None for an account that is gone, and the
    latter where nobody ended the break: it was over with what was left, or with its attempt.
    """

    began_at: datetime
    ended_at: datetime | None
    taken: timedelta
    left: timedelta
    begun_by_id: int | None
    begun_by: str
    ended_by_id: int | None
    ended_by: str


def begun(attempt: Attempt, *, by_id: int, now: datetime) -> None:
    """Note that a break begins."""
    db.session.add(AttemptBreak(attempt_id=attempt.id, began_at=now, begun_by_id=by_id))
    db.session.flush()


def ended(attempt_id: int, began_at: datetime, *, at: datetime, left: timedelta, by_id: int | None) -> None:
    """Note that a break has ended; `by_id` is None where it was over by itself."""
    db.session.execute(
        update(AttemptBreak)
        .where(AttemptBreak.attempt_id == attempt_id, AttemptBreak.began_at == began_at)
        .values(ended_at=at, left_s=int(left.total_seconds()), ended_by_id=by_id)
    )


def of_attempt(attempt: Attempt, now: datetime) -> list[Entry]:
    """Return the breaks of an attempt in their order. No statement where it has no time for breaks, and had none."""
    if not attempt.break_s and not attempt.paused_s:
        return []
    query = (
        select(AttemptBreak)
        .where(AttemptBreak.attempt_id == attempt.id)
        .options(joinedload(AttemptBreak.begun_by), joinedload(AttemptBreak.ended_by))
        .order_by(AttemptBreak.began_at)
        .execution_options(populate_existing=True)
    )
    return [_entry(attempt, row, now) for row in db.session.scalars(query)]


def _entry(attempt: Attempt, row: AttemptBreak, now: datetime) -> Entry:
    ended_at, left = row.ended_at, timedelta(seconds=row.left_s or 0)
    taken = (ended_at or now) - row.began_at
    if ended_at is None:
        # Nobody has ended it: it is on, or was over with what was left, or with its attempt.
        there = breaks.of(attempt, min(now, attempt.closed_at or now))
        taken, left = there.taken - timedelta(seconds=attempt.paused_s), there.left
        ended_at = None if there.until is not None else row.began_at + taken
    names = [person.display_name if person else "" for person in (row.begun_by, row.ended_by)]
    return Entry(row.began_at, ended_at, taken, left, row.begun_by_id, names[0], row.ended_by_id, names[1])
