"""When the scheduler makes a backup: one row for each, which one scheduler holds; what fails is tried again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import Backup
from services import leases

RETRIES = leases.Retries(most=3, first=timedelta(minutes=10), longest=timedelta(hours=1))
# Longer than any step that doesn't call back; the row is held anew each minute meanwhile.
LEASE = timedelta(hours=1)
OPEN = (Backup.ended_at.is_(None),)


@dataclass(frozen=True)
class Standing:
    """How backups stand: since when the last good one is there, and how many were given up since."""

    good_at: datetime | None
    failures: int


def due(every: timedelta) -> Callable[[ColumnElement[datetime]], ScalarSelect[Any]]:
    """Make the question for the time of the next backup: that of the one that waits, or `every` after the last one."""

    def ask(now: ColumnElement[datetime]) -> ScalarSelect[Any]:
        waits = leases.due(Backup, now, *OPEN)
        following = select(func.max(Backup.asked_at) + every).scalar_subquery()
        return select(func.coalesce(waits, following, now)).scalar_subquery()

    return ask


def take(every: timedelta, now: datetime) -> Backup | None:
    """Hold the backup that is due; None where none is, or another scheduler makes it."""
    last = db.session.scalar(select(func.max(Backup.asked_at)))
    if last is None or last + every <= now:
        db.session.execute(insert(Backup).values(asked_at=now).on_conflict_do_nothing())
    return leases.claim(Backup, now, *OPEN, order_by=[Backup.id], lease=LEASE)


def hold_on(backup: Backup, now: datetime) -> None:
    """Say that the backup is still being made."""
    leases.set_on(backup, leases.held(now, LEASE))


def done(backup: Backup, name: str, size: int, *, now: datetime) -> None:
    """Note what was made."""
    values = {"name": name, "size": size, "failure": None, "ended_at": now}
    leases.set_on(backup, {**values, **leases.FREE})


def failed(backup: Backup, why: str, *, now: datetime) -> bool:
    """Have it tried again, or give it up; return whether it is given up."""
    tries = backup.tries + 1
    backup.failure = why
    if RETRIES.is_over(tries):
        leases.set_on(backup, {"ended_at": now, "tries": tries, **leases.FREE})
        return True
    leases.set_on(backup, RETRIES.later(tries, now))
    return False


def let_go(backup: Backup) -> None:
    """Give the row back, because the scheduler ends: another one makes the backup."""
    leases.set_on(backup, leases.FREE)


def standing() -> Standing:
    """Return how backups stand."""
    good_at = db.session.scalar(select(func.max(Backup.ended_at)).where(Backup.name.is_not(None)))
    bad = select(func.count()).where(Backup.ended_at.is_not(None), Backup.name.is_(None))
    if good_at is not None:
        bad = bad.where(Backup.ended_at > good_at)
    return Standing(good_at, db.session.scalar(bad) or 0)
