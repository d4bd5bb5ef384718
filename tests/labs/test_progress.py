"""How far a student is in a lab, and when a solution may be read: never before it is earned or asked for."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from extensions import db as database
from models import CheckRun, LabEvent, LabSession, LabStep, User
from models.lab_session import ENDED, RUNNING
from services.errors import Conflict, NotFound
from services.labs import document, moves, progress
from tests.factories import Cast, add_check, run_lab
from tests.people import sign_in, token

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECRET = "touch done makes it"
PAGE = "/courses/shell/labs/first-lab"


@pytest.fixture
def cast(cast: Cast) -> Cast:
    cast.check.step.solution_html = f"<p>{SECRET}</p>"
    database.session.flush()
    return cast


def start(cast: Cast, user: User | None = None) -> LabSession:
    return run_lab(user or cast.bob, cast.lab, NOW)


@pytest.fixture
def lab(cast: Cast) -> LabSession:
    """Bob's lab, which runs."""
    return start(cast)


def run(lab: LabSession, cast: Cast, state: str, times: int = 1, check_id: int = 0) -> None:
    for _ in range(times):
        database.session.add(
            CheckRun(session_id=lab.id, check_id=check_id or cast.check.id, state=state, requested_at=NOW)
        )
    database.session.commit()


def step(lab: LabSession, number: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = document.describe(lab, NOW)["steps"][number - 1]
    return found


def test_a_step_is_passed_with_all_its_checks(cast: Cast, lab: LabSession) -> None:
    second = add_check(cast.lab)
    second.step = cast.check.step
    database.session.flush()

    run(lab, cast, "passed")
    half = step(lab)
    run(lab, cast, "passed", check_id=second.id)
    whole = step(lab)

    assert (half["is_passed"], half["passed"], half["total"], half["solution_html"]) == (False, 1, 2, None)
    assert (whole["is_passed"], whole["passed"], whole["total"]) == (True, 2, 2)
    assert SECRET in whole["solution_html"]


def test_a_step_stays_passed_when_a_later_run_fails(cast: Cast, lab: LabSession) -> None:
    run(lab, cast, "passed")
    run(lab, cast, "failed")

    assert step(lab)["is_passed"]


def test_nothing_of_a_solution_leaves_the_site_before_its_time(
    client: FlaskClient, cast: Cast, lab: LabSession
) -> None:
    sign_in(client, "bob")
    run(lab, cast, "failed", progress.FAILURES)

    refused = client.get(PAGE).text, client.get(f"/lab-sessions/{lab.id}/state").text
    address = f"/lab-sessions/{lab.id}/steps/{cast.check.step_id}/solution"
    shown = client.post(address, headers={"X-CSRFToken": token(client), "Accept": "application/json"})

    assert not any(SECRET in text for text in refused)
    assert SECRET in shown.json["steps"][0]["solution_html"]
    assert SECRET in client.get(PAGE).text


def test_a_lab_that_was_never_started_shows_no_solution(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "bob")

    assert SECRET not in client.get(PAGE).text


@pytest.mark.parametrize(("state", "times"), [("failed", 4), ("error", 9)])
def test_asking_too_early_is_refused_and_noted_nowhere(cast: Cast, lab: LabSession, state: str, times: int) -> None:
    run(lab, cast, state, times)

    with pytest.raises(Conflict):
        progress.show_solution(lab, cast.check.step_id, now=NOW)

    assert not step(lab)["can_ask"]
    assert database.session.scalar(select(LabEvent.id).where(LabEvent.kind == "solution_shown")) is None


def test_failures_of_two_checks_do_not_add_up(cast: Cast, lab: LabSession) -> None:
    second = add_check(cast.lab)
    second.step = cast.check.step
    database.session.flush()
    run(lab, cast, "failed", 4)
    run(lab, cast, "failed", 4, check_id=second.id)

    assert not step(lab)["can_ask"]


def test_who_asks_is_noted_once_and_keeps_the_solution_in_a_later_session(cast: Cast, lab: LabSession) -> None:
    run(lab, cast, "failed", 5)
    progress.show_solution(lab, cast.check.step_id, now=NOW)
    progress.show_solution(lab, cast.check.step_id, now=NOW)
    moves.move(lab, RUNNING, ENDED, reason="user", ended_at=NOW)

    again, other = start(cast), start(cast, cast.alice)

    events = database.session.scalars(select(LabEvent).where(LabEvent.kind == "solution_shown")).all()
    assert [event.detail for event in events] == [{"step": cast.check.step_id, "number": 1, "title": "Step 1"}]
    assert SECRET in step(again)["solution_html"]
    assert step(other)["solution_html"] is None


def test_failures_count_over_sessions(cast: Cast, lab: LabSession) -> None:
    run(lab, cast, "failed", 4)
    moves.move(lab, RUNNING, ENDED, reason="user", ended_at=NOW)
    again = start(cast)
    run(again, cast, "failed")

    assert step(again)["can_ask"]


def test_another_step_in_the_same_place_has_to_be_asked_for_anew(cast: Cast, lab: LabSession) -> None:
    run(lab, cast, "failed", 5)
    progress.show_solution(lab, cast.check.step_id, now=NOW)
    cast.check.step.title = "Something else"
    database.session.flush()

    assert (step(lab)["solution_html"], step(lab)["can_ask"]) == (None, True)


def test_a_step_without_checks_gives_its_solution_to_who_asks(cast: Cast, lab: LabSession) -> None:
    made = LabStep(lab=cast.lab, position=2, title="Read", body_md="", body_html="", solution_html="<p>So.</p>")
    database.session.add(made)
    database.session.flush()

    before = step(lab, 2)
    progress.show_solution(lab, made.id, now=NOW)

    assert (before["solution_html"], before["can_ask"], before["is_passed"]) == (None, True, False)
    assert step(lab, 2)["solution_html"] == "<p>So.</p>"


def test_a_step_without_a_solution_or_of_another_lab_is_not_found(cast: Cast, lab: LabSession) -> None:
    plain = add_check(cast.lab)
    run(lab, cast, "failed", 9, check_id=plain.id)

    for step_id in (plain.step_id, 0):
        with pytest.raises(NotFound):
            progress.show_solution(lab, step_id, now=NOW)
    assert not step(lab, 2)["can_ask"]
