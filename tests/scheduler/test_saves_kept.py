"""Which saves are kept, and which of them the next machine begins with."""

from typing import Any

from sqlalchemy import func, select

from extensions import db as database
from models import Blob, CourseFile, utcnow
from models.lab_session import RUNNING
from scheduler.ticks.starts import starter
from services.capacity.order import Limits
from services.labs import lifecycle
from services.saves import store
from tests.factories import Cast
from tests.scheduler.scripted import ScriptedBackend, packed
from tests.scheduler.test_saves import Ask, backend_of, kinds, saved, stop, tick


def test_the_newest_three_are_kept_and_bytes_that_nothing_names_go(running: Ask, cast: Cast) -> None:
    for number in range(5):
        found = running()
        stop(found)
        tick(backend_of(found, work=b"%d" % number), found)

    contents = [store.data_of(save) for save in store.of(cast.bob.id, cast.lab.id, most=10)]
    assert contents == [packed(work=b"%d" % number) for number in (4, 3, 2)]
    assert database.session.scalar(select(func.count()).select_from(Blob)) == 3


def test_the_same_work_is_one_save(running: Ask) -> None:
    for _ in range(3):
        found = running()
        stop(found)
        tick(backend_of(found, work=b"same"), found)

    (save,) = saved(found)
    assert (save.session_id, save.created_at) == (found.id, found.saved_at)


def test_bytes_that_a_course_shares_stay(running: Ask, cast: Cast) -> None:
    for number in range(5):
        found = running()
        stop(found)
        tick(backend_of(found, work=b"%d" % number), found)
        if number == 0:
            digest = saved(found)[0].sha256
            shared = CourseFile(
                course_id=cast.course.id, path="files/a", sha256=digest, content_type="application/gzip"
            )
            database.session.add(shared)
            database.session.commit()

    assert database.session.get(Blob, digest) is not None


def test_the_next_machine_begins_with_the_newest_save(running: Ask, ask: Ask, settings: Any) -> None:
    found = running()
    stop(found)
    tick(backend_of(found, work=b"done"), found)
    again, backend = ask(), ScriptedBackend()

    starter(settings, backend, Limits(50, 2))()

    assert backend.specs[again.job_id].saved == packed(work=b"done")
    assert "restored" in kinds(again)


def test_a_save_that_is_to_be_restored_outlives_newer_ones(running: Ask, cast: Cast, settings: Any) -> None:
    for number in range(3):
        found = running()
        stop(found)
        tick(backend_of(found, work=b"%d" % number), found)
    oldest = saved(found)[-1]
    found = running()
    backend = backend_of(found, work=b"now")
    lifecycle.reset(found, utcnow(), restore_id=oldest.id)
    database.session.commit()

    tick(backend, found)
    starter(settings, backend, Limits(50, 2))()

    assert backend.specs[found.job_id].saved == packed(work=b"0")
    assert (found.restore_id, found.is_fresh, found.state) == (None, False, RUNNING)
    assert store.data_of(saved(found)[0]) == packed(work=b"now")
