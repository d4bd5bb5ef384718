"""Sessions and jobs, compared both ways."""

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select
from structlog.testing import capture_logs

from backends import BackendUnavailable, Change, Leftover, Node, Observed
from extensions import db as database
from models import LabSession, WarmLab, utcnow
from models.lab_session import ENDED, QUEUED, RUNNING, STARTING, STOPPING
from reasons import ENGLISH, Code, Reason, sentence
from scheduler.ticks import leftovers
from scheduler.ticks.events import follow
from scheduler.ticks.reconcile import mend_all, survey
from services import timelines
from services.labs import clusters, definitions, lifecycle, warm_stock
from services.labs.repairs import Known, Repair, plan
from tests.factories import UserFactory
from tests.scheduler.conftest import NOW
from tests.scheduler.scripted import ScriptedBackend

Ask = Callable[..., LabSession]
BEFORE, AFTER = NOW - timedelta(minutes=1), NOW + timedelta(seconds=1)
ID = uuid.UUID(int=7)
SIZE = {"cpu_mhz": 1000, "memory_mb": 1000, "cpu_taken_mhz": 0, "memory_taken_mb": 0}


AWAY = Reason(Code.MACHINE_AWAY, node="n1")


def job(state: str, job_id: str = "lab-a", reason: Reason | None = None, node: str = "") -> Observed:
    return Observed(job_id, str(ID), state, reason, node)


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


def on(node: str) -> Known:
    return Known(ID, "lab-a", RUNNING, BEFORE, None, node)


@pytest.mark.parametrize(
    ("sessions", "jobs", "repairs"),
    [
        ([Known(ID, "lab-a", RUNNING, BEFORE)], [job("running")], []),
        ([Known(ID, "lab-a", RUNNING, BEFORE)], [job("pending")], []),
        ([Known(ID, "lab-a", RUNNING, BEFORE)], [], [Repair("lose", "lab-a", ID, "lost")]),
        ([Known(ID, "lab-a", RUNNING, BEFORE)], [job("dead")], [Repair("lose", "lab-a", ID, "lost")]),
        # Its backend ended it when its time was over.
        ([Known(ID, "lab-a", RUNNING, BEFORE, BEFORE)], [job("dead")], [Repair("lose", "lab-a", ID, "age")]),
        # Its backend says why.
        (
            [on("n1")],
            [job("dead", reason=AWAY, node="n1")],
            [Repair("lose", "lab-a", ID, "lost", AWAY)],
        ),
        # The cluster put a fresh one in its place, which its student never saw.
        ([on("n1")], [job("running", node="n2")], [Repair("lose", "lab-a", ID, "lost", AWAY)]),
        ([on("n1")], [job("running", node="n1")], []),
        ([on("")], [job("running", node="n1")], []),
        # It came to run only after the look at the jobs.
        ([Known(ID, "lab-a", RUNNING, AFTER)], [], []),
        # Starts and stops are in hand, or are taken over by their own ticks.
        ([Known(ID, "lab-a", STARTING)], [], []),
        ([Known(ID, "lab-a", STARTING)], [job("dead")], []),
        ([Known(ID, "lab-a", STOPPING, BEFORE)], [], []),
        ([Known(ID, "lab-a", STOPPING, BEFORE)], [job("running")], []),
        # A start that failed half-way is tried again: its job is still wanted.
        ([Known(ID, "lab-a", QUEUED)], [job("running")], []),
        ([], [job("running")], [Repair("stop", "lab-a")]),
        ([], [job("dead")], [Repair("stop", "lab-a")]),
        ([Known(ID, "lab-b", QUEUED)], [job("pending")], [Repair("stop", "lab-a")]),
    ],
)
def test_the_plan_follows_from_both_sides(sessions: list[Known], jobs: list[Observed], repairs: list[Repair]) -> None:
    assert plan(sessions, jobs, NOW) == repairs


def test_labs_move_before_their_machine_is_taken_out_of_service() -> None:
    stays = Known(uuid.UUID(int=8), "lab-b", RUNNING, BEFORE, None, "n2")
    jobs = [job("running", node="n1"), job("running", "lab-b", node="n2")]

    repairs = plan([on("n1"), stays], jobs, NOW, ["n1"])

    assert repairs == [Repair("move", "lab-a", ID, "", Reason(Code.NODE_LEAVING, node="n1"))]


