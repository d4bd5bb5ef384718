"""Limits that hold exactly, whatever races."""

import threading
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import func, select

from extensions import db as database
from models import Lab, LabSession, utcnow
from models.lab_session import ENDED, QUEUED, RUNNING, STARTING
from scheduler.ticks.starts import starter
from services.capacity import holdings
from services.capacity.order import Limits
from services.labs import claims, lifecycle, moves
from tests.capacity.conftest import INSTANCE, NOW, click, cluster, later, runs, warmed
from tests.factories import Cast, EnrolmentFactory, LabFactory, UserFactory, make_cast
from tests.scheduler.scripted import ScriptedBackend


def claim(**limits: Any) -> LabSession | None:
    return claims.claim_next(Limits(**{"total": 50, "user": 2, "instance": INSTANCE, **limits}), later(60))


def test_a_warm_machine_counts_like_a_lab(cast: Cast, other_lab: Lab) -> None:
    warmed(other_lab)
    click(cast.lab)

    assert claim(total=1) is None
    assert claim(total=2) is not None


@pytest.mark.parametrize(("memory_mb", "is_room"), [(2 * 256 - 1, False), (2 * 256, True)])
def test_a_machine_holds_room_for_its_console_too(cast: Cast, memory_mb: int, is_room: bool) -> None:
    cast.lab.template, cast.lab.cpu_mhz, cast.lab.memory_mb = "qemu", 500, 100
    runs(cast.lab)
    click(cast.lab)
    cluster(cpu_mhz=9000, memory_mb=memory_mb)

    claimed = claim()

    assert (claimed is not None) is is_room
    held = holdings.holdings(INSTANCE)
    assert held.memory_mb == 256 * (1 + is_room) and held.cpu_mhz == 550 * (1 + is_room)


def test_courses_take_turns(cast: Cast, other_lab: Lab) -> None:
    runs(cast.lab)
    for second in (1, 2):
        click(cast.lab, later(second))
    click(other_lab, later(3))

    claimed = [claim(total=3), claim(total=3), claim(total=3)]

    assert [found and found.course_id for found in claimed] == [other_lab.course_id, cast.course.id, None]


@pytest.mark.parametrize(
    ("cpu_mhz", "memory_mb", "count"), [(1000, 4096, 5), (8000, 600, 2), (0, 0, 6), (0, 600, 6), (100, 4096, 0)]
)
def test_cpu_and_memory_of_the_cluster_limit_as_the_count_does(
    cast: Cast, cpu_mhz: int, memory_mb: int, count: int
) -> None:
    cluster(cpu_mhz=cpu_mhz, memory_mb=memory_mb)
    for second in range(6):
        click(cast.lab, later(second))

    claimed = [claim() for _ in range(7)]

    assert sum(1 for found in claimed if found) == count


def test_another_instances_cluster_is_not_ours(cast: Cast) -> None:
    cluster(cpu_mhz=100, memory_mb=4096)
    click(cast.lab)

    assert claim(instance="another") is not None


def test_a_cluster_that_is_down_gets_nothing(cast: Cast) -> None:
    cluster(down_since=NOW)
    click(cast.lab)

    assert claim() is None


def test_five_hundred_clicks_start_exactly_as_many_as_there_are_machines(committed_db: Any) -> None:
    """Clicks and eight starters at once, each on a connection of its own."""
    clicks, slots = 500, 50
    app = committed_db.app
    with app.app_context():
        cast = make_cast()
        other = LabFactory()
        students = UserFactory.create_batch(clicks)
        for number, student in enumerate(students):
            EnrolmentFactory(course=(other if number % 5 == 0 else cast.lab).course, user=student)
        database.session.commit()
        ids = [student.id for student in students]
        lab_ids = cast.lab.id, other.id
    backend, is_over, errors = ScriptedBackend(), threading.Event(), []
    work = starter(committed_db.settings, backend, Limits(slots, 2, instance=INSTANCE))

    def guarded(job: Any, *args: Any) -> None:
        try:
            with app.app_context():
                job(*args)
        except Exception as error:  # noqa: BLE001  # the test says which, in its own thread
            errors.append(error)

    def click_for(numbers: range) -> None:
        for number in numbers:
            lab = database.session.get_one(Lab, lab_ids[number % 5 == 0])
            user = database.session.get_one(type(cast.bob), ids[number])
            lifecycle.queue(user, lab, lab.course, now=utcnow())
            database.session.commit()

    def start() -> None:
        while not is_over.is_set():
            if not work():
                is_over.wait(0.01)
            database.session.remove()

    students_threads = [
        threading.Thread(target=guarded, args=(click_for, range(first, clicks, 8))) for first in range(8)
    ]
    starters = [threading.Thread(target=guarded, args=(start,)) for _ in range(8)]
    for thread in (*starters, *students_threads):
        thread.start()
    for thread in students_threads:
        thread.join(120)
    with app.app_context():
        while not errors and count_of(RUNNING) < slots:
            database.session.rollback()
    is_over.set()
    for thread in starters:
        thread.join(30)

    assert errors == []
    with app.app_context():
        states = Counter(database.session.scalars(select(LabSession.state)))
        assert states == {RUNNING: slots, QUEUED: clicks - slots}
        assert len(backend.jobs) == slots
        assert_order_is_kept()


def count_of(state: str) -> int:
    return database.session.scalar(select(func.count()).where(LabSession.state == state)) or 0


def assert_order_is_kept() -> None:
    """End one lab after the other: in each course those who clicked first get the free machine."""
    limits = Limits(50, 2, instance=INSTANCE)
    for _ in range(60):
        ended = database.session.scalars(select(LabSession).where(LabSession.state == RUNNING).limit(1)).one()
        moves.move(ended, RUNNING, ENDED, reason="user", ended_at=utcnow())
        claimed = claims.claim_next(limits, utcnow())
        assert claimed is not None
        assert claims.claim_next(limits, utcnow()) is None
        waiting = select(func.min(LabSession.queued_at)).where(
            LabSession.state == QUEUED, LabSession.course_id == claimed.course_id
        )
        assert claimed.queued_at <= database.session.scalar(waiting)
        moves.move(claimed, STARTING, RUNNING, started_at=utcnow())
        database.session.commit()
