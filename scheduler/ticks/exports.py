"""Makes the archives that people ask for of their own data, and forgets them when their time is over."""

import contextlib
from collections.abc import Callable

import structlog
from redis import Redis, RedisError
from sqlalchemy.exc import OperationalError

from extensions import db
from models import utcnow
from services.persons import exports

log = structlog.get_logger("yurt.scheduler")


def maker(redis: Redis, beat: Callable[[], None]) -> Callable[[], bool]:
    """Return the work of the tick; it calls `beat` to say that it goes on."""

    def tell(export_id: int, done: int, total: int) -> None:
        beat()
        with contextlib.suppress(RedisError):
            exports.note_progress(redis, export_id, done, total)

    def work() -> bool:
        """Take the archive that is due first a step on, and say whether there may be more."""
        row = exports.take(now=utcnow())
        if row is None:
            db.session.rollback()
            return False
        export_id = row.id
        try:
            state = exports.go_on(row, now=utcnow(), tell=lambda done, total: tell(export_id, done, total)).state
        except OperationalError:
            raise  # the database's trouble passes
        except Exception as error:
            log.error("an archive failed", exc_info=error, data_export=export_id)
            db.session.rollback()
            exports.put_off(export_id, now=utcnow())
            state = "put off"
        db.session.commit()
        log.info("archive of somebody's data", state=state, data_export=export_id)
        return True

    return work
