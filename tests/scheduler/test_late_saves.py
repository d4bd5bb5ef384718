"""Saves that come late: another scheduler was there before."""

from models import utcnow
from models.lab_session import ENDED, RUNNING, STOPPING
from reasons import Reason
from scheduler.ticks.saves import saver
from services.labs import saving
from services.labs.saving import Outcome
from services.saves import store
from services.saves.archives import Archive, NotSaved
from tests.scheduler.scripted import home, packed
from tests.scheduler.test_saves import Ask, backend_of, saved, stop, tick


def test_a_save_that_began_before_the_stop_is_not_the_last_one(running: Ask) -> None:
    found = running(save_requested_at=utcnow())
    backend = backend_of(found, work=b"early")
    backend.before = lambda name, _job: stop(found) if found.state == RUNNING else None
    saver(backend)()
    backend.before = None
    backend.homes[found.job_id] = home(packed(work=b"late"))

    tick(backend, found)

    assert found.state == ENDED
    assert [store.data_of(save) for save in saved(found)] == [packed(work=b"late"), packed(work=b"early")]


def test_a_failure_after_another_schedulers_save_changes_nothing(running: Ask) -> None:
    found = running()
    stop(found, "idle")
    order = saving.order_of(found)
    assert order is not None

    first = saving.keep(order, Archive(packed(work=b"x"), 1), utcnow())
    second = saving.fail(order, NotSaved(Reason.said("It was slow."), is_final=True), utcnow())

    assert (first, second, found.state) == (Outcome.STOP, Outcome.STOP, STOPPING)


def test_a_save_after_another_scheduler_kept_the_lab_does_not_stop_it(running: Ask) -> None:
    found = running()
    stop(found, "idle")
    order = saving.order_of(found)
    assert order is not None

    first = saving.fail(order, NotSaved(Reason.said("It was slow."), is_final=True), utcnow())
    second = saving.keep(order, Archive(packed(work=b"x"), 1), utcnow())

    assert (first, second, found.state, found.save_error) == (Outcome.KEEP_RUNNING, Outcome.NOT_OURS, RUNNING, None)
