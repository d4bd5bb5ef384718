"""A lab session as its student handles it."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from extensions import db as database
from models import CheckRun, LabSession
from models.lab_session import ENDED, QUEUED, RUNNING, STARTING, STOPPING
from services.errors import Conflict, NotFound
from services.labs import checks, document, job_names, lifecycle, moves, running_labs, sessions
from tests.factories import Cast, LabFactory, ask_lab, run_lab

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def asked(cast: Cast, **changes: Any) -> LabSession:
    """Bob's session, with columns changed."""
    return ask_lab(cast.bob, cast.lab, NOW, **changes)


def running(cast: Cast, **changes: Any) -> LabSession:
    """Bob's session with a machine since NOW, for eight hours."""
    return run_lab(cast.bob, cast.lab, NOW, **changes)


def test_asking_queues_a_session_with_a_telling_name(cast: Cast) -> None:
    found = asked(cast)

    assert (found.state, found.queued_at) == (QUEUED, NOW)
    assert found.job_id == f"lab-shell-first-lab-bob-{found.id.hex[:8]}"


def test_asking_again_gives_the_same_session(cast: Cast) -> None:
    first = asked(cast)

    second = lifecycle.queue(cast.bob, cast.lab, cast.course, now=NOW + timedelta(minutes=1))

    assert second.id == first.id


def test_after_the_end_asking_gives_a_new_session(cast: Cast) -> None:
    first = asked(cast)
    lifecycle.stop(first, reason="user", now=NOW)

    second = lifecycle.queue(cast.bob, cast.lab, cast.course, now=NOW)

    assert second.id != first.id
    assert sessions.latest(cast.bob.id, cast.lab.id) == second


@pytest.mark.parametrize(("course", "lab"), [("c" * 200, "l"), ("c", "l" * 200), ("c" * 200, "l" * 200)])
def test_a_jobs_name_stays_short_and_keeps_who_it_is(course: str, lab: str) -> None:
    session_id = uuid.uuid4()

    name = job_names.job_id(course, lab, "ada-lovelace-01-a1b2c3", session_id)

    assert len(name) == 100
    assert name.endswith(f"-ada-lovelace-01-a1b2c3-{session_id.hex[:8]}")
    assert name.startswith("lab-c") and "-l" in name


def test_leaving_the_queue_ends_at_once(cast: Cast) -> None:
    found = asked(cast)

    lifecycle.stop(found, reason="user", now=NOW)

    assert (found.state, found.reason, found.ended_at) == (ENDED, "user", NOW)


@pytest.mark.parametrize("state", [STARTING, RUNNING])
def test_a_machine_has_to_be_stopped_first(cast: Cast, state: str) -> None:
    found = running(cast, state=state)

    lifecycle.stop(found, reason="user", now=NOW)

    assert (found.state, found.reason, found.ended_at) == (STOPPING, "user", None)


def test_stopping_twice_is_harmless(cast: Cast) -> None:
    found = running(cast)
    lifecycle.stop(found, reason="idle", now=NOW)

    lifecycle.stop(found, reason="user", now=NOW)

    assert (found.state, found.reason) == (STOPPING, "idle")


def test_a_stop_overrules_a_reset(cast: Cast) -> None:
    found = running(cast)
    lifecycle.reset(found, now=NOW)

    lifecycle.stop(found, reason="user", now=NOW)

    assert (found.state, found.is_resetting, found.reason) == (STOPPING, False, "user")


def test_a_reset_throws_the_machine_and_its_files_away(cast: Cast) -> None:
    found = running(cast)

    lifecycle.reset(found, now=NOW)
    lifecycle.reset(found, now=NOW)

    assert (found.state, found.is_resetting, found.is_fresh) == (STOPPING, True, True)


@pytest.mark.parametrize("state", [QUEUED, STARTING])
def test_only_a_running_lab_is_reset_or_kept(cast: Cast, state: str) -> None:
    found = asked(cast, state=state)

    with pytest.raises(Conflict):
        lifecycle.reset(found, now=NOW)
    with pytest.raises(Conflict):
        running_labs.extend(found, now=NOW)


def test_keeping_counts_idleness_from_now(cast: Cast) -> None:
    found = running(cast, warned_at=NOW + timedelta(minutes=110))
    later = NOW + timedelta(minutes=115)

    running_labs.extend(found, now=later)

    assert (found.last_active_at, found.warned_at) == (later, None)
    assert found.expires_at == NOW + timedelta(hours=8)


