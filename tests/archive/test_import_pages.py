"""The pages of courses as files: one is sent, what it would do is shown, and done once somebody says so."""

import io
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from extensions import db
from models import Course, Enrolment, Quiz, utcnow
from scheduler.ticks.imports import importer
from services.archive import imports
from services.quizzes import attempts
from tests.archive.folders import with_line
from tests.archive.zipped import packed, with_entry
from tests.factories import Cast
from tests.people import post, sign_in

PAGE = "/course-imports"
WORDS = "basics/words.md"
Work = Callable[[], bool]


@pytest.fixture
def work(app: Flask) -> Work:
    """The scheduler's part."""
    return importer(app.extensions["yurt_redis"], lambda: None)


@pytest.fixture
def alice(client: FlaskClient, cast: Cast) -> FlaskClient:
    sign_in(client, "alice")
    return client


def send(client: FlaskClient, data: bytes) -> TestResponse:
    return post(client, PAGE, file=(io.BytesIO(data), "course.zip"))


def apply(client: FlaskClient, address: str) -> TestResponse:
    found = re.search(r'name="digest" value="([0-9a-f]+)"', client.get(address).text)
    assert found
    return post(client, f"{address}/apply", digest=found[1])


def tiny() -> Course | None:
    return db.session.scalar(select(Course).where(Course.slug == "tiny"))


def test_a_course_is_sent_looked_at_and_made(alice: FlaskClient, cast: Cast, work: Work) -> None:
    sent = send(alice, packed())
    waiting = alice.get(sent.location).text
    work()
    shown = alice.get(sent.location).text
    before = tiny()
    agreed = apply(alice, sent.location)
    work()
    done = alice.get(agreed.location).text

    assert sent.status_code == agreed.status_code == 302
    assert "data-waits" in waiting
    assert "data-waits" not in shown
    assert "A new course is made, which you teach." in shown
    assert '<strong class="moving-name">words</strong> · Lesson' in shown
    assert before is None
    assert 'href="/courses/tiny"' in done
    assert tiny() is not None
    assert "/courses/tiny/archive" in alice.get(PAGE).text


def test_what_changes_whose_work_is_touched_and_what_was_edited_here_is_shown(
    alice: FlaskClient, cast: Cast, work: Work
) -> None:
    apply_all(alice, work, packed())
    quiz = db.session.scalars(select(Quiz).where(Quiz.slug == "quiz")).one()
    quiz.title = "Edited here"
    db.session.add(Enrolment(course_id=quiz.course_id, user_id=cast.bob.id, role="student"))
    attempts.start(cast.bob.id, quiz, now=utcnow())
    db.session.commit()
    other = with_line("basics/module.yaml", "[words, quiz, lab]", "[words, quiz]")
    gone: dict[str, str | bytes | None] = {
        f"basics/lab.lab/{name}": None for name in ("lab.yaml", "setup.sh", "solution.sh", "checks/done.sh")
    }
    gone |= {f"basics/lab.lab/{name}/1-look.md": None for name in ("steps", "solutions")}

    sent = send(alice, packed({**other, **gone, **with_line(WORDS, "minutes: 5", "minutes: 6")}))
    work()
    shown = alice.get(sent.location).text

    assert "1 part was edited on the site since the last import." in shown
    assert re.search(
        r"quiz</strong> · Quiz</span></td>\s+<td[^>]+><span><span[^>]+>Changed</span> <span[^>]+>edited", shown
    )
    assert re.search(r"lab</strong> · Lab</span></td>\s+<td[^>]+><span><span[^>]+>Out of sight</span>", shown)
    assert '<strong class="moving-name">quiz quiz</strong>: 1 person · 1 attempt (1 open)' in shown


def apply_all(client: FlaskClient, work: Work, data: bytes) -> None:
    sent = send(client, data)
    work()
    apply(client, sent.location)
    work()


def test_a_hostile_file_is_refused_with_the_name_of_what_is_wrong(alice: FlaskClient, work: Work) -> None:
    sent = send(alice, with_entry("../../etc/passwd"))
    work()
    shown = alice.get(sent.location).text

    assert "Nothing has changed: one thing is wrong with the file." in shown
    assert "<code>../../etc/passwd</code>" in shown
    assert "leads out of the course" in shown


def test_a_course_that_was_changed_meanwhile_is_left_alone(alice: FlaskClient, work: Work) -> None:
    apply_all(alice, work, packed())
    sent = send(alice, packed(with_line(WORDS, "minutes: 5", "minutes: 6")))
    work()
    course = tiny()
    assert course is not None
    course.title = "Another"
    db.session.commit()

    refused = apply(alice, sent.location)

    assert refused.status_code == 409
    assert "Nothing has changed. The course was changed since this preview" in refused.text


def test_no_file_and_too_large_a_file_are_told_on_the_page(alice: FlaskClient) -> None:
    none = post(alice, PAGE)
    large = send(alice, b"0" * (imports.MAX_ZIP + 1))
    larger = send(alice, b"0" * (imports.MAX_ZIP + 2**20))

    assert (none.status_code, large.status_code, larger.status_code) == (422, 422, 413)
    assert "choose a file" in none.text
    assert "must be at most 10 MB" in large.text


def test_an_import_is_its_senders_alone(alice: FlaskClient, app: Flask, work: Work) -> None:
    sent = send(alice, packed())
    work()
    dana = app.test_client()
    sign_in(dana, "dana")

    assert dana.get(sent.location).status_code == 404


def test_a_course_goes_home_and_comes_back_without_a_change(alice: FlaskClient, work: Work) -> None:
    apply_all(alice, work, packed())
    file = alice.get("/courses/tiny/archive")

    sent = send(alice, file.data)
    work()

    assert file.headers["Content-Disposition"] == "attachment; filename=tiny.zip"
    assert "The course is what the file says already." in alice.get(sent.location).text
