"""Follows what happens on the cluster, so that a lab that ends by itself is known within a second.

This is only faster: the reconciler compares everything anyway. The stream begins where the last one ended; where events
may have been missed (a new stream, a new cluster), everything is compared.
"""

import time
from collections.abc import Callable

from backends import Backend, BackendError
from config import Settings
from extensions import db
from scheduler.ticks import capacity, reconcile
from services.labs import clusters

# How often the place in the stream is written down; an event that comes again is harmless.
NOTE_EVERY_S = 5.0


def follower(
    settings: Settings, backend: Backend, is_over: Callable[[], bool], broke: Callable[[], None] = lambda: None
) -> Callable[[], bool]:
    """Return the work of the tick: it follows the stream until `is_over`, and calls `broke` where the stream breaks."""

    def work() -> bool:
        try:
            follow(settings.instance, backend, is_over)
        except BackendError:
            broke()
            raise
        return False

    return work


def follow(instance: str, backend: Backend, is_over: Callable[[], bool]) -> None:
    """Reconcile the job of each change; raise BackendUnavailable when the stream breaks."""
    index = clusters.event_index(instance)
    db.session.commit()
    noted = time.monotonic()
    for change in backend.follow(index, is_over):
        if change.job_id:
            reconcile.mend_one(instance, backend, change.job_id)
        else:
            # A node may be leaving, which the stored list of nodes doesn't say yet.
            capacity.look(instance, backend)
            reconcile.mend_all(instance, backend)
        # An index that went back means a new cluster.
        if change.index < index or (change.index != index and time.monotonic() - noted > NOTE_EVERY_S):
            index, noted = change.index, time.monotonic()
            clusters.note_event_index(instance, index)
            db.session.commit()