def test_a_lab_at_its_longest_life_is_not_kept(cast: Cast) -> None:
    found = running(cast, expires_at=NOW + timedelta(minutes=30))

    with pytest.raises(Conflict, match="longest life"):
        running_labs.extend(found, now=NOW)


def test_a_stale_move_changes_nothing(cast: Cast) -> None:
    found = running(cast)

    assert not moves.move(found, STARTING, RUNNING)
    assert found.state == RUNNING


def test_an_illegal_move_is_our_mistake(cast: Cast) -> None:
    with pytest.raises(ValueError, match="can't go from queued to running"):
        moves.move(asked(cast), QUEUED, RUNNING)


def test_an_unknown_session_is_not_found(app: object, db: object) -> None:
    with pytest.raises(NotFound):
        sessions.load(uuid.uuid4())


def test_a_waiting_lab_tells_its_place(cast: Cast) -> None:
    other = LabFactory(module=cast.lab.module)
    lifecycle.queue(cast.alice, cast.lab, cast.course, now=NOW)
    second = lifecycle.queue(cast.bob, cast.lab, cast.course, now=NOW + timedelta(seconds=1))
    lifecycle.queue(cast.bob, other, cast.course, now=NOW + timedelta(seconds=2))

    state = document.describe(second, NOW)

    assert (state["state"], state["position"], state["queue_length"]) == ("queued", 2, 3)


def test_a_running_lab_tells_its_times_and_warning(cast: Cast) -> None:
    found = running(cast, warned_at=NOW + timedelta(minutes=105))

    state = document.describe(found, NOW + timedelta(minutes=106))

    assert state["idle_stop_at"] == "2026-03-02T11:00:00+00:00"
    assert state["expires_at"] == "2026-03-02T17:00:00+00:00"
    assert state["warning"] == {"kind": "idle", "at": "2026-03-02T11:00:00+00:00", "is_last": False}
    assert state["can_extend"] is True
    assert (state["position"], state["queue_length"]) == (None, None)


def test_checks_tell_their_newest_run_and_whether_they_were_ever_passed(cast: Cast) -> None:
    before = running(cast)
    checks.request(before, cast.check.id, now=NOW)
    passed = checks.claim(NOW)
    checks.finish(passed, is_passed=True, output=b"", now=NOW)
    moves.move(before, RUNNING, ENDED, reason="lost", ended_at=NOW)
    found = running(cast)
    checks.request(found, cast.check.id, now=NOW)
    checks.finish(checks.claim(NOW), is_passed=False, output=b"no file\n", now=NOW)

    (check,) = document.describe(found, NOW)["checks"]

    assert check == {
        "id": cast.check.id,
        "step_id": cast.check.step_id,
        "state": "failed",
        "is_passed": True,
        "failures": 1,
        "points": 10,
        "output": "no file",
        "reason": None,
        "hint_html": "<p>Try touch</p>",
    }


def test_after_a_reset_earlier_runs_say_nothing(cast: Cast) -> None:
    found = running(cast)
    checks.request(found, cast.check.id, now=NOW)
    checks.finish(checks.claim(NOW), is_passed=False, output=b"no file\n", now=NOW)
    found.started_at = NOW + timedelta(minutes=1)
    database.session.flush()

    (check,) = document.describe(found, NOW)["checks"]

    assert (check["state"], check["output"], check["hint_html"]) == ("idle", "", None)


def test_describing_costs_four_statements_at_most(cast: Cast) -> None:
    found = sessions.load(asked(cast).id)
    document.describe(found, NOW)  # places are computed once for all who wait
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    document.describe(found, NOW)

    assert len(statements) <= 4, statements


def test_hints_go_to_the_page_and_the_scheduler(cast: Cast, app: Any) -> None:
    found = asked(cast)
    database.session.commit()
    with app.extensions["yurt_redis"].pubsub(ignore_subscribe_messages=True) as ear:
        ear.psubscribe("yurt:*")
        ear.get_message(timeout=2)

        lifecycle.stop(found, reason="user", now=NOW)
        database.session.commit()

        wanted, heard = {f"yurt:live:lab:{found.id}", "yurt:nudge"}, set()
        # Channels are of a whole Redis, where other workers are never silent.
        for message in iter(lambda: ear.get_message(timeout=1), None):
            heard.add(message["channel"].decode())
            if wanted <= heard:
                break
    assert wanted <= heard
    assert database.session.scalar(select(CheckRun.id)) is None
