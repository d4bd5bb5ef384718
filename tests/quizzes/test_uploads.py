"""Files that students hand in: what is taken, what answers may name, and who gets them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from extensions import db
from models import Attempt, AttemptFile, Blob, Quiz
from question_types import type_of
from services import blobs
from services.errors import InvalidInput, LimitReached, NotFound
from services.quizzes import answer_log, answers, attempts, uploads
from services.quizzes.terms import GRACE
from services.quizzes.uploads import MAX_SIZE
from tests.factories import Cast, QuizFactory, add_question
from tests.people import post, put_json, sign_in, token

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PDF, PNG = b"%PDF-1.7 tree", b"\x89PNG\r\n\x1a\nx"


@pytest.fixture
def quiz(cast: Cast) -> Quiz:
    made: Quiz = QuizFactory(module=cast.quiz.module, slug="drawing", position=9, time_limit_s=3600)
    add_question(made, "upload", points=2)
    add_question(made, "single")
    return made


@pytest.fixture
def attempt(cast: Cast, quiz: Quiz) -> Attempt:
    return attempts.start(cast.bob.id, quiz, now=NOW)


def add(attempt: Attempt, name: str = "tree.pdf", data: bytes = PDF, **changes: Any) -> AttemptFile:
    return uploads.add(attempt.id, changes.pop("position", 1), name, data, now=changes.pop("now", NOW))


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        *(("tree.pdf", "tree.pdf"), ("C:\\Users\\bob\\tree.pdf", "tree.pdf"), ("../../etc/tree.pdf", "tree.pdf")),
        *((" a\u202eb.pdf ", "ab.pdf"), ("Übung (1) – é.PDF", "Übung (1) – é.PDF"), ("a\r\nb\x00.pdf", "ab.pdf")),
        *(('x"; y=".pdf', 'x"; y=".pdf'), ("🐫.pdf", "🐫.pdf"), (".hidden.pdf", ".hidden.pdf")),
    ],
)
def test_a_name_is_kept_without_folders_and_what_cannot_be_seen(attempt: Attempt, name: str, kept: str) -> None:
    assert add(attempt, name).name == kept


@pytest.mark.parametrize(
    ("name", "data", "field"),
    [
        *(("tree.pdf", b"", "file"), ("tree.pdf", b"x" * (MAX_SIZE + 1), "file"), ("tree.exe", PDF, "file")),
        *(("tree.pdf", PNG, "file"), ("tree.png", PDF, "file"), ("tree.png", b"<svg onload=x>", "file")),
        *(("tree", PDF, "file"), (".pdf", PDF, "file"), ("tree.pdf.exe", PDF, "file"), ("tree.", PDF, "file")),
        *(("", PDF, "name"), (" ", PDF, "name"), ("..", PDF, "name"), ("a/", PDF, "name"), ("\u200b", PDF, "name")),
        *((f"{'x' * 200}.pdf", PDF, "name"), ("\x00", PDF, "name"), ("\ud800", PDF, "name")),
    ],
)
def test_what_is_no_file_for_this_question_is_refused(attempt: Attempt, name: str, data: bytes, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        add(attempt, name, data)

    assert caught.value.field == field
    assert count(AttemptFile) == 0


def test_ten_megabytes_are_taken(attempt: Attempt) -> None:
    assert add(attempt, data=PDF + b"x" * (MAX_SIZE - len(PDF))).size == MAX_SIZE


@pytest.mark.parametrize(
    ("ending", "data", "fits"),
    [("txt", "é".encode(), True), ("txt", b"\xff", False), ("csv", b"a\x00", False), ("zip", b"PK\x03\x04", True)],
)
def test_a_kind_is_known_by_its_bytes(ending: str, data: bytes, fits: bool) -> None:
    wanted = uploads.files_of("upload", type_of("upload").parse({"accept": [ending]}))

    assert wanted is not None
    assert (wanted.fault(f"x.{ending}", data) is None) == fits


def test_a_file_that_is_sent_again_is_the_same(attempt: Attempt) -> None:
    assert add(attempt).id == add(attempt).id
    assert add(attempt, "other.pdf").id != add(attempt).id
    assert (count(AttemptFile), count(Blob)) == (2, 1)


def test_uploads_of_a_question_are_bounded(attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_UPLOADS", 1)
    add(attempt)
    with pytest.raises(LimitReached):
        add(attempt, "other.pdf")


def test_no_files_after_the_end_or_for_other_questions(attempt: Attempt) -> None:
    with pytest.raises(NotFound):
        add(attempt, position=2)
    with pytest.raises(uploads.Over):
        add(attempt, now=NOW + timedelta(hours=1) + GRACE + timedelta(seconds=1))
    attempts.submit(attempt, now=NOW)
    with pytest.raises(uploads.Over):
        add(attempt)


def test_an_answer_names_files_as_they_were_uploaded(cast: Cast, quiz: Quiz, attempt: Attempt) -> None:
    first, second = uploads.document(add(attempt)), uploads.document(add(attempt, "more.png", PNG))
    theirs = uploads.document(add(attempts.start(cast.alice.id, quiz, now=NOW)))

    receipt = answers.save(attempt.id, 1, [{**first, "name": "forged.pdf", "size": 9}], revision=1, now=NOW)
    answers.save(attempt.id, 1, [second, first], revision=2, now=NOW)
    answers.save(attempt.id, 1, [second], revision=3, now=NOW)

    assert (receipt.saved, receipt.hash) == (1, answer_log.digest([first]))
    assert [save.response for save in answer_log.versions(attempt.id, 1)] == [[first], [second, first], [second]]
    for bad in ([theirs], [{**first, "id": "999999"}]):
        with pytest.raises(InvalidInput):
            answers.save(attempt.id, 1, bad, revision=4, now=NOW)


def test_bytes_stay_as_long_as_an_upload_names_them(attempt: Attempt) -> None:
    digest = add(attempt).sha256
    assert not blobs.drop(digest)

    db.session.delete(db.session.get(AttemptFile, add(attempt).id))
    db.session.flush()

    assert blobs.drop(digest)


def put_file(client: FlaskClient, path: str, data: bytes) -> Any:
    headers = {"X-CSRFToken": token(client), "Accept": "application/json"}
    return client.put(path, data=data, headers=headers, content_type="application/octet-stream")


def test_pages_upload_save_and_give_back(client: FlaskClient, cast: Cast, quiz: Quiz) -> None:
    attempt = attempts.start(cast.bob.id, quiz, now=datetime.now(UTC))
    path = f"/attempts/{attempt.id}/items/1"
    sign_in(client, "bob")

    big = put_file(client, f"{path}/files?name=big.pdf", PDF + b"x" * 3_000_000)
    assert big.status_code == 201
    name = "a%22; b%C3%A9.pdf"
    sent = put_file(client, f"{path}/files?name={name}", PDF).get_json()
    assert put_file(client, f"{path}/files?name=x.pdf", b"x" * (MAX_SIZE + 1)).status_code == 422
    assert put_file(client, f"{path}/files", PDF).status_code == 422
    assert put_file(client, f"/attempts/{attempt.id}/items/2/files?name=x.pdf", PDF).status_code == 404
    assert put_json(client, path, {"response": [sent], "revision": 1}).get_json()["saved"] == 1
    assert "aé" not in client.get(f"/attempts/{attempt.id}").text

    got = client.get(f"/attempts/{attempt.id}/files/{sent['id']}")
    assert (got.data, got.mimetype) == (PDF, "application/octet-stream")
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get(f"/attempts/{attempt.id}/files/{10**20}").status_code == 404
    post(client, f"/attempts/{attempt.id}/submit")
    for page in ("result", "versions"):
        assert f"/attempts/{attempt.id}/files/{sent['id']}" in client.get(f"/attempts/{attempt.id}/{page}").text
    post(client, "/logout")
    sign_in(client, "alice")
    assert f"/files/{sent['id']}" in client.get(f"{path}/grade").text
    assert client.get(f"/attempts/{attempt.id}/files/{sent['id']}").data == PDF
