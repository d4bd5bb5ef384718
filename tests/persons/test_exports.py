"""The archive of a person's own data: all of it, theirs alone, made by the scheduler and forgotten in time."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from extensions import db
from models import Blob, DataExport, utcnow
from scheduler.ticks.exports import maker
from services.persons import archives, exports
from services.persons.inventory import TABLES
from tests.access_ground import add_things
from tests.factories import Cast
from tests.people import post, sign_in


@pytest.fixture
def things(cast: Cast) -> dict[str, Any]:
    """Bob with one thing of every kind."""
    made = add_things(cast)
    db.session.query(DataExport).delete()
    db.session.commit()
    return made


@pytest.fixture
def schedule(app: Flask) -> Callable[[], None]:
    work = maker(app.extensions["yurt_redis"], lambda: None)

    def run() -> None:
        while work():
            pass

    return run


def opened(data: bytes) -> tuple[dict[str, Any], list[str]]:
    """Return the documents by their names, and the names of the files."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        found = {
            name.removeprefix("data/").removesuffix(".json"): json.loads(archive.read(name))
            for name in names
            if name.startswith("data/")
        }
    return found, [name for name in names if name.startswith("files/")]


def test_it_holds_what_is_theirs_of_each_table_and_their_files(cast: Cast, things: dict[str, Any]) -> None:
    found, files = opened(archives.build(cast.bob, now=utcnow()))

    assert set(found) == {name for name, own in TABLES.items() if not own.kept_back} | {
        "courses",
        "activities",
        "questions",
    }
    assert found["users"][0]["email"] == "bob@example.org" and "password" not in found["users"][0]
    assert found["api_tokens"][0]["name"] == "a script" and "digest" not in found["api_tokens"][0]
    assert "It is a pipe." in {item["response"] for item in found["attempt_items"]}
    assert {row["id"] for row in found["attempts"]} >= {things["attempt"], things["written"]}
    assert found["questions"] and found["courses"][0]["slug"] == "shell"
    assert {name.split("/")[1] for name in files} == {"attempt_files", "lab_saves", "certificates"}


def test_it_holds_nothing_of_anybody_else(cast: Cast, things: dict[str, Any]) -> None:
    found, files = opened(archives.build(cast.charlie, now=utcnow()))

    assert [row["handle"] for row in found["users"]] == ["charlie"]
    assert {name for name, rows in found.items() if rows} == {"users"}
    assert files == []
    assert "bob" not in json.dumps(found)


def test_scores_that_are_not_shown_yet_are_not_in_it(cast: Cast, things: dict[str, Any]) -> None:
    found, _files = opened(archives.build(cast.bob, now=utcnow()))
    shown = next(row for row in found["attempts"] if row["id"] == things["written"])
    cast.quiz.reveal_score = "never"
    db.session.flush()

    hidden, _files = opened(archives.build(cast.bob, now=utcnow()))

    assert "score" in shown
    of_quiz = [row for row in hidden["attempts"] if row["quiz_id"] == cast.quiz.id]
    assert of_quiz and all("score" not in row for row in of_quiz)
    ids = {row["id"] for row in of_quiz}
    assert all("comment" not in item for item in hidden["attempt_items"] if item["attempt_id"] in ids)


def test_the_scheduler_makes_it_and_forgets_it(
    client: FlaskClient, cast: Cast, things: dict[str, Any], schedule: Callable[[], None]
) -> None:
    sign_in(client, "bob")

    post(client, "/account/data")
    post(client, "/account/data")
    (row,) = db.session.query(DataExport).all()
    assert "Waits for its turn" in client.get("/account/data").text
    schedule()

    db.session.refresh(row)
    assert (row.state, row.size) == ("ready", len(exports.read(row, now=utcnow())))
    page = client.get(f"/account/data/{row.id}/archive.zip")
    assert page.data[:2] == b"PK" and page.headers["Cache-Control"] == "private, no-store"
    other = client.application.test_client()
    sign_in(other, "alice")
    assert other.get(f"/account/data/{row.id}/archive.zip").status_code == 404
    sha256, row.due_at = row.sha256, utcnow() - timedelta(seconds=1)
    db.session.commit()
    assert client.get(f"/account/data/{row.id}/archive.zip").status_code == 404, "it has expired"
    schedule()
    assert db.session.get_one(DataExport, row.id).state == "expired"
    assert db.session.get(Blob, sha256) is None


def test_a_new_one_takes_the_place_of_the_old(cast: Cast, schedule: Callable[[], None]) -> None:
    old = exports.ask(cast.bob, now=utcnow())
    db.session.commit()
    schedule()
    new = exports.ask(cast.bob, now=utcnow())
    db.session.commit()

    schedule()

    assert [db.session.get_one(DataExport, row.id).state for row in (old, new)] == ["expired", "ready"]


def test_a_kill_loses_nothing_and_a_failure_is_tried_three_times(
    cast: Cast, schedule: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = exports.ask(cast.bob, now=utcnow())
    db.session.commit()

    def killed(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    for module, name in ((archives, "build"), (exports.blobs, "keep")):
        with monkeypatch.context() as dying:
            dying.setattr(module, name, killed)
            with pytest.raises(KeyboardInterrupt):
                schedule()
        db.session.rollback()
        assert db.session.get_one(DataExport, row.id).state == "queued"
    monkeypatch.setattr(archives, "build", lambda *_user, **_options: 1 / 0)
    for _number in range(3):
        db.session.get_one(DataExport, row.id).due_at = datetime(2026, 1, 1, tzinfo=UTC)
        db.session.commit()
        schedule()

    assert db.session.get_one(DataExport, row.id).state == "failed"


def test_a_name_that_students_give_their_file_leads_nowhere() -> None:
    assert archives._safe("../../etc/pass wd\x00") == "_.._etc_pass wd_"
