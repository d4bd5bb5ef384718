"""What somebody else does on a connection of their own while the caller's transaction isn't over."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import text

from extensions import db
from tests.conftest import CommittedDatabase

WAITS = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


@contextmanager
def meanwhile(site: CommittedDatabase, work: Callable[[], object]) -> Iterator[None]:
    """Let `work` begin, and commit, in another thread; go on once it waits for a lock or is done.

    At the end it is waited for, and what it raised is raised.
    """
    done, faults = threading.Event(), list[BaseException]()

    def run() -> None:
        try:
            with site.app.app_context():
                work()
                db.session.commit()
        except BaseException as fault:  # noqa: BLE001  # raised below, in the test's own thread
            faults.append(fault)
        finally:
            done.set()

    other = threading.Thread(target=run)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as watcher:
        other.start()
        while not done.is_set() and not watcher.scalar(WAITS):
            done.wait(0.02)
    try:
        yield
    finally:
        other.join(60)
    if faults:
        raise faults[0]
