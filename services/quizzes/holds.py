"""Which answer a grader has before them: a lease, so that two never read and judge the same one.

It ends after some minutes without a sign of its page, when the page is left, and when marks are given. Marks that come
without it aren't refused for that: whoever gives them first is the one (`manual.py`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, cast, delete, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import AttemptItem, GradingHold, Quiz, User
from services import leases
from services.quizzes import waiting

# How long an answer stays with a grader whose page says nothing; an open page says so each minute.
LEASE = timedelta(minutes=5)
# Of so many graders who ask at the same moment, each gets another answer.
MOST_TRIES = 20
Key = tuple[int, int]


@dataclass(frozen=True)
class Held:
    """Who has an answer before them, and until when if nothing more is heard."""

    user_id: int
    name: str
    until: datetime


def take(key: Key, user_id: int, now: datetime) -> bool:
    """Take an answer, or renew the lease on it; False where somebody else has it."""
    mine = leases.held(now, LEASE, by=str(user_id))
    row = insert(GradingHold).values(attempt_id=key[0], position=key[1], **mine)
    free = or_(leases.is_due(GradingHold, now), GradingHold.holder == str(user_id))
    taken = row.on_conflict_do_update(index_elements=["attempt_id", "position"], set_=mine, where=free)
    return db.session.scalar(taken.returning(GradingHold.id)) is not None


def take_next(quiz: Quiz, user_id: int, now: datetime, *, after: AttemptItem | None = None) -> Key | None:
    """Take the next answer that waits and that nobody has: after one of the same question, or the first of all."""
    for _each in range(MOST_TRIES):
        found = waiting.following(quiz, user_id, now, after=after)
        if found is None or take(found, user_id, now):
            return found
    return None


def leave(key: Key, user_id: int) -> None:
    """Give an answer back that the person has."""
    mine = (GradingHold.attempt_id == key[0], GradingHold.position == key[1], GradingHold.holder == str(user_id))
    db.session.execute(delete(GradingHold).where(*mine), execution_options={"synchronize_session": False})


def of(keys: Collection[Key], now: datetime) -> dict[Key, Held]:
    """Return who has which of these answers."""
    query = (
        select(GradingHold.attempt_id, GradingHold.position, User.id, User.display_name, GradingHold.leased_until)
        .join(User, User.id == cast(GradingHold.holder, BigInteger))
        .where(tuple_(GradingHold.attempt_id, GradingHold.position).in_(keys), ~leases.is_due(GradingHold, now))
    )
    rows = db.session.execute(query) if keys else ()
    return {(row.attempt_id, row.position): Held(row.id, row.display_name, row.leased_until) for row in rows}
