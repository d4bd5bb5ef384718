"""Pages of labs, and what their scripts send."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backends.local import cgroups, sandbox
from blueprints.labs import starting
from extensions import SESSION_PREFIX
from extensions import db as database
from models import CheckRun, LabSession, utcnow
from models.lab_session import ENDED, QUEUED, RUNNING, STOPPING
from services import tickets
from services.labs import lifecycle, moves, sessions
from tests.factories import Cast, LabFactory, LessonFactory, ModuleFactory
from tests.people import post, sign_in, token

PAGE = "/courses/shell/labs/first-lab"


def send(client: FlaskClient, path: str) -> object:
    """Send a POST as the page's script does."""
    return client.post(path, headers={"X-CSRFToken": token(client), "Accept": "application/json"})


def test_the_list_shows_ones_labs_and_those_to_start(bob: FlaskClient, lab: LabSession) -> None:
    shown = bob.get("/labs").text

    assert shown.count(PAGE) == 2
    assert "running" in shown


def test_the_list_has_the_courses_order(bob: FlaskClient, cast: Cast) -> None:
    later = ModuleFactory(course=cast.course, position=2)
    LabFactory(module=later, slug="second-lab", title="Second lab", position=1)

    shown = bob.get("/labs").text

    assert shown.index("First-Lab") < shown.index("Second lab")


def test_the_page_shows_steps_checks_and_the_state(bob: FlaskClient, lab: LabSession) -> None:
    response = bob.get(PAGE)

    assert response.status_code == 200
    assert "Step 1" in response.text and "Check 1" in response.text
    assert f'"id": "{lab.id}"' in response.text
    assert "test -e done" not in response.text


@pytest.mark.parametrize(("template", "ports"), [("exec", []), ("exec", [8000]), ("docker", [8000]), ("qemu", [8000])])
def test_web_servers_have_a_tab_where_the_lab_names_their_ports(
    bob: FlaskClient, cast: Cast, template: str, ports: list[int]
) -> None:
    cast.lab.template, cast.lab.ports = template, ports

    page = bob.get("/courses/shell/labs/first-lab")

    assert ('id="panel-web"' in page.text) == bool(ports)
    assert ("frame-src 'self'" in page.headers["Content-Security-Policy"]) == bool(ports)


def test_the_page_leads_to_what_comes_before_and_after(bob: FlaskClient, cast: Cast) -> None:
    LessonFactory(module=cast.lab.module, slug="last-words", title="Last words", position=4)
    cast.course.version += 1

    shown = bob.get(PAGE).text

    assert f'rel="prev" href="/courses/shell/quizzes/{cast.quiz.slug}"' in shown
    assert 'rel="next" href="/courses/shell/lessons/last-words"' in shown


def test_only_the_lab_page_allows_what_the_terminal_needs(bob: FlaskClient) -> None:
    policy = bob.get(PAGE).headers["Content-Security-Policy"]

    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in bob.get("/labs").headers["Content-Security-Policy"]


def test_starting_without_a_script_comes_back_to_the_page(bob: FlaskClient, cast: Cast) -> None:
    response = post(bob, f"{PAGE}/start")

    assert (response.status_code, response.location) == (302, PAGE)
    assert sessions.active_for(cast.bob.id, cast.lab.id).state == QUEUED


def test_starting_by_the_script_gives_the_state(bob: FlaskClient) -> None:
    response = send(bob, f"{PAGE}/start")

    assert response.status_code == 200
    assert (response.json["state"], response.json["position"]) == ("queued", 1)


@pytest.mark.parametrize(
    ("action", "state"), [("stop", STOPPING), ("reset", STOPPING), ("extend", RUNNING), ("checks/{check}", RUNNING)]
)
def test_each_button_answers_with_the_new_state(
    bob: FlaskClient, cast: Cast, lab: LabSession, action: str, state: str
) -> None:
    response = send(bob, f"/lab-sessions/{lab.id}/{action.format(check=cast.check.id)}")

    assert response.status_code == (202 if "check" in action else 200)
    assert response.json["state"] == state
    assert bob.get(f"/lab-sessions/{lab.id}/state").json["state"] == state


def test_a_ticket_opens_one_terminal_of_a_running_lab(
    bob: FlaskClient, cast: Cast, lab: LabSession, app: object
) -> None:
    address = send(bob, f"/lab-sessions/{lab.id}/ticket").json["url"]

    path, ticket = address.split("?ticket=")
    kept = app.extensions["yurt_redis"]
    assert path == f"/live/terminals/{lab.id}"
    assert str(lab.id) in kept.get(tickets.terminal_key(ticket)).decode()
    assert 0 < kept.ttl(tickets.terminal_key(ticket)) <= 60