def test_a_lab_that_moves_is_saved_and_queued_again_with_its_work(running: Ask) -> None:
    found, backend = running(node="n1"), ScriptedBackend()
    backend.jobs[found.job_id] = job("running", found.job_id, node="n1")
    clusters.seen("test", [{"name": "n1", "is_ready": False, "detail": "draining", **SIZE}], NOW)

    mend_all("test", backend)

    assert (found.state, found.is_resetting, found.is_fresh) == (STOPPING, True, False)
    assert [event.kind for event in timelines.of(found.id)][-1] == "moved"
    assert list(backend.jobs) == [found.job_id]


def test_why_a_machine_was_lost_is_told(running: Ask) -> None:
    found, backend = running(expires_at=utcnow() + timedelta(hours=1)), ScriptedBackend()
    backend.jobs[found.job_id] = job("dead", found.job_id, Reason(Code.TASK_ENDED, task="lab", said="OOM Killed"))

    mend_all("test", backend)

    assert (found.state, sentence(found.detail, ENGLISH)) == (ENDED, "Lab: OOM Killed.")


def test_a_change_of_one_job_mends_that_one(running: Ask) -> None:
    found, other, backend = running(), running(UserFactory()), ScriptedBackend()
    backend.changes = [Change(found.job_id, 7)]

    follow("test", backend, lambda: False)

    assert (found.state, other.state) == (ENDED, RUNNING)


def test_whoever_may_have_missed_changes_looks_at_everything(running: Ask) -> None:
    found, other, backend = running(), running(UserFactory()), ScriptedBackend()
    backend.changes = [Change("", 7)]

    follow("test", backend, lambda: False)

    assert (found.state, other.state) == (ENDED, ENDED)


@pytest.mark.parametrize("is_of_one", [True, False])
def test_no_transaction_is_open_while_the_stream_is_silent(running: Ask, is_of_one: bool) -> None:
    found, backend = running(), ScriptedBackend()
    backend.jobs[found.job_id] = job("running", found.job_id)
    seen: list[bool] = []

    def changes(*_rest: object) -> Iterator[Change]:
        for index in range(2):
            yield Change(found.job_id if is_of_one else "", index)
            seen.append(database.session().in_transaction())

    backend.follow = changes  # type: ignore[method-assign]
    follow("test", backend, lambda: False)

    assert seen == [False, False]
    assert found.state == RUNNING


def test_a_node_that_leaves_is_looked_at_with_its_event(running: Ask) -> None:
    found, backend = running(node="n1"), ScriptedBackend()
    backend.jobs[found.job_id] = job("running", found.job_id, node="n1")
    backend.nodes = [Node("n1", 1000, 1000, is_ready=False, detail="draining")]
    backend.changes = [Change("", 7)]

    follow("test", backend, lambda: False)

    assert (found.state, found.is_resetting) == (STOPPING, True)


def test_warm_machines_leave_a_node_before_labs_do_and_none_becomes_a_students(running: Ask) -> None:
    found, backend = running(node="n1"), ScriptedBackend()
    made_of = definitions.fingerprint(found.lab)
    for number in range(2):
        job_id = f"lab-warm-{number}"
        times = {"created_at": utcnow(), "ready_at": NOW}
        database.session.add(WarmLab(lab_id=found.lab_id, job_id=job_id, state="ready", definition=made_of, **times))
        backend.jobs[job_id] = job("running", job_id, node=f"n{number + 1}")
    backend.jobs[found.job_id] = job("running", found.job_id, node="n1")
    clusters.seen("test", [{"name": "n1", "is_ready": False, "detail": "draining", **SIZE}], NOW)

    repairs = survey("test", backend)
    mend_all("test", backend)

    assert [(repair.action, repair.job_id) for repair in repairs] == [("move", "lab-warm-0"), ("move", found.job_id)]
    states = dict(database.session.execute(select(WarmLab.job_id, WarmLab.state)).all())
    assert states == {"lab-warm-0": "stopping", "lab-warm-1": "ready"}
    assert warm_stock.adopt(found.lab_id, utcnow()) == "lab-warm-1"
    assert warm_stock.adopt(found.lab_id, utcnow()) is None


