"""A Nomad server and a Nomad client that die at each step of a start and of a stop: a lab each, and each with a truth.

Each step has a session that waits there when the part is killed, so that one kill is one at every step.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from backends.nomad import NomadBackend
from extensions import db as database
from models import LabSession, utcnow
from models.lab_session import ENDED, RUNNING
from scheduler.ticks.starts import starter
from scheduler.ticks.stops import stopper
from services.capacity.order import Limits
from services.labs import lifecycle
from services.saves import store
from tests.nomad.agents import Agent, Cluster
from tests.nomad.stages import Stage, staged
from tests.scheduler.test_process import fresh
from tests.sites import until

pytestmark = pytest.mark.long

WITHIN_S = 60.0
STARTS = {"claimed": "_register", "registered": "_await_running", "runs": "_enter"}
STOPS = {"to be saved": "execute", "saved": "stop", "deregistered": "_wait_for_allocs"}


class Held(NomadBackend):
    """Waits once before it calls `method`, until it is told to go on."""

    def __init__(self, stage: Stage, method: str) -> None:
        super().__init__(stage.settings)
        self.is_there, self.go = threading.Event(), threading.Event()
        call = getattr(self, method)

        def held(*arguments: Any, **values: Any) -> Any:
            self.is_there.set()
            self.go.wait(WITHIN_S)
            return call(*arguments, **values)

        setattr(self, method, held)


@pytest.fixture
def stage(committed_db: Any, make_nomad: Callable[..., Cluster], monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    # What waits for a client that is gone for good waits no longer than the others.
    monkeypatch.setattr("backends.nomad.STOP_S", 6.0)
    with staged(committed_db, make_nomad(ttl_s=5)) as made:
        yield made


def work_of(stage: Stage, backend: NomadBackend, part: str) -> Callable[[], bool]:
    """Return the tick."""
    return starter(stage.settings, backend, Limits(50, 2)) if part == "start" else stopper(backend)


@contextlib.contextmanager
def at_each_step(stage: Stage, part: str, steps: dict[str, str]) -> Iterator[None]:
    """Take the next session to each step, and let them go on when the block has ended."""
    held = [Held(stage, method) for method in steps.values()]

    def run(backend: Held) -> None:
        with stage.app.app_context():
            work_of(stage, backend, part)()

    threads = [threading.Thread(target=run, args=(backend,)) for backend in held]
    for thread, backend in zip(threads, held, strict=True):
        thread.start()
        assert backend.is_there.wait(WITHIN_S)
    yield
    for backend in held:
        backend.go.set()
    for thread in threads:
        thread.join(WITHIN_S)
    for backend in held:
        backend.close()


def go_on(stage: Stage) -> None:
    """Do what the scheduler does next, with no time lost in pauses; what the cluster can't do yet is tried again."""
    database.session.rollback()
    for found in database.session.query(LabSession).where(LabSession.retry_at.is_not(None)):
        found.retry_at = utcnow()
    database.session.commit()
    with contextlib.suppress(Exception):
        stage.go_on()
    database.session.rollback()


def is_settled(stage: Stage, found: list[LabSession], state: str, jobs: dict[str, str]) -> bool:
    """Say whether all have come to where they should."""
    go_on(stage)
    with contextlib.suppress(Exception):
        return all(fresh(one).state == state for one in found) and stage.jobs() == jobs
    return False


def test_wherever_they_die_there_is_one_lab_each_and_it_ends_with_its_work_saved(stage: Stage) -> None:
    # One cluster serves both: a new one takes longer than a round.
    for agent in (stage.cluster.server, stage.cluster.clients[0]):
        go_through(stage, agent)


def go_through(stage: Stage, agent: Agent) -> None:
    """Kill the part at each step of starts, then at each step of stops."""
    cast = stage.cast
    found = [stage.ask(who) for who in (cast.alice, cast.bob, cast.charlie)]

    with at_each_step(stage, "start", STARTS):
        agent.kill()
    agent.start(stage.cluster.server)
    stage.cluster.wait_ready()

    jobs = {one.job_id: "running" for one in found}
    until(lambda: is_settled(stage, found, RUNNING, jobs), WITHIN_S, lambda: str([one.state for one in found]))
    for one in found:
        assert stage.do(one, "echo precious > work; pwd") == f"/home/{one.user.handle}\n"
        lifecycle.stop(fresh(one), reason="user", now=utcnow())
        database.session.commit()

    with at_each_step(stage, "stop", STOPS):
        agent.kill()
    agent.start(stage.cluster.server)
    stage.cluster.wait_ready()

    until(lambda: is_settled(stage, found, ENDED, {}), WITHIN_S, lambda: str([one.state for one in found]))
    assert [(one.reason, one.save_error) for one in found] == [("user", None)] * 3
    assert all(store.newest(one.user_id, one.lab_id).session_id == one.id for one in found)
