"""How long a worker holds a row: a short lease, renewed while the work lasts, and ended at once where its worker died.

A row in hand says who holds it (`holder`) and until when: `next_try_at`, or for a run of a check `claimed_at` plus the
lease. A holder that dies renews nothing, so that another one takes the row over when the lease has run out; one that is
known to have died, because it lived on the same host, is taken over from at once.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select, union, update

from extensions import db
from models import CheckRun, LabSession, WarmLab
from models.cluster import WARM_STARTING, WARM_STOPPING
from models.lab_session import RUNNING, STARTING, STOPPING

# So long a row stays with a holder that says nothing more; whoever holds one says so four times as often.
LEASE = timedelta(seconds=6)
RENEW_EVERY_S = 1.5

# A row whose work failed rests this long at most before it is tried again.
LONGEST_PAUSE = timedelta(seconds=60)

# The columns of a row that nobody holds, and that waits for nothing.
LET_GO: dict[str, Any] = {"next_try_at": None, "holder": ""}

Kind = type[LabSession] | type[WarmLab] | type[CheckRun]
KINDS: tuple[Kind, ...] = (LabSession, WarmLab, CheckRun)
# The process's own name, set when a scheduler starts; a process without one (a script) is never taken over from early.
_names: list[str] = []


def hold_as(name: str) -> None:
    """Name this process as the holder of what it claims from now on."""
    _names[:] = [name]


def holder() -> str:
    """Return the name under which this process holds rows."""
    return _names[0] if _names else ""


def taken(now: datetime) -> dict[str, Any]:
    """Return the columns of a session or a warm machine that this process takes in hand now."""
    return {"next_try_at": now + LEASE, "holder": holder()}


def take(row: LabSession | WarmLab, now: datetime) -> None:
    """Take a session or a warm machine in hand that the caller has locked."""
    for name, value in taken(now).items():
        setattr(row, name, value)
    db.session.flush()


def pause(failures: int) -> timedelta:
    """Return how long to wait after so many failures: 2, 4, 8 seconds, up to a minute."""
    return min(LONGEST_PAUSE, timedelta(seconds=2 ** min(failures, 10)))


def renew(kind: Kind, keys: Sequence[Any], now: datetime) -> None:
    """Say that these rows are still in hand; those that aren't held by this process any more stay as they are."""
    _set(kind, kind.id.in_(keys), now, holder=holder())


def release(kind: Kind, keys: Sequence[Any], now: datetime) -> None:
    """Let go of rows whose work broke off, so that anybody may take them up now."""
    _set(kind, kind.id.in_(keys), now - LEASE, holder=holder())


def holders() -> set[str]:
    """Return who holds rows now."""
    names = union(*(select(kind.holder).where(kind.holder != "", _in_hand(kind)) for kind in KINDS))
    return set(db.session.scalars(names))


def take_over(dead: Collection[str], now: datetime) -> None:
    """End the leases of holders that are known to have died."""
    for name in dead:
        for kind in KINDS:
            _set(kind, kind.id.is_not(None), now - LEASE, holder=name)


def _set(kind: Kind, which: ColumnElement[bool], since: datetime, *, holder: str) -> None:
    values = {"claimed_at": since} if kind is CheckRun else {"next_try_at": since + LEASE}
    statement = update(kind).where(which, kind.holder == holder, _in_hand(kind)).values(**values)
    db.session.execute(statement.execution_options(synchronize_session=False))


def _in_hand(kind: Kind) -> ColumnElement[bool]:
    if kind is CheckRun:
        return CheckRun.state == "running"
    if kind is WarmLab:
        return WarmLab.state.in_((WARM_STARTING, WARM_STOPPING))
    return LabSession.state.in_((STARTING, STOPPING, RUNNING))
