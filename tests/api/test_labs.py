"""Labs through the API: asked for, looked at, stopped."""

from typing import Any

import pytest
from sqlalchemy import update

from extensions import db as database
from models import LabSession, utcnow
from tests.api.conftest import Program, problem
from tests.factories import Cast

LAB = "/courses/shell/labs/first-lab"


@pytest.fixture
def session(bob: Program) -> dict[str, Any]:
    """Bob's queued session."""
    response = bob.post(f"{LAB}/sessions")
    assert response.status_code == 201
    body: dict[str, Any] = response.get_json()
    return body


@pytest.fixture
def running(session: dict[str, Any]) -> dict[str, Any]:
    """The same with a machine."""
    now = utcnow()
    values = {"state": "running", "started_at": now, "last_active_at": now, "expires_at": now.replace(year=2100)}
    database.session.execute(update(LabSession).values(values))
    database.session.commit()
    return session


def test_a_lab_is_read_without_its_scripts(bob: Program, cast: Cast) -> None:
    lab = bob.get(LAB)

    assert lab.get_json()["steps"][0]["checks"][0]["points"] == 10
    assert cast.check.script not in lab.text


def test_a_second_click_gets_the_same_session(bob: Program, session: dict[str, Any]) -> None:
    again = bob.post(f"{LAB}/sessions")

    assert again.get_json()["id"] == session["id"]
    assert (session["state"], session["position"], session["queue_length"]) == ("queued", 1, 1)
    assert again.headers["Location"] == f"/api/v1/lab-sessions/{session['id']}"


def test_sessions_are_listed_until_they_end(bob: Program, session: dict[str, Any]) -> None:
    (row,) = bob.get("/lab-sessions").get_json()["sessions"]
    stopped = bob.post(f"/lab-sessions/{session['id']}/stop").get_json()

    assert row["job_id"].startswith("lab-shell-first-lab-bob-")
    assert (stopped["state"], stopped["reason"]) == ("ended", "user")
    assert bob.get("/lab-sessions").get_json()["sessions"] == []


def test_a_lab_of_a_course_that_is_taken_down_is_read_and_ended_and_not_worked_in(
    bob: Program, cast: Cast, running: dict[str, Any]
) -> None:
    cast.course.is_published = False
    database.session.commit()
    path = f"/lab-sessions/{running['id']}"

    assert bob.get(path).status_code == 200
    assert bob.post(f"{path}/extend").status_code == 403
    assert bob.post(f"{path}/stop").get_json()["state"] == "stopping"


def test_a_check_is_queued_for_a_running_lab(bob: Program, cast: Cast, running: dict[str, Any]) -> None:
    response = bob.post(f"/lab-sessions/{running['id']}/checks/{cast.check.id}")

    assert response.status_code == 202
    assert [row["state"] for row in response.get_json()["checks"]] == ["queued"]


def test_a_lab_that_does_not_run_takes_no_check_reset_or_more_time(
    bob: Program, cast: Cast, session: dict[str, Any]
) -> None:
    problem(bob.post(f"/lab-sessions/{session['id']}/checks/{cast.check.id}"), 409)
    problem(bob.post(f"/lab-sessions/{session['id']}/reset"), 409)
    problem(bob.post(f"/lab-sessions/{session['id']}/extend"), 409)


def test_a_running_lab_is_kept_and_reset(bob: Program, running: dict[str, Any]) -> None:
    kept = bob.post(f"/lab-sessions/{running['id']}/extend")
    reset = bob.post(f"/lab-sessions/{running['id']}/reset")

    assert kept.get_json()["state"] == "running"
    assert (reset.get_json()["state"], reset.get_json()["is_resetting"]) == ("stopping", True)


def test_nobody_finds_anothers_session(alice: Program, charlie: Program, session: dict[str, Any]) -> None:
    for program in (alice, charlie):
        problem(program.get(f"/lab-sessions/{session['id']}"), 404)
        problem(program.post(f"/lab-sessions/{session['id']}/stop"), 404)
