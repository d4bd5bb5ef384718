"""The times of a running lab: used, kept longer, warned of its end. While it runs, no other module writes them.

Moves from state to state are in `lifecycle.py`.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import DateTime, Uuid, cast, column, func, or_, select, update, values
from sqlalchemy.dialects.postgresql import JSONB

from extensions import db
from models import LabSession
from models.lab_session import RUNNING
from services import changes, live, timelines
from services.errors import Conflict
from services.idleness.rules import Facts
from services.labs.document import facts_of
from services.labs.moves import change

# A session, what goes into its `activity`, and when the lab was used (None: it wasn't, as by an open page).
Use = tuple[uuid.UUID, dict[str, Any], datetime | None]
# A button that is pressed again within this time counts once.
AGAIN = timedelta(minutes=1)
UNWARNED: dict[str, Any] = {"warned_at": None, "warned_last_at": None}


def used(uses: Sequence[Use]) -> None:
    """Write down how labs are used, one row a session. The time of the last use never goes back.

    Rows are locked in the order of their keys, as by `changes.many`.
    """
    if not uses:
        return
    use = values(column("id", Uuid), column("patch", JSONB), column("at", DateTime(timezone=True)), name="use")
    use = use.data(uses)
    used_at = cast(use.c.at, DateTime(timezone=True))
    ids = [session_id for session_id, _patch, _at in uses]
    locked = select(LabSession.id).where(LabSession.id.in_(ids)).order_by(LabSession.id).with_for_update().cte("locked")
    db.session.execute(
        update(LabSession)
        .where(LabSession.id == locked.c.id, LabSession.id == use.c.id, LabSession.state == RUNNING)
        .values(
            activity=LabSession.activity.concat(cast(use.c.patch, JSONB)),
            last_active_at=func.greatest(LabSession.last_active_at, used_at),
        )
        .execution_options(synchronize_session=False)
    )


def extend(lab_session: LabSession, now: datetime) -> None:
    """Say that the student is still there: idleness counts from now. The longest life stays what it is."""
    facts = facts_of(lab_session)
    if facts is None:
        raise Conflict("This lab doesn't run.")
    if not facts.can_extend:
        raise Conflict("This lab has reached its longest life and can't be kept longer.")
    if not change(lab_session, RUNNING, last_active_at=now, **UNWARNED):
        raise Conflict("This lab doesn't run.")
    timelines.note(lab_session.id, "extended", now)


def warned(lab_session: LabSession, now: datetime, *, is_last: bool) -> None:
    """Note that the student is warned of the end, for the first or for the last time."""
    change(lab_session, RUNNING, **({"warned_last_at": now} if is_last else {"warned_at": now, "warned_last_at": None}))


def unwarned(lab_session: LabSession) -> None:
    """Take a warning back: the lab is used again."""
    change(lab_session, RUNNING, **UNWARNED)


def set_right(lab_session: LabSession, facts: Facts) -> None:
    """Replace times that lie in the future, which a clock wrote before it was set back."""
    times = {"last_active_at": facts.last_active_at, "expires_at": facts.expires_at}
    change(lab_session, RUNNING, warned_at=facts.warned_at, warned_last_at=facts.warned_last_at, **times)


def warn_anew(now: datetime) -> None:
    """Let every warning begin now: the clock has jumped ahead."""
    where = LabSession.state == RUNNING, LabSession.warned_at.is_not(None)
    for lab_session in changes.many(LabSession, *where, warned_at=now, warned_last_at=None):
        live.lab_changed(lab_session.id)


def keep(where: Sequence[Any], until: datetime, now: datetime, **by: Any) -> int:
    """Let none of these labs stop for idleness before `until` or the end of its longest life; return how many changed.

    `by` is for the timeline: who did it, and for how long.
    """
    at_most = func.least(until, LabSession.expires_at)
    is_new = or_(LabSession.kept_until.is_(None), LabSession.kept_until < at_most - AGAIN)
    kept = changes.many(LabSession, *where, LabSession.state == RUNNING, is_new, kept_until=at_most, **UNWARNED)
    for lab_session in kept:
        timelines.note(lab_session.id, "extended", now, **by)
        live.lab_changed(lab_session.id)
    return len(kept)


def ask_to_save(where: Sequence[Any], now: datetime) -> int:
    """Ask for the work in these labs to be saved while they run; return for how many that is new."""
    is_new = LabSession.state == RUNNING, LabSession.save_requested_at.is_(None)
    asked = changes.many(LabSession, *where, *is_new, save_requested_at=now)
    for lab_session in asked:
        live.lab_changed(lab_session.id)
    if asked:
        live.nudge("labs")
    return len(asked)