def test_a_job_without_a_session_is_stopped_and_counted(running: Ask) -> None:
    kept, backend = running(), ScriptedBackend()
    for job_id in (kept.job_id, "lab-nobody-knows"):
        backend.jobs[job_id] = job("running", job_id)
    before = counted("yurt_lab_repairs_total", action="stop")

    mend_all("test", backend)

    assert list(backend.jobs) == [kept.job_id]
    assert kept.state == RUNNING
    assert counted("yurt_lab_orphans") == 1
    assert counted("yurt_lab_repairs_total", action="stop") == before + 1
    mend_all("test", backend)
    assert counted("yurt_lab_orphans") == 0


def test_a_session_without_a_job_is_lost(running: Ask) -> None:
    found, backend = running(expires_at=utcnow() + timedelta(hours=1)), ScriptedBackend()

    mend_all("test", backend)

    assert (found.state, found.reason) == (ENDED, "lost")


def test_a_dead_job_is_removed_with_its_session(running: Ask) -> None:
    found, backend = running(expires_at=utcnow() + timedelta(hours=1)), ScriptedBackend()
    backend.jobs[found.job_id] = job("dead", found.job_id)

    mend_all("test", backend)

    assert (found.state, found.reason, backend.jobs) == (ENDED, "lost", {})


def test_a_job_that_the_list_forgot_is_asked_for_before_its_session_is_lost(
    running: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, backend = running(), ScriptedBackend()
    backend.jobs[found.job_id] = job("running", found.job_id)
    monkeypatch.setattr(backend, "observe", list)

    mend_all("test", backend)

    assert (found.state, backend.calls) == (RUNNING, [])


def test_a_backend_that_does_not_answer_costs_nobody_a_lab(running: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    found, backend = running(), ScriptedBackend()

    def away() -> list[Observed]:
        raise BackendUnavailable("away")

    monkeypatch.setattr(backend, "observe", away)

    with pytest.raises(BackendUnavailable):
        mend_all("test", backend)

    assert found.state == RUNNING


def test_a_repair_that_fails_does_not_hold_up_the_others(running: Ask) -> None:
    backend = ScriptedBackend([BackendUnavailable("away")])
    for job_id in ("lab-one", "lab-two"):
        backend.jobs[job_id] = job("running", job_id)

    mend_all("test", backend)

    assert list(backend.jobs) == ["lab-one"]


def test_a_session_that_ends_by_itself_meanwhile_keeps_its_reason(running: Ask) -> None:
    found = running()
    lifecycle.stop(found, reason="user", now=NOW)

    mend_all("test", ScriptedBackend())

    assert (found.state, found.reason) == (STOPPING, "user")


def test_all_whose_node_went_are_told_before_any_machine_is_waited_for(running: Ask) -> None:
    found = [running(UserFactory(), node="n1") for _ in range(12)]
    backend, asked = ScriptedBackend(), list[str]()
    for one in found:
        backend.jobs[one.job_id] = job("running", one.job_id, node="n2")
    look, end = backend.status, backend.stop

    def status(job_id: str) -> Observed | None:
        asked.append("look")
        return look(job_id)

    def stop(job_id: str) -> None:
        asked.append("stop")
        end(job_id)

    backend.status, backend.stop = status, stop  # type: ignore[method-assign]
    mend_all("test", backend)

    assert asked == ["look"] * 12 + ["stop"] * 12
    assert {(one.state, one.reason, one.detail) for one in found} == {(ENDED, "lost", AWAY)}
    assert backend.jobs == {}


def test_what_is_left_behind_is_counted_at_each_look_and_said_once() -> None:
    backend = ScriptedBackend()
    backend.left = [Leftover("11aa", "lab-a", (71, 72), True), Leftover("22bb", "", (81,), False)]
    with capture_logs() as said:
        look = leftovers.finder(backend)

        assert (look(), counted("yurt_lab_leftovers")) == (False, 1)
        look()

        backend.left = []
        look()
    assert [(line["event"], line["command"]) for line in said] == [("left behind", "kill -9 71 72")]
    assert counted("yurt_lab_leftovers") == 0
