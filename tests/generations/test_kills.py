"""Schedulers that are killed while the model thinks, and a server with faults: nothing is paid twice, all goes on."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import func, select

from extensions import db as database
from models import Generation, GenerationCall, GenerationDraft, utcnow
from services import markdown
from services.generations import asking
from services.generations.asking import Asked
from services.generations.budgets import Spender, spent_of
from tests.factories import Cast, EnrolmentFactory, UserFactory
from tests.generations.conftest import LESSON, terms
from tests.generations.loopback import KEY, Loopback, Reply
from tests.kept_cast import find_cast
from tests.scheduler.test_process import eventually, scheduler
from tests.sites import until

pytestmark = pytest.mark.long

# More than two kills of two calls each, and the faults, can leave without a question.
PEOPLE, KILLS, AT_ONCE = 10, 2, 2
FAULTS = [Reply(429, headers={"Retry-After": "0"}), Reply(500), Reply(text="sorry"), Reply(cut_at=10), Reply(503)]


@pytest.fixture
def site(committed_cast: Any) -> Iterator[Any]:
    with committed_cast.app.app_context():
        yield committed_cast
        database.session.remove()


@pytest.fixture
def cast(site: Any) -> Cast:
    found = find_cast()
    found.lesson.body_html = markdown.render(LESSON)
    found.course.allows_generation = True
    database.session.commit()
    return found


def ask_all(site: Any, cast: Cast) -> list[int]:
    made = []
    for _number in range(PEOPLE):
        teacher = UserFactory()
        EnrolmentFactory(course=cast.course, user=teacher, role="teacher")
        asked = Asked((cast.lesson.slug,), ("single", "numeric"), 2, None, "en")
        redis = site.app.extensions["yurt_redis"]
        made.append(asking.request(teacher, cast.course, asked, terms(), redis, key=None, now=utcnow()).id)
    database.session.commit()
    return made


def kill_child(process: Any, killed: set[int]) -> None:
    """Kill the scheduler that works, once it is another one than before; its parent starts the next one."""
    parent = psutil.Process(process.pid)
    until(lambda: bool({child.pid for child in parent.children()} - killed), 30.0)
    (pid,) = {child.pid for child in parent.children()} - killed
    killed.add(pid)
    os.kill(pid, signal.SIGKILL)


def open_ones() -> int:
    return database.session.scalar(select(func.count()).where(Generation.state.in_(("queued", "running")))) or 0


def test_schedulers_that_are_killed_in_the_middle_of_calls_cost_no_call_twice(
    site: Any, cast: Cast, loopback: Loopback, tmp_path: Path
) -> None:
    ask_all(site, cast)
    loopback.script = [Reply(), *FAULTS]
    # A call lasts for longer than a slow machine needs to kill who makes it.
    loopback.pause_s = 2.0
    environment = {"MISTRAL_API_KEY": KEY, "MISTRAL_URL": loopback.url, "LAB_BACKEND": "off"}
    environment |= {"MISTRAL_MODEL": "small", "LIMIT_MODEL_CALLS": str(AT_ONCE)}

    killed: set[int] = set()
    with scheduler(site.settings, tmp_path / "log", **environment) as process:
        for _kill in range(KILLS):
            for _request in range(AT_ONCE + 1):
                assert loopback.came.acquire(timeout=60), (tmp_path / "log").read_text()[-3000:]
            kill_child(process, killed)
        loopback.pause_s = 0.05
        eventually(lambda: open_ones() == 0, tmp_path / "log", within=90)

    calls = database.session.scalars(select(GenerationCall)).all()
    over = Counter((call.generation_id, call.piece) for call in calls if call.state in ("answered", "lost"))
    assert set(over.values()) == {1}
    served = Counter(key.rpartition("-")[0] for key in loopback.served)
    assert set(served.values()) == {1}, "the same piece was answered twice"
    assert {"answered", "lost"} <= {call.state for call in calls} <= {"answered", "lost", "refused"}
    spent = sum(call.tokens for call in calls)
    total = spent_of(site.app.extensions["yurt_redis"], Spender(0, 0), now=utcnow(), is_exact=True)["total"]
    assert total.tokens >= spent >= 1200 * len(loopback.served)
    states = set(database.session.scalars(select(GenerationDraft.state)))
    assert states == {"pending"}
