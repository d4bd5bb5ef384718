"""What somebody who waits is told: place, wait, and what is full."""

from datetime import timedelta
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import event

from extensions import db as database
from models import Lab
from models.lab_session import ENDED, RUNNING
from reasons import ENGLISH, Code, Reason
from services.capacity import holdings, positions
from services.capacity.order import Limits
from services.labs import document, lifecycle, wording
from tests.capacity.conftest import INSTANCE, NOW, click, cluster, later, runs, warmed
from tests.capacity.test_waits import lasted
from tests.factories import Cast, LabFactory


@pytest.fixture
def serve(app: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Serve places by other limits, for this test."""

    def change(total: int, user: int = 2, store: Any = None, **rest: Any) -> None:
        limits = Limits(total, user, instance=INSTANCE, **rest)
        queue = positions.Queue(limits, store or app.extensions["yurt_redis"])
        monkeypatch.setitem(app.extensions["yurt_given"], "queue", queue)

    return change


FULL = Reason(Code.NODES_FULL, resource="memory", count=3, total=3)


def told(found: Any, now: Any = None) -> dict[str, Any]:
    return wording.worded(document.describe(found, now or later(60)), ENGLISH)


def test_the_place_is_that_of_the_fair_order(cast: Cast, other_lab: Lab, serve: Any) -> None:
    serve(1)
    runs(cast.lab)
    of_class = [click(cast.lab, later(second)) for second in (1, 2)]
    of_other = click(other_lab, later(3))

    places = [(told(found)["position"], told(found)["queue_length"]) for found in (*of_class, of_other)]

    assert places == [(2, 3), (3, 3), (1, 3)]


def test_a_full_site_says_how_full(cast: Cast, serve: Any) -> None:
    serve(1)
    runs(cast.lab)

    state = told(click(cast.lab))

    assert state["waiting_for"] == "1 of 1 machines are in use"
    assert state["waiting_full"] == {"kind": "machines", "used": 1, "limit": 1}


def test_somebody_at_their_own_limit_is_told_that(cast: Cast, serve: Any) -> None:
    serve(10)
    for _ in range(2):
        runs(LabFactory(module=cast.lab.module), user=cast.bob)

    state = told(click(cast.lab, user=cast.bob))

    assert state["waiting_for"] == "you have 2 of 2 labs"
    assert state["wait_s"] is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"cpu_mhz": 300, "memory_mb": 4096}, "CPU: 200 of 300 MHz are in use"),
        ({"cpu_mhz": 3000, "memory_mb": 300}, "memory: 256 of 300 MB are in use"),
        ({"cpu_mhz": 100, "memory_mb": 4096}, "the lab needs a larger machine than there is"),
        ({"down_since": NOW}, "the cluster doesn't answer"),
    ],
)
def test_the_dimension_that_is_full_is_named(cast: Cast, serve: Any, values: dict[str, Any], words: str) -> None:
    serve(10)
    cluster(**values)
    runs(cast.lab)

    assert told(click(cast.lab))["waiting_for"] == words


def test_who_stands_behind_somebody_without_room_waits_for_the_same(cast: Cast, other_lab: Lab, serve: Any) -> None:
    serve(10)
    cluster(cpu_mhz=1000, memory_mb=600)
    runs(cast.lab)
    other_lab.memory_mb = 512
    click(other_lab, later(1))

    assert told(click(cast.lab, later(2)))["waiting_for"] == "memory: 256 of 600 MB are in use"


def test_the_clusters_own_words_go_to_everybody_of_that_lab(cast: Cast, serve: Any) -> None:
    serve(10)
    tried = click(cast.lab, waiting_for=FULL, retry_at=later(90))
    behind = click(cast.lab, later(1))

    assert [told(found)["waiting_for"] for found in (tried, behind)] == ["memory: 3 of 3 nodes full"] * 2
    assert told(tried)["waiting_full"] is None


def test_a_cluster_that_is_down_has_words_in_the_pages_own_language(cast: Cast, serve: Any) -> None:
    serve(10)
    cluster(down_since=NOW)

    state = told(click(cast.lab, waiting_for=holdings.DOWN, retry_at=later(90)))

    assert state["waiting_full"]["kind"] == "cluster"


def test_a_course_at_its_share_is_told_that_others_wait(cast: Cast, other_lab: Lab, serve: Any) -> None:
    serve(2, course_percent=50)
    runs(cast.lab)
    click(other_lab, later(1), retry_at=later(90))

    assert told(click(cast.lab, later(2)))["waiting_for"] == "your course has 1 of 1 machines, and others wait"


def test_nobody_is_promised_a_time_before_anything_was_measured(cast: Cast, serve: Any) -> None:
    serve(1)
    runs(cast.lab)

    assert told(click(cast.lab))["wait_s"] is None


def test_the_wait_is_what_was_measured(cast: Cast, serve: Any) -> None:
    serve(1)
    for _ in range(5):
        lasted(cast, 30, cast.lab)
    runs(cast.lab, NOW)

    state = told(click(cast.lab), NOW + timedelta(minutes=20))

    assert state["wait_s"] == {"likely": 603, "latest": 603}


@pytest.mark.parametrize(("running", "wait"), [(0, None), (1, {"likely": 603, "latest": 603})])
def test_a_cluster_that_has_said_no_promises_no_moment_but_the_end_of_a_lab(
    cast: Cast, serve: Any, running: int, wait: dict[str, int] | None
) -> None:
    serve(10)
    for _ in range(5):
        lasted(cast, 30, cast.lab)
    for _ in range(running):
        runs(cast.lab, NOW)

    found = click(cast.lab, later(1), waiting_for=FULL, retry_at=later(9000))

    assert told(found, NOW + timedelta(minutes=20))["wait_s"] == wait


def test_a_lab_that_runs_waits_for_nothing(cast: Cast) -> None:
    state = told(runs(cast.lab))

    keys = ("position", "queue_length", "wait_s", "waiting_for", "waiting_full")
    assert [state[key] for key in keys] == [None, None, None, "", None]


def test_a_change_of_the_queue_is_seen_at_once(cast: Cast, serve: Any) -> None:
    serve(1)
    first, second = click(cast.lab, later(1)), click(cast.lab, later(2))
    before = told(second)["position"]

    lifecycle.stop(first, reason="user", now=later(3))
    database.session.commit()

    assert (before, told(second)["position"]) == (2, 1)


def test_stopping_gives_the_place_up_and_closing_the_page_does_not(cast: Cast, serve: Any) -> None:
    serve(1)
    runs(cast.lab)
    first, second = click(cast.lab, later(1), cast.bob), click(cast.lab, later(2))

    came_back = lifecycle.queue(cast.bob, cast.lab, cast.course, now=later(3))
    place_kept = told(came_back)["position"]
    lifecycle.stop(first, reason="user", now=later(4))
    anew = click(cast.lab, later(5), cast.bob)

    assert (came_back.id, place_kept) == (first.id, 1)
    assert [told(second)["position"], told(anew)["position"]] == [1, 2]


def test_five_hundred_pages_cost_one_computation(cast: Cast, serve: Any) -> None:
    serve(1)
    waiting = [click(cast.lab, later(second)).id for second in range(20)]
    statements: list[str] = []
    note = lambda *arguments: statements.append(arguments[2])  # noqa: E731  # SQLAlchemy wants a function
    positions.of(waiting[0], NOW)
    event.listen(database.engine, "before_cursor_execute", note)
    try:
        places = [positions.of(session_id, NOW) for session_id in waiting]
    finally:
        event.remove(database.engine, "before_cursor_execute", note)

    assert [place and place.position for place in places] == list(range(1, 21))
    assert statements == []


def test_without_redis_a_place_is_computed(cast: Cast, serve: Any) -> None:
    serve(1, store=Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.1))
    runs(cast.lab)

    state = told(click(cast.lab))

    assert (state["position"], state["waiting_for"]) == (1, "1 of 1 machines are in use")


def test_a_warm_machine_is_there_at_once(cast: Cast, serve: Any) -> None:
    serve(1)
    lasted(cast, 30, cast.lab)
    warmed(cast.lab)

    assert told(click(cast.lab))["wait_s"] == {"likely": 3, "latest": 3}


def test_a_session_that_no_longer_waits_has_no_place(cast: Cast, serve: Any) -> None:
    serve(1)
    found = click(cast.lab)
    for state in (RUNNING, ENDED):
        found.state, found.ended_at, found.reason = state, NOW if state == ENDED else None, "user"
        database.session.commit()

        assert positions.of(found.id, NOW) is None or told(found)["position"] is None
