"""A class that clicks at once: exactly as many machines as there are slots, and a queue that drains in order.

`run` works on an empty, migrated database of its own and any lab backend, with the scheduler's own ticks; clicks are
what a web process does for one, without HTTP. It returns a row for each thing that is promised.
"""

import statistics
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import Select, func, select

from backends import Backend
from config import Settings
from core import create_core
from extensions import db
from models import Course, Enrolment, Lab, LabSession, Module, User, utcnow
from models.lab_session import ENDED, QUEUED, RUNNING
from scheduler.ticks import starts, stops
from scheduler.worker import Tick, Workers
from services.capacity.order import Limits
from services.labs import document, lifecycle

CLICKERS = 16
PATIENCE_S = 120.0


@dataclass(frozen=True)
class Row:
    """One line of the table: what was looked at, what is aimed at, what came out, and whether that is good enough."""

    what: str
    aim: str
    measured: str
    is_met: bool


def run(
    settings: Settings, backend: Backend, *, clicks: int = 100, slots: int = 50, within_s: float = 1.0
) -> list[Row]:
    """Click `clicks` times within that many seconds, then end one lab after the other until nobody waits."""
    app = create_core(settings, "bench")
    limits = Limits(slots, 2, instance=settings.instance)
    workers = Workers(
        app,
        app.extensions["yurt_redis"],
        [
            Tick("starts", starts.starter(settings, backend, limits), interval_s=0.2, topic="labs", threads=8),
            Tick("stops", stops.stopper(backend), interval_s=0.2, topic="labs", threads=4),
        ],
    )
    students, lab_id = _arrange(app, clicks)
    workers.start()
    try:
        took, errors = _click(app, students, lab_id, within_s, workers)
        return [*_rush(app, clicks, slots, took, errors), *_drain(app, clicks, slots, workers)]
    finally:
        _end_all(app, workers)
        workers.end(10)


def _arrange(app: Flask, clicks: int) -> tuple[list[int], int]:
    """Make a course with one lab and a class; return who and which."""
    with app.app_context():
        mark = uuid.uuid4().hex[:8]
        course = Course(slug=f"bench-{mark}", title="Bench", is_published=True)
        module = Module(course=course, slug="one", title="One", position=1)
        lab = Lab(course=course, module=module, slug="rush", title="Rush", position=1, memory_mb=128)
        names = [f"bench-{mark}-{number}" for number in range(clicks)]
        users = [
            User(
                handle=name,
                display_name=name,
                email=f"{name}@example.org",
                password="",
                fs_uniquifier=name,
                active=True,
                confirmed_at=utcnow(),
            )
            for name in names
        ]
        db.session.add_all([course, module, lab, *users])
        db.session.flush()
        db.session.add_all(Enrolment(course_id=course.id, user_id=user.id, role="student") for user in users)
        db.session.commit()
        return [user.id for user in users], lab.id


def _click(
    app: Flask, students: list[int], lab_id: int, within_s: float, workers: Workers
) -> tuple[list[float], list[str]]:
    """Have everybody ask for the lab, spread over the time; return how long each took, and what went wrong."""
    took: list[float] = []
    errors: list[str] = []
    began = time.perf_counter()

    def click(number: int) -> None:
        due = began + within_s * number / len(students)
        threading.Event().wait(max(0.0, due - time.perf_counter()))
        at = time.perf_counter()
        try:
            with app.app_context():
                lab = db.session.get_one(Lab, lab_id)
                lab_session = lifecycle.queue(db.session.get_one(User, students[number]), lab, lab.course, now=utcnow())
                db.session.commit()
                document.describe(lab_session, utcnow())
        except Exception as error:  # noqa: BLE001  # any of them is a line of the table
            errors.append(type(error).__name__)
        took.append(time.perf_counter() - at)
        workers.nudge("labs")

    with ThreadPoolExecutor(CLICKERS) as pool:
        list(pool.map(click, range(len(students))))
    return took, errors


