"""Leases on rows: who works at a row, until when, and when it is tried again.

They are one for all kinds of rows: labs, warm machines, checks, tests of answers, saves, questions
that a model writes, columns of grades on learning platforms, mail, and webhooks.

A row that a worker holds says so in `holder` and `leased_until`. The lease is short, and renewed while the work lasts.
A worker that dies renews nothing, so another one takes the row over when the lease has run out. The leases of a worker
that is known to have died, because it ran on the same host, are ended at once. A row that nobody holds is due from
`retry_at` on, or at once where that is empty. `tries` counts how often the work failed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, ScalarSelect, func, or_, select, union, update
from sqlalchemy.orm.interfaces import ORMOption

from extensions import db
from models import (
    Backup,
    CheckRun,
    Generation,
    GradingHold,
    GradingRun,
    LabSession,
    LtiContext,
    LtiLineItem,
    Mail,
    WarmLab,
    WebhookDelivery,
)

# How long a row stays with a holder that renews no more; a living one renews four times as often.
LEASE = timedelta(seconds=6)
RENEW_EVERY_S = 1.5

# A row whose work failed rests this long at most before it is tried again, where its kind says nothing else. Few tries
# end sooner: five rest for 2, 4, 8 and 16 seconds.
LONGEST_PAUSE = timedelta(seconds=60)

# The columns of a row that nobody holds, and that waits for nothing.
FREE: dict[str, Any] = {"leased_until": None, "retry_at": None, "holder": ""}

Row = TypeVar(
    "Row", LabSession, WarmLab, CheckRun, GradingRun, Generation, LtiContext, LtiLineItem, Mail, WebhookDelivery, Backup
)
AnyRow = (
    LabSession
    | WarmLab
    | CheckRun
    | GradingRun
    | Generation
    | LtiContext
    | LtiLineItem
    | Mail
    | WebhookDelivery
    | Backup
)
Kind = (
    type[LabSession]
    | type[WarmLab]
    | type[CheckRun]
    | type[GradingRun]
    | type[Generation]
    | type[LtiContext]
    | type[LtiLineItem]
    | type[Mail]
    | type[WebhookDelivery]
    | type[Backup]
)
# What processes hold. What a person holds isn't taken over from the dead: answers that are graded (quizzes/holds.py).
KINDS: tuple[Kind, ...] = (
    LabSession,
    WarmLab,
    CheckRun,
    GradingRun,
    Generation,
    LtiContext,
    LtiLineItem,
    Mail,
    WebhookDelivery,
    Backup,
)
# The process's own name, set when a scheduler starts; a process without one (a script) is never taken over from early.
_names: list[str] = []


def hold_as(name: str) -> None:
    """Name this process as the holder of what it claims from now on."""
    _names[:] = [name]


def holder() -> str:
    """Return the name under which this process holds rows."""
    return _names[0] if _names else ""


@dataclass(frozen=True)
class Retries:
    """How often a kind of work is tried (`most`; None: for ever), and how long it rests after its first failures."""

    most: int | None = None
    first: timedelta = timedelta(seconds=2)
    longest: timedelta = LONGEST_PAUSE

    def is_over(self, tries: int) -> bool:
        """Say whether the work is given up after so many tries."""
        return self.most is not None and tries >= self.most

    def pause(self, tries: int) -> timedelta:
        """Return how long to wait after so many tries: twice as long each time, up to the longest."""
        return min(self.longest, self.first * (1 << min(tries - 1, 16)))

    def later(self, tries: int, now: datetime) -> dict[str, Any]:
        """Return the columns of a row that is tried again after `tries` failures."""
        return {**waiting(now + self.pause(tries)), "tries": tries}


def waiting(until: datetime) -> dict[str, Any]:
    """Return the columns of a row that nobody holds, and that is due again at `until`. That counts as no failure."""
    return {**FREE, "retry_at": until}


def held(now: datetime, lease: timedelta = LEASE, by: str | None = None) -> dict[str, Any]:
    """Return the columns of a row that this process, or the person `by`, takes in hand now."""
    return {"leased_until": now + lease, "holder": holder() if by is None else by}


def tries_of(row: AnyRow) -> int:
    """Return the failures of a row that is being claimed, with the one of a holder that died over it."""
    return row.tries + (row.leased_until is not None)


def next_due(
    kind: type[Row],
    now: datetime,
    *where: ColumnElement[bool],
    order_by: Sequence[Any],
    but: Collection[Any] = (),
    options: Sequence[ORMOption] = (),
) -> Row | None:
    """Lock the first row that matches, that nobody holds, and that is due; None where there is none.

    `but` are the rows that this process holds: one that was paused for a while mustn't take over from itself.
    """
    query = select(kind).where(*where, is_due(kind, now), kind.id.not_in(but)).options(*options)
    row: Row | None = db.session.scalar(query.order_by(*order_by).limit(1).with_for_update(skip_locked=True, of=kind))
    return row


def claim(
    kind: type[Row],
    now: datetime,
    *where: ColumnElement[bool],
    order_by: Sequence[Any],
    but: Collection[Any] = (),
    options: Sequence[ORMOption] = (),
    lease: timedelta = LEASE,
) -> Row | None:
    """Take a lease on the first row that `next_due` finds."""
    row = next_due(kind, now, *where, order_by=order_by, but=but, options=options)
    if row is not None:
        set_on(row, held(now, lease))
    return row


def set_on(row: AnyRow, values: dict[str, Any]) -> None:
    """Set columns of a row that the caller has locked, or has just made."""
    for name, value in values.items():
        setattr(row, name, value)
    db.session.flush()


def due_at(kind: Kind | type[GradingHold]) -> ColumnElement[datetime]:
    """Ask of a row from when on anybody may take it; NULL is at once."""
    return func.coalesce(kind.leased_until, kind.retry_at)


def is_due(kind: Kind | type[GradingHold], now: datetime) -> ColumnElement[bool]:
    """Match the rows that anybody may take now."""
    return or_(due_at(kind).is_(None), due_at(kind) <= now)


def due(kind: Kind, now: ColumnElement[datetime], *where: ColumnElement[bool]) -> ScalarSelect[Any]:
    """Ask from when on the first of these rows may be taken."""
    return select(func.min(func.coalesce(due_at(kind), now))).where(*where).scalar_subquery()


def renew(kind: Kind, keys: Sequence[Any], now: datetime) -> None:
    """Renew the leases of these rows; rows that another process holds by now stay as they are."""
    _end_at(kind, now + LEASE, kind.id.in_(keys), kind.holder == holder())


def release(kind: Kind, keys: Sequence[Any], now: datetime) -> None:
    """End the leases of rows whose work failed, so that anybody may take them up now."""
    _end_at(kind, now, kind.id.in_(keys), kind.holder == holder())


def holders() -> set[str]:
    """Return who holds rows now."""
    names = union(*(select(kind.holder).where(kind.holder != "", kind.leased_until.is_not(None)) for kind in KINDS))
    return set(db.session.scalars(names))


def take_over(dead: Collection[str], now: datetime) -> None:
    """End the leases of holders that are known to have died."""
    for kind in KINDS:
        if dead:
            _end_at(kind, now, kind.holder.in_(dead))


def _end_at(kind: Kind, at: datetime, *which: ColumnElement[bool]) -> None:
    statement = update(kind).where(*which, kind.leased_until.is_not(None)).values(leased_until=at)
    db.session.execute(statement.execution_options(synchronize_session=False))
