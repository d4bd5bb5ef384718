"""The one gate before every way to start a lab, and what becomes of labs that can never start."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from cli.courses import import_
from cli.labs_capacity import keep_warm
from extensions import db as database
from models import ClusterState, Lab, LabSave, LabSession, Mail, utcnow
from models.lab_session import ENDED, QUEUED, RUNNING
from reasons import ENGLISH, Code, Reason, sentence
from services.accounts import tokens
from services.labs import gate, hopeless, lifecycle, moves, sessions
from services.labs.gate import Site
from tests.archive.folders import COURSE, make_folder
from tests.factories import Cast
from tests.people import token

PAGE = "/courses/shell/labs/first-lab"
NODE = {
    "name": "one",
    "is_ready": True,
    "detail": "",
    "templates": ["exec"],
    "disk_mb": 9000,
    "disk_taken_mb": 0,
    "cpu_mhz": 4000,
    "memory_mb": 4096,
    "cpu_taken_mhz": 0,
    "memory_taken_mb": 4000,
}
# Every way to start; {save} and {session} are bob's.
WAYS = {
    "start": ("POST", f"{PAGE}/start"),
    "start empty": ("POST", f"{PAGE}/start-empty"),
    "restore": ("POST", "/lab-saves/{save}/restore"),
    "reset": ("POST", "/lab-sessions/{session}/reset"),
    "api start": ("POST", f"/api/v1{PAGE}/sessions"),
    "api restore": ("POST", "/api/v1/lab-saves/{save}/restore"),
    "api reset": ("POST", "/api/v1/lab-sessions/{session}/reset"),
    "api warm": ("PUT", f"/api/v1{PAGE}/warm"),
}


def site_with(app: Flask, **settings: Any) -> None:
    """Change the site's settings; every test has an application of its own."""
    app.extensions["yurt"] = app.extensions["yurt"].model_copy(update=settings)


@pytest.fixture
def changed(app: Flask) -> Any:
    before = app.extensions["yurt"]
    yield lambda **settings: site_with(app, **settings)
    app.extensions["yurt"] = before


def on_cluster(changed: Any, *nodes: dict[str, Any]) -> None:
    """Run labs on a cluster with these machines."""
    changed(lab_backend="nomad", instance="gate")
    database.session.merge(ClusterState(instance="gate", seen_at=utcnow(), nodes=list(nodes) or [NODE]))
    database.session.commit()


def go(client: FlaskClient, cast: Cast, way: str, **names: Any) -> Any:
    """Try to start a lab in that way."""
    method, path = WAYS[way]
    path = path.format(**names)
    if "api" not in way:
        return client.post(path, headers={"X-CSRFToken": token(client), "Accept": "application/json"})
    who = cast.alice if "warm" in way else cast.bob
    plain = tokens.issue(who.id, name="a script", scopes=["read", "write"], days=1, now=utcnow())[1]
    database.session.commit()
    body = {"plans": [{"count": 1}]} if "warm" in way else None
    return client.open(path, method=method, headers={"Authorization": f"Bearer {plain}"}, json=body)


def waiting() -> int:
    return database.session.scalar(select(func.count()).where(LabSession.state == QUEUED)) or 0


@pytest.mark.parametrize("way", WAYS)
def test_where_labs_are_off_no_way_leads_into_the_queue(
    bob: FlaskClient, cast: Cast, lab: LabSession, save: LabSave, changed: Any, way: str
) -> None:
    if "start" in way or "restore" in way:
        moves.move(lab, RUNNING, ENDED, reason="idle", ended_at=utcnow())
        database.session.commit()
    changed(lab_backend="off")

    answer = go(bob, cast, way, save=save.id, session=lab.id)

    assert (answer.status_code, waiting()) == (503, 0)
    database.session.refresh(lab)
    assert lab.state in (RUNNING, ENDED)


