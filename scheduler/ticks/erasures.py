"""Erases accounts whose person, or an admin, has asked for it, once the time to call it off is over."""

import structlog
from sqlalchemy.exc import OperationalError

from extensions import db
from models import utcnow
from services.persons import erasures

log = structlog.get_logger("yurt.scheduler")


def work() -> bool:
    """Take the erasure that is due first a step on, and say whether there may be more."""
    row = erasures.take(now=utcnow())
    if row is None:
        db.session.rollback()
        return False
    erasure_id = row.id
    try:
        is_done = erasures.go_on(row, now=utcnow())
    except OperationalError:
        raise  # the database's trouble passes
    except Exception as error:
        # What was erased so far is taken back with the transaction; it is done anew, as a whole.
        log.error("an erasure failed", exc_info=error, erasure=erasure_id)
        db.session.rollback()
        erasures.put_off(erasure_id, now=utcnow())
        is_done = False
    db.session.commit()
    log.info("erasure", is_done=is_done, erasure=erasure_id)
    return True
