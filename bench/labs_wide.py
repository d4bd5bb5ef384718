"""A thousand labs at once: how long the look at all of them takes, and whether the scheduler grows.

The labs are Nomad jobs of the driver mock_driver with our meta, and their sessions are running; the scheduler that
works meanwhile is the product's own.
"""

import copy
import math
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import func, select

from backends import LabSpec
from backends.nomad import NomadBackend
from backends.nomad.jobs import meta
from bench.labs_queue import Row
from bench.sites import Ground, Site, at_work
from extensions import db
from models import Lab, LabSession, User, utcnow
from models.lab_session import RUNNING
from scheduler.ticks.reconcile import survey
from services.labs import lifecycle

TEMPLATE = Path(__file__).resolve().parent / "wide.hcl"
CALLERS = 8
LOOKS = 20
# The first of it isn't looked at: what is lazy is made then.
WARM_UP_S, WATCH_S = 30.0, 120.0
SAMPLE_S = 2.0
PATIENCE_S = 240.0
GROWTH = 0.05


def run(ground: Ground, count: int = 1000) -> list[Row]:
    """Register the jobs, then look again and again."""
    with ground.site("wide", lab_limit_total=count) as site:
        students, lab_id = site.arrange(count, save_limit_mb=0)
        specs = _sessions(site, students, lab_id)
        backend = site.backend
        assert isinstance(backend, NomadBackend)
        try:
            _register(backend, specs)
            _until(lambda: _running(backend) >= count)
            with site.scheduler() as scheduler:
                time.sleep(WARM_UP_S)
                took, memory, repairs = _watch(site, at_work(scheduler))
            return [*_rows(count, took, memory), _kept(site, backend, count, repairs)]
        finally:
            _remove(backend, specs)


def _rows(count: int, took: list[float], memory: list[float]) -> list[Row]:
    half, most = statistics.median(took), sorted(took)[math.ceil(len(took) * 0.95) - 1]
    part = max(1, len(memory) // 4)
    first, last = statistics.median(memory[:part]), statistics.median(memory[-part:])
    what = f"{count} labs running (mock_driver)"
    flat = f"{first:.1f} MB, then {last:.1f} MB over {WATCH_S:.0f} s"
    return [
        Row(f"{what}: reconcile tick", "< 2 s", f"p50 {half:.2f} s, p95 {most:.2f} s", most < 2),
        Row(f"{what}: scheduler's memory", "flat", flat, last <= first * (1 + GROWTH)),
    ]


def _kept(site: Site, backend: NomadBackend, count: int, repairs: int) -> Row:
    """Say whether the scheduler left the labs alone."""
    with site.app.app_context():
        running = db.session.scalar(select(func.count()).where(LabSession.state == RUNNING)) or 0
    jobs = _running(backend)
    is_kept = running == jobs == count and repairs == 0
    aim = f"{count} sessions, {count} jobs, 0 repairs"
    return Row(f"{count} labs: none lost", aim, f"{running} sessions, {jobs} jobs, {repairs} repairs", is_kept)


def _watch(site: Site, process: psutil.Process) -> tuple[list[float], list[float], int]:
    """Return how long each look took, the scheduler's memory in MB over the time, and how much was to be repaired."""
    took: list[float] = []
    memory: list[float] = []
    repairs, began = 0, time.monotonic()
    while time.monotonic() - began < WATCH_S:
        memory.append(process.memory_info().rss / 1_000_000)
        if len(took) < LOOKS:
            at = time.perf_counter()
            with site.app.app_context():
                repairs += len(survey(site.settings.instance, site.backend))
            took.append(time.perf_counter() - at)
        time.sleep(SAMPLE_S)
    return took, memory, repairs


def _sessions(site: Site, students: list[int], lab_id: int) -> list[LabSpec]:
    """Give each student a session that runs; return what their jobs say of themselves."""
    now = utcnow()
    with site.app.app_context():
        lab, specs = db.session.get_one(Lab, lab_id), []
        for user in db.session.scalars(select(User).where(User.id.in_(students)).order_by(User.id)).all():
            lab_session = lifecycle.queue(user, lab, lab.course, now=now)
            specs.append(
                LabSpec(
                    lab_session.job_id,
                    site.settings.instance,
                    str(lab_session.id),
                    lab.course.slug,
                    lab.slug,
                    user.handle,
                    "",
                )
            )
        # As starts would leave them, an hour ago, without a thousand clicks on a machine of two cores.
        since = now - timedelta(hours=1)
        times = {"started_at": since, "last_active_at": now, "expires_at": now + timedelta(hours=8)}
        db.session.query(LabSession).update({"state": RUNNING, **times})
        db.session.commit()
    return specs


def _register(backend: NomadBackend, specs: list[LabSpec]) -> None:
    body = {"JobHCL": TEMPLATE.read_text(), "Canonicalize": True}
    parsed: dict[str, Any] = backend.servers.call("post", "jobs/parse", json=body).json()

    def register(spec: LabSpec) -> None:
        job = copy.deepcopy(parsed)
        job.update(ID=spec.job_id, Name=spec.job_id, Meta=meta(spec), Region=None)
        backend.servers.call("post", "jobs", json={"Job": job, "EnforceIndex": True, "JobModifyIndex": 0})

    with ThreadPoolExecutor(CALLERS) as pool:
        list(pool.map(register, specs))


def _remove(backend: NomadBackend, specs: list[LabSpec]) -> None:
    with ThreadPoolExecutor(CALLERS) as pool:
        list(pool.map(lambda spec: backend.stop(spec.job_id), specs))


def _running(backend: NomadBackend) -> int:
    return sum(job.state == "running" for job in backend.observe())


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {PATIENCE_S:.0f} s")
        time.sleep(1)
