"""From a click to a prompt: what a student waits for, with the product's own scheduler and a real Nomad.

The clock starts before the click's transaction and ends when the terminal, attached as the gateway does it, shows a
prompt. The page's part is left out: it learns of a running lab by a hint and opens a WebSocket, some milliseconds.
"""

import asyncio
import math
import re
import statistics
import time
import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select

from bench.labs_queue import Row
from bench.sites import Ground, Site
from extensions import db
from models import Lab, LabSession, User, WarmLab, utcnow
from models.cluster import WARM_READY
from models.lab_session import ENDED, RUNNING
from services.capacity import warm_plans
from services.capacity.warm_plans import Plan
from services.labs import lifecycle
from tests.nomad.images import vm_image

KEPT_WARM = 4
GUEST_MB, QEMU_MB = 128, 96
PATIENCE_S = 90.0
LOOK_S = 0.01
ESCAPES = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07|\r")
PROMPT = re.compile(rb":[~/][^\n]*\$ $")


def warm_exec(ground: Ground, clicks: int = 20) -> list[Row]:
    """Click on labs of which some are kept ready; they are refilled behind."""
    with ground.site("warm") as site:
        students, lab_id = site.arrange(clicks)
        with site.app.app_context():
            warm_plans.replace(db.session.get_one(Lab, lab_id), [Plan(count=KEPT_WARM)])
            db.session.commit()
        took = _click_all(site, students, lab_id, kept=KEPT_WARM)
    what = f"click to prompt, warm ({clicks} clicks, {KEPT_WARM} kept ready)"
    return [_row(what, "p50 < 1 s, p95 < 2 s", took, 1, 2)]


def cold_exec(ground: Ground, clicks: int = 20) -> list[Row]:
    """Click on labs of which none is ready."""
    with ground.site("cold") as site:
        took = _click_all(site, *site.arrange(clicks))
    return [_row(f"click to prompt, cold exec ({clicks} clicks)", "p50 < 3 s", took, 3)]


def machine(ground: Ground, clicks: int = 7) -> list[Row]:
    """Click on a lab that is a virtual machine without KVM."""
    with ground.site("vm") as site:
        took = _click_all(site, *site.arrange(clicks, **machine_definition()))
    return [_row(f"click to shell of a VM, {GUEST_MB} MB, tcg ({clicks} clicks)", "p50 < 8 s", took, 8)]


def machine_definition() -> dict[str, Any]:
    """Return what a lab says that is a virtual machine of 128 MB."""
    image = vm_image()
    files = {"kernel": str(image.kernel), "initrd": str(image.initrd)}
    return {"template": "qemu", "memory_mb": GUEST_MB + QEMU_MB, **files}


def _row(what: str, aim: str, took: list[float], p50_s: float, p95_s: float = math.inf) -> Row:
    half, most = statistics.median(took), sorted(took)[math.ceil(len(took) * 0.95) - 1]
    return Row(what, aim, f"p50 {half:.2f} s, p95 {most:.2f} s", half < p50_s and most < p95_s)


def _click_all(site: Site, students: list[int], lab_id: int, *, kept: int = 0) -> list[float]:
    """Click for one student after the other, each after the last one's lab has ended."""

    async def click() -> list[float]:
        try:
            return [await _one(site, student, lab_id, kept) for student in students]
        finally:
            await site.backend.leave()

    with site.scheduler():
        try:
            return asyncio.run(click())
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{site.said()}") from error


async def _one(site: Site, student: int, lab_id: int, kept: int) -> float:
    await _until(site, lambda: _ready(lab_id) >= kept)
    began = time.perf_counter()
    session_id = _request(site, student, lab_id)
    await _until(site, lambda: _session(session_id).state in (RUNNING, ENDED))
    await _prompt(site, session_id)
    took = time.perf_counter() - began
    with site.app.app_context():
        lifecycle.stop(_session(session_id), reason="user", now=utcnow())
        db.session.commit()
    await _until(site, lambda: _session(session_id).state == ENDED)
    return took


def _request(site: Site, student: int, lab_id: int) -> uuid.UUID:
    """Do what the web does for a click; the commit nudges the scheduler."""
    with site.app.app_context():
        lab = db.session.get_one(Lab, lab_id)
        lab_session = lifecycle.queue(db.session.get_one(User, student), lab, lab.course, now=utcnow())
        db.session.commit()
        return lab_session.id


async def running_lab(site: Site, student: int, lab_id: int) -> str:
    """Click, and return the job of the lab that runs then."""
    session_id = _request(site, student, lab_id)
    await _until(site, lambda: _session(session_id).state in (RUNNING, ENDED))
    with site.app.app_context():
        lab_session = _session(session_id)
        if lab_session.state != RUNNING:
            raise RuntimeError(f"the lab didn't start: {lab_session.detail}")
        return lab_session.job_id


def is_prompt(screen: bytes) -> bool:
    """Say whether a prompt is the last thing on a screen."""
    return PROMPT.search(ESCAPES.sub(b"", screen)) is not None


async def _prompt(site: Site, session_id: uuid.UUID) -> None:
    """Attach, and read until a prompt is the last thing on the screen."""
    with site.app.app_context():
        lab_session = _session(session_id)
        state, detail, job_id = lab_session.state, lab_session.detail, lab_session.job_id
    if state != RUNNING:
        raise RuntimeError(f"the lab didn't start: {detail}")
    terminal = await site.backend.attach(job_id, columns=80, rows=24)
    screen = b""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not is_prompt(screen):
                data = await terminal.read()
                if not data:
                    raise RuntimeError(f"the terminal ended: {screen[-200:]!r}")
                screen = (screen + data)[-20_000:]
    except TimeoutError as error:
        raise TimeoutError(f"no prompt in {screen[-300:]!r}") from error
    finally:
        await terminal.close()


def _session(session_id: uuid.UUID) -> LabSession:
    return db.session.get_one(LabSession, session_id)


def _ready(lab_id: int) -> int:
    return db.session.scalar(select(func.count()).where(WarmLab.lab_id == lab_id, WarmLab.state == WARM_READY)) or 0


async def _until(site: Site, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with site.app.app_context():
            if condition():
                return
        await asyncio.sleep(LOOK_S)
    raise TimeoutError(f"not within {PATIENCE_S:.0f} s")
