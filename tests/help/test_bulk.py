"""What is done for all labs of a course at once."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from extensions import db as database
from models import LabSession
from models.lab_session import ENDED, QUEUED, RUNNING, STOPPING
from services import timelines
from services.errors import InvalidInput
from services.labs import bulk, lifecycle, sessions
from tests.factories import Cast, CourseFactory, LabFactory, ModuleFactory
from tests.help.classes import add_class, add_student


def states(cast: Cast) -> Counter[str]:
    return Counter(database.session.scalars(select(LabSession.state).where(LabSession.course_id == cast.course.id)))


def test_a_class_of_sixty_is_stopped_at_once(cast: Cast, now: datetime) -> None:
    add_class(cast, now, 60)
    elsewhere = LabFactory(module=ModuleFactory(course=CourseFactory()))
    lifecycle.queue(cast.charlie, elsewhere, elsewhere.course, now=now)

    first = bulk.stop_all(cast.course, None, now=now)
    second = bulk.stop_all(cast.course, None, now=now)

    assert (first, second) == (60, 0)
    assert states(cast) == {STOPPING: 40, ENDED: 20}
    reasons = database.session.scalars(select(LabSession.reason).where(LabSession.course_id == cast.course.id))
    assert set(reasons) == {"course"}
    assert sessions.active_for(cast.charlie.id, elsewhere.id).state == QUEUED


def test_one_lab_of_the_course_is_stopped_alone(cast: Cast, now: datetime) -> None:
    add_class(cast, now, 6)
    other = LabFactory(module=cast.lab.module)
    lifecycle.queue(cast.charlie, other, cast.course, now=now)

    assert bulk.stop_all(cast.course, other.id, now=now) == 1
    assert states(cast) == {RUNNING: 4, QUEUED: 2, ENDED: 1}


def test_a_class_of_sixty_is_kept_within_its_longest_life(cast: Cast, now: datetime) -> None:
    add_class(cast, now, 60)
    late = add_student(cast, now, expires_at=now + timedelta(minutes=20), warned_at=now)
    used = late.last_active_at

    first = bulk.keep_all(cast.course, None, 60, cast.alice, now=now)
    second = bulk.keep_all(cast.course, None, 60, cast.alice, now=now)

    assert (first, second) == (41, 0)
    kept = Counter(database.session.scalars(select(LabSession.kept_until).where(LabSession.state == RUNNING)))
    assert kept == {now + timedelta(minutes=60): 40, now + timedelta(minutes=20): 1}
    database.session.refresh(late)
    assert (late.warned_at, late.last_active_at) == (None, used)
    assert [(line.kind, line.detail) for line in timelines.of(late.id)] == [
        ("extended", {"name": "Alice", "minutes": 60})
    ]


def test_keeping_for_less_takes_nothing_away(cast: Cast, now: datetime) -> None:
    student = add_student(cast, now)
    bulk.keep_all(cast.course, None, 120, cast.alice, now=now)

    changed = bulk.keep_all(cast.course, None, 30, cast.alice, now=now)

    database.session.refresh(student)
    assert (changed, student.kept_until) == (0, now + timedelta(minutes=120))


@pytest.mark.parametrize("minutes", [0, -5, 481])
def test_labs_are_kept_for_a_day_of_work_at_most(cast: Cast, now: datetime, minutes: int) -> None:
    with pytest.raises(InvalidInput):
        bulk.keep_all(cast.course, None, minutes, cast.alice, now=now)


def test_the_work_of_sixty_is_asked_to_be_saved_once(cast: Cast, now: datetime) -> None:
    add_class(cast, now, 60)

    first = bulk.save_all(cast.course, None, now=now)
    second = bulk.save_all(cast.course, None, now=now + timedelta(seconds=5))

    assert (first, second) == (40, 0)
    asked = Counter(database.session.scalars(select(LabSession.save_requested_at)))
    assert asked == {now: 40, None: 20}