def test_there_is_no_terminal_of_a_lab_that_does_not_run(bob: FlaskClient, lab: LabSession) -> None:
    lifecycle.stop(lab, reason="user", now=utcnow())

    assert send(bob, f"/lab-sessions/{lab.id}/ticket").status_code == 409


def test_without_javascript_the_page_says_what_is_missing(bob: FlaskClient, cast: Cast) -> None:
    assert re.search(r"<noscript>.*The machine needs JavaScript", bob.get(PAGE).text)
    assert "<noscript><p" in bob.get("/courses/shell/leaderboard").text


def test_who_is_not_in_the_course_reads_the_steps_and_is_offered_no_machine(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "dana")

    shown = client.get(PAGE).text

    assert "Machines are for the people in the course" in shown
    assert f'{PAGE}/start" hidden' not in shown
    assert 'id="panel-help"' not in shown
    assert "Step 1" in shown


def test_a_live_ticket_is_for_ones_own_lab(bob: FlaskClient, cast: Cast, lab: LabSession, app: object) -> None:
    address = send(bob, f"/lab-sessions/{lab.id}/live").json["url"]

    ticket = address.partition("?ticket=")[2]
    holder, topic = tickets.read_live(app.config["SECRET_KEY"], ticket)
    assert (holder.user_id, topic) == (cast.bob.id, f"lab:{lab.id}")
    assert holder.account == tickets.account_digest(cast.bob.fs_uniquifier)
    assert app.extensions["yurt_redis"].exists(SESSION_PREFIX + holder.session)


def test_a_lab_is_its_students_alone(client: FlaskClient, cast: Cast, lab: LabSession) -> None:
    sign_in(client, "alice")

    for action in ("stop", "reset", "extend", "ticket", "live", f"checks/{cast.check.id}"):
        assert send(client, f"/lab-sessions/{lab.id}/{action}").status_code == 404
    assert client.get(f"/lab-sessions/{lab.id}/state").status_code == 404
    database.session.refresh(lab)
    assert lab.state == RUNNING


def test_an_ended_lab_can_be_started_again(bob: FlaskClient, cast: Cast, lab: LabSession) -> None:
    moves.move(lab, RUNNING, ENDED, reason="idle", ended_at=utcnow())

    shown = bob.get(PAGE).text
    again = send(bob, f"{PAGE}/start").json

    assert '"reason": "idle"' in shown
    assert again["id"] != str(lab.id)


def test_where_labs_are_off_the_page_says_so(bob: FlaskClient, cast: Cast, app: object) -> None:
    settings = app.extensions["yurt"]
    app.extensions["yurt"] = settings.model_copy(update={"lab_backend": "off"})
    try:
        shown, started = bob.get(PAGE), send(bob, f"{PAGE}/start")
    finally:
        app.extensions["yurt"] = settings

    assert "not set up here" in shown.text
    assert "Step 1" in shown.text
    assert started.status_code == 503


def test_a_page_comes_with_what_is_known_of_its_checks(bob: FlaskClient, lab: LabSession, cast: Cast) -> None:
    now = utcnow()
    run = CheckRun(session_id=lab.id, check_id=cast.check.id, state="failed", requested_at=now, finished_at=now)
    run.output = "no <file> there"
    database.session.add(run)
    failed = bob.get(PAGE).text
    run.state = "passed"
    passed = bob.get(PAGE).text

    assert 'data-state="failed" data-passed="false"' in failed
    assert "no &lt;file&gt; there</pre>" in failed
    assert "<p>Try touch</p></div>" in failed
    assert 'data-state="passed" data-passed="true"' in passed
    assert "1 of 1 checks passed" in passed
    assert "All checks passed. Well done!</p>" in passed
    assert '<div class="check-hint notice" hidden></div>' in passed


def test_who_waits_for_what_cannot_start_can_leave_the_queue(
    bob: FlaskClient, lab: LabSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.state, lab.started_at, lab.last_active_at, lab.expires_at = QUEUED, None, None, None
    monkeypatch.setattr(starting, "hindrance", lambda _lab: "size")

    shown = bob.get(PAGE).text

    assert "This lab can’t start here" in shown
    assert 'id="leave-queue"' in shown


@pytest.mark.parametrize("has_groups", [True, False])
def test_the_page_says_where_only_each_program_has_a_limit(
    bob: FlaskClient, monkeypatch: pytest.MonkeyPatch, app: Flask, cast: Cast, has_groups: bool
) -> None:
    settings = app.extensions["yurt"].model_copy(update={"lab_backend": "local"})
    monkeypatch.setitem(app.extensions, "yurt", settings)
    monkeypatch.setattr(cgroups, "are_here", lambda: has_groups)
    monkeypatch.setattr(sandbox, "is_here", lambda: True)

    shown = bob.get(PAGE).text

    assert (f"each program may use {cast.lab.memory_mb} MB of memory" in shown) is not has_groups
