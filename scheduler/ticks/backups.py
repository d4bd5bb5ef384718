"""Makes the backup that is due, in a thread of its own: it may take hours, and nothing else waits for it."""

import time
from collections.abc import Callable
from datetime import timedelta

import structlog

import reporting
from config import Settings
from extensions import db
from models import utcnow
from services.backups import making, schedule
from services.backups.faults import BackupFault

HOLD_EVERY_S = 60.0

log = structlog.get_logger("yurt.scheduler")


class Ending(Exception):
    """The scheduler ends while a backup is made."""


def maker(settings: Settings, beat: Callable[[], None], is_over: Callable[[], bool]) -> Callable[[], bool]:
    """Return the work of the tick; it calls `beat` to say that it goes on, and ends early where `is_over`."""
    every = timedelta(hours=settings.backup_every_hours)

    def work() -> bool:
        backup = schedule.take(every, utcnow())
        db.session.commit()
        if backup is None:
            return False
        held_at = time.monotonic()

        def go_on() -> None:
            nonlocal held_at
            beat()
            if is_over():
                raise Ending
            if time.monotonic() - held_at > HOLD_EVERY_S:
                schedule.hold_on(backup, utcnow())
                db.session.commit()
                held_at = time.monotonic()

        try:
            made = making.make(settings, reporting.release(settings), now=utcnow, beat=go_on)
        except Ending:
            schedule.let_go(backup)
        except (BackupFault, OSError) as error:
            is_given_up = schedule.failed(backup, str(error), now=utcnow())
            log.error("backup failed", error=str(error), given_up=is_given_up)
        else:
            schedule.done(backup, made.name, made.size, now=utcnow())
            log.info("backup made", name=made.name, size=made.size, rows=made.rows, dropped=len(made.dropped))
        db.session.commit()
        return False

    return work
