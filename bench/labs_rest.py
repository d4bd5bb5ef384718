"""What a scheduler costs while nobody wants anything, and how soon it hears of a click nevertheless."""

import json
import math
import statistics
import subprocess
import time
from collections.abc import Callable
from typing import Any

import psutil
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select

from bench.labs_queue import Row
from bench.sites import Ground, Site, at_work
from extensions import db
from models import Lab, LabSession, User, utcnow
from models.lab_session import ENDED, QUEUED, RUNNING
from services import measures
from services.labs import lifecycle

SETTLE_S, WATCH_S = 30.0, 60.0
CLICKS = 20
PATIENCE_S, LOOK_S, REST_S = 30.0, 0.001, 0.37
STATEMENTS, PROCESSOR, HEARD_MS = 3.0, 0.5, 50.0


def run(ground: Ground) -> list[Row]:
    """Watch a scheduler at rest, then click now and then."""
    with ground.site("rest") as site:
        students, lab_id = site.arrange(CLICKS)
        with site.scheduler() as scheduler:
            at_work(scheduler)
            time.sleep(SETTLE_S)
            rows = _rest(site, scheduler)
            heard = [_heard(site, student, lab_id, REST_S * (number % 5)) for number, student in enumerate(students)]
    half, most = statistics.median(heard), sorted(heard)[math.ceil(len(heard) * 0.95) - 1]
    measured = f"p50 {half:.0f} ms, p95 {most:.0f} ms"
    return [*rows, Row(f"from a click to its claim ({CLICKS} clicks)", "p95 < 50 ms", measured, most < HEARD_MS)]


def _rest(site: Site, scheduler: "subprocess.Popen[bytes]") -> list[Row]:
    """Count statements by the scheduler's own metric, and processor time of all its processes."""
    asked_at, asked = _asked(site, after=0.0)
    began, used = time.monotonic(), _used(scheduler)
    while time.monotonic() - began < WATCH_S:
        time.sleep(1)
    took, spent = time.monotonic() - began, _used(scheduler) - used
    later_at, later = _asked(site, after=asked_at + WATCH_S)
    rate, percent = (later - asked) / (later_at - asked_at), 100 * spent / took
    return [
        Row("scheduler at rest: statements a second", "< 3", f"{rate:.2f}", rate < STATEMENTS),
        Row("scheduler at rest: of a core", "< 0.5 %", f"{percent:.2f} %", percent < PROCESSOR),
    ]


def _used(scheduler: "subprocess.Popen[bytes]") -> float:
    parent = psutil.Process(scheduler.pid)
    times = [process.cpu_times() for process in (parent, *parent.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def _asked(site: Site, *, after: float) -> tuple[float, float]:
    """Return when after that time the scheduler told what it counts, and how many statements that were."""
    redis = site.app.extensions["yurt_redis"]
    while True:
        for value in redis.hgetall(measures.KEY).values():
            report = json.loads(value)
            if report["at"] > after:
                families = text_string_to_metric_families(report["text"])
                samples = [sample for family in families for sample in family.samples]
                counts = [sample.value for sample in samples if sample.name == "yurt_db_query_seconds_count"]
                return float(report["at"]), sum(counts)
        time.sleep(1)


def _heard(site: Site, student: int, lab_id: int, pause_s: float) -> float:
    """Click, and return how many milliseconds after the commit the click was claimed; then stop the lab."""
    time.sleep(pause_s)
    with site.app.app_context():
        lab = db.session.get_one(Lab, lab_id)
        lab_session = lifecycle.queue(db.session.get_one(User, student), lab, lab.course, now=utcnow())
        query = select(LabSession.state).where(LabSession.id == lab_session.id)
        began = time.perf_counter()
        db.session.commit()
        _until(query, lambda state: state != QUEUED)
        took = time.perf_counter() - began
        _until(query, lambda state: state in (RUNNING, ENDED))
        lifecycle.stop(db.session.get_one(LabSession, lab_session.id), reason="user", now=utcnow())
        db.session.commit()
        _until(query, lambda state: state == ENDED)
    return took * 1000


def _until(query: Any, is_met: Callable[[str], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        state = db.session.scalar(query)
        db.session.rollback()
        if is_met(state):
            return
        time.sleep(LOOK_S)
    raise TimeoutError(f"not within {PATIENCE_S:.0f} s")
