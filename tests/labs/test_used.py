"""Uses of many labs are written at once, and two who write them don't wait for each other in a circle."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from extensions import db as database
from models import LabSession, utcnow
from services.labs import running_labs
from tests.factories import make_cast, run_lab


def wait_for_a_lock(other: Session) -> None:
    """Wait until a statement of this database waits for another's row."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    deadline = time.monotonic() + 20
    while not other.scalar(waiting):
        assert time.monotonic() < deadline, "nobody waits"
        other.rollback()


@pytest.mark.parametrize("is_reversed", [False, True])
def test_rows_are_locked_in_the_order_of_their_keys(committed_db: Any, is_reversed: bool) -> None:
    now = utcnow()
    with committed_db.app.app_context():
        cast = make_cast()
        first, last = sorted(run_lab(user, cast.lab, now).id for user in (cast.bob, cast.charlie))
        # Without an order, rows are locked as the index of live sessions has them, by the time of asking.
        earlier = update(LabSession).where(LabSession.id == last)
        database.session.execute(earlier.values(queued_at=now - timedelta(minutes=1)))
        database.session.commit()
        uses = [(session_id, {"input": now.isoformat()}, now + timedelta(minutes=1)) for session_id in (first, last)]

        def write() -> None:
            with committed_db.app.app_context():
                running_labs.used(uses[::-1] if is_reversed else uses)
                database.session.commit()

        writer = threading.Thread(target=write)
        with Session(database.engine) as holding, Session(database.engine) as other:
            holding.execute(select(LabSession.id).where(LabSession.id == last).with_for_update())
            writer.start()
            wait_for_a_lock(other)
            with pytest.raises(OperationalError, match="could not obtain lock"):
                other.execute(select(LabSession.id).where(LabSession.id == first).with_for_update(nowait=True))
            other.rollback()
            holding.rollback()
            writer.join(20)

        database.session.rollback()
        latest = select(func.count()).where(LabSession.last_active_at == now + timedelta(minutes=1))
        assert database.session.scalar(latest) == 2
