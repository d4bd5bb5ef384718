"""Reads courses that programs have sent, and applies those that somebody has agreed to."""

import contextlib
from collections.abc import Callable

import structlog
from redis import Redis, RedisError
from sqlalchemy.exc import OperationalError

from extensions import db
from models import CourseImport, utcnow
from services.archive import imports

# Who waits sees progress in steps of so many activities.
STRIDE = 10

log = structlog.get_logger("yurt.scheduler")


def importer(redis: Redis, beat: Callable[[], None]) -> Callable[[], bool]:
    """Return the work of the tick; it calls `beat` to say that it goes on."""

    def tell(import_id: int, done: int, total: int) -> None:
        if done % STRIDE == 0:
            with contextlib.suppress(RedisError):
                imports.note_progress(redis, import_id, done, total)

    def work() -> bool:
        """Take the import that waits longest a step on, and say whether there may be more."""
        row = imports.take()
        if row is None:
            return False
        import_id = row.id
        try:
            row = imports.go_on(row, now=utcnow(), tell=lambda done, total: tell(import_id, done, total), beat=beat)
        except OperationalError:
            raise  # the database's trouble passes
        except Exception as error:
            # Whatever it is, it would be the same the next time, and hold up those behind it.
            log.error("an import failed", exc_info=error, course_import=import_id)
            db.session.rollback()
            row = imports.give_up(db.session.get_one(CourseImport, import_id), now=utcnow())
        state, slug = row.state, row.slug
        db.session.commit()
        with contextlib.suppress(RedisError):
            imports.forget_progress(redis, import_id)
        log.info("import", state=state, course=slug, course_import=import_id)
        return True

    return work