@pytest.mark.parametrize("way", WAYS)
def test_what_no_machine_can_take_is_refused_and_its_teachers_are_told(
    bob: FlaskClient, cast: Cast, lab: LabSession, save: LabSave, changed: Any, way: str
) -> None:
    if "start" in way or "restore" in way:
        moves.move(lab, RUNNING, ENDED, reason="idle", ended_at=utcnow())
    cast.lab.memory_mb = 5000
    database.session.commit()
    on_cluster(changed)

    answers = [go(bob, cast, way, save=save.id, session=lab.id) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [409, 409]
    assert "larger machine than there is" in answers[0].text
    assert waiting() == 0
    told = database.session.scalars(select(Mail)).all()
    assert [mail.recipient for mail in told] == ([] if "warm" in way else ["alice@example.org"])
    assert all("5000 MB" in mail.body_text and PAGE in mail.body_text for mail in told)


@pytest.mark.parametrize(
    ("changes", "nodes", "why"),
    [
        ({"memory_mb": 4096}, [], None),
        ({"memory_mb": 4097}, [], "size"),
        ({"cpu_mhz": 4001}, [], "size"),
        ({"disk_mb": 9000}, [], "size"),
        ({"disk_mb": 9000}, [{**NODE, "disk_mb": 0}], None),
        ({"template": "docker", "image": "x"}, [], "driver"),
        ({"template": "docker", "image": "x"}, [{**NODE, "is_ready": False}], None),
        ({"memory_mb": 4097}, [NODE, {**NODE, "is_ready": False, "memory_mb": 9000}], None),
        ({"template": "docker", "image": "x", "memory_mb": 5000}, [{**NODE, "templates": None}], "size"),
    ],
)
def test_what_may_start_once_a_machine_comes_back_may_wait(
    cast: Cast, changed: Any, changes: dict[str, Any], nodes: list[dict[str, Any]], why: str | None
) -> None:
    for name, value in changes.items():
        setattr(cast.lab, name, value)
    on_cluster(changed, *nodes)

    assert gate.hindrance(cast.lab, Site("nomad", "gate")) == why


def test_a_machine_is_no_lab_for_one_computer(bob: FlaskClient, cast: Cast) -> None:
    cast.lab.template = "qemu"
    database.session.commit()

    shown, answer = bob.get(PAGE).text, go(bob, cast, "start")

    assert answer.status_code == 409
    assert "can’t start here" in shown
    assert "one click away" in shown  # in the page's words, which its script doesn't show then
    assert 'id="start"' not in shown
    assert "Tell the teachers" in shown


def test_who_has_a_machine_keeps_it(bob: FlaskClient, cast: Cast, lab: LabSession, changed: Any) -> None:
    cast.lab.memory_mb = 5000
    database.session.commit()
    on_cluster(changed)

    assert go(bob, cast, "start").get_json()["id"] == str(lab.id)


def test_nobody_waits_for_ever_for_a_machine_that_has_gone(cast: Cast, changed: Any) -> None:
    begun = utcnow()
    asked = lifecycle.queue(cast.bob, cast.lab, cast.course, now=begun)
    cast.lab.memory_mb = 5000
    database.session.commit()
    on_cluster(changed)
    site = Site("nomad", "gate")

    early = hopeless.end_waiting(site, "https://yurt.example.org", begun + timedelta(minutes=1))
    late = hopeless.end_waiting(site, "https://yurt.example.org", begun + timedelta(minutes=6))

    assert (early, late) == (0, 1)
    ended = sessions.load(asked.id)
    assert (ended.state, ended.reason) == (ENDED, "failed")
    assert ended.detail == Reason(Code.LAB_TOO_LARGE)
    assert sentence(ended.detail, ENGLISH) == "This lab needs a larger machine than there is."
    assert [mail.recipient for mail in database.session.scalars(select(Mail))] == ["alice@example.org"]


def test_the_teachers_are_told_once_a_lab_however_many_wait(
    cast: Cast, changed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, told = utcnow(), []
    for user in (cast.bob, cast.alice):
        lifecycle.queue(user, cast.lab, cast.course, now=begun)
    cast.lab.memory_mb = 5000
    database.session.commit()
    on_cluster(changed)
    monkeypatch.setattr(hopeless, "tell_teachers", lambda lab, *_rest: told.append(lab.id))

    ended = hopeless.end_waiting(Site("nomad", "gate"), "https://yurt.example.org", begun + timedelta(minutes=6))

    assert (ended, told) == (2, [cast.lab.id])


def test_who_waits_is_told_when_labs_are_switched_off(cast: Cast) -> None:
    begun = utcnow()
    asked = lifecycle.queue(cast.bob, cast.lab, cast.course, now=begun)
    database.session.commit()

    hopeless.end_waiting(Site("off", "gate"), "https://yurt.example.org", begun + timedelta(minutes=6))

    ended = sessions.load(asked.id)
    assert (ended.state, sentence(ended.detail, ENGLISH)) == (ENDED, "Labs are not set up here.")


def test_an_import_warns_of_labs_that_can_not_start(
    app: Flask, db: object, cast: Cast, changed: Any, tmp_path: Path
) -> None:
    name = "basics/lab.lab/lab.yaml"
    folder = make_folder(tmp_path / "course", {name: COURSE[name] + "memory_mb: 5000\n"})
    on_cluster(changed)

    done = app.test_cli_runner().invoke(import_, [str(folder)])

    assert done.exit_code == 0
    assert "warning  lab lab can't start on this site. It needs 200 MHz of CPU, 5000 MB of memory" in done.output
    assert database.session.scalars(select(Lab).where(Lab.slug == "lab")).one()


def test_nothing_is_kept_warm_that_can_not_start(app: Flask, cast: Cast, changed: Any) -> None:
    cast.lab.memory_mb = 5000
    database.session.commit()
    on_cluster(changed)

    refused = app.test_cli_runner().invoke(keep_warm, ["shell/first-lab", "3"])
    removed = app.test_cli_runner().invoke(keep_warm, ["shell/first-lab", "0"])

    assert (refused.exit_code, removed.exit_code) == (1, 0)
    assert "larger machine" in refused.output