def _rush(app: Flask, clicks: int, slots: int, took: list[float], errors: list[str]) -> list[Row]:
    expected = min(clicks, slots)
    at = time.perf_counter()
    _until(app, lambda: _count(RUNNING) >= expected)
    filled = time.perf_counter() - at
    with app.app_context():
        running, queued = _count(RUNNING), _count(QUEUED)
        waiting = db.session.scalars(
            select(LabSession).where(LabSession.state == QUEUED).order_by(LabSession.queued_at)
        )
        places = [document.describe(lab_session, utcnow())["position"] for lab_session in waiting]
    return [
        Row("clicks without an error", str(clicks), str(clicks - len(errors)), not errors),
        Row("a click answered, p95", "< 1 s", f"{_p95(took) * 1000:.0f} ms", _p95(took) < 1),
        Row("labs running", str(expected), str(running), running == expected),
        Row("labs queued", str(clicks - expected), str(queued), queued == clicks - expected),
        Row("places in order of the clicks", "all", _share(places, queued), places == [*range(1, queued + 1)]),
        Row("all slots filled after the last click", "", f"{filled:.1f} s", True),
    ]


def _drain(app: Flask, clicks: int, slots: int, workers: Workers) -> list[Row]:
    """End the oldest lab again and again: the next one is to be the one that waits longest."""
    took: list[float] = []
    in_order = 0
    most = 0
    for _ in range(max(0, clicks - slots)):
        with app.app_context():
            first = db.session.scalar(_oldest(QUEUED))
            ending = db.session.scalars(select(LabSession).where(LabSession.id == db.session.scalar(_oldest(RUNNING))))
            lifecycle.stop(ending.one(), reason="user", now=utcnow())
            db.session.commit()
        at = time.perf_counter()
        workers.nudge("labs")
        left = clicks - slots - len(took) - 1
        _until(app, lambda left=left: _count(QUEUED) <= left and _count(RUNNING) >= slots)
        took.append(time.perf_counter() - at)
        with app.app_context():
            in_order += db.session.get_one(LabSession, first).state == RUNNING
            most = max(most, _count(RUNNING))
    if not took:
        return []
    half = statistics.median(took)
    return [
        Row("handed over in order", str(len(took)), str(in_order), in_order == len(took)),
        Row("most labs running while it drained", str(slots), str(most), most == slots),
        Row("from an end to the next one's start, p50", "", f"{half * 1000:.0f} ms", True),
        Row("from an end to the next one's start, p95", "", f"{_p95(took) * 1000:.0f} ms", True),
    ]


def _end_all(app: Flask, workers: Workers) -> None:
    with app.app_context():
        for lab_session in db.session.scalars(select(LabSession).where(LabSession.state != ENDED)).all():
            lifecycle.stop(lab_session, reason="admin", now=utcnow())
        db.session.commit()
    workers.nudge("labs")
    _until(app, lambda: _count(ENDED) == db.session.scalar(select(func.count()).select_from(LabSession)))


def _oldest(state: str) -> Select[tuple[uuid.UUID]]:
    return select(LabSession.id).where(LabSession.state == state).order_by(LabSession.queued_at, LabSession.id).limit(1)


def _count(state: str) -> int:
    return db.session.scalar(select(func.count()).where(LabSession.state == state)) or 0


def _until(app: Flask, condition: Callable[[], bool]) -> None:
    pause, deadline = threading.Event(), time.perf_counter() + PATIENCE_S
    while time.perf_counter() < deadline:
        with app.app_context():
            if condition():
                return
        pause.wait(0.01)
    raise TimeoutError(f"not within {PATIENCE_S:.0f} s")


def _p95(took: list[float]) -> float:
    return sorted(took)[int(len(took) * 0.95)] if took else 0.0


def _share(places: list[int | None], queued: int) -> str:
    return f"{sum(place == number for number, place in enumerate(places, start=1))} of {queued}"
