"""Pictures have addresses that nobody can guess, under which anybody gets them, at best from the front door."""

import os
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from extensions import db as database
from models import CourseFile, QuestionVersion, utcnow
from question_types import type_of
from services.courses import files, pictures
from services.errors import NotFound
from services.quizzes import answers, attempts, hints
from tests.factories import Cast, QuizFactory, add_question
from tests.people import sign_in

PNG = b"\x89PNG\r\n\x1a\n and the rest"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 3"><script>alert(1)</script></svg>'
KEY = "a key"


def add_file(cast: Cast, path: str, data: bytes) -> str:
    sha256 = files.store(data)
    row = CourseFile(course_id=cast.course.id, path=path, sha256=sha256, content_type=files.sniff(data))
    database.session.add(row)
    cast.course.version += 1
    database.session.flush()
    return sha256


@pytest.fixture
def address(app: Flask, cast: Cast) -> str:
    """The address of a picture of the course."""
    secret = app.extensions["yurt"].secret_key
    return pictures.PREFIX + pictures.name_of(secret, add_file(cast, "files/a b.svg", SVG), "image/svg+xml")


def test_a_name_is_read_by_the_key_that_made_it_and_by_no_other() -> None:
    name = pictures.name_of(KEY, "0" * 64, "image/png")

    assert pictures.read_name(KEY, name) == ("0" * 64, "image/png")
    for wrong in (name.replace(".png", ".svg"), "1" + name[1:], name.upper(), "../" + name, name + "\n"):
        with pytest.raises(NotFound):
            pictures.read_name(KEY, wrong)
    with pytest.raises(NotFound):
        pictures.read_name("another key", name)


def test_whoever_has_the_address_gets_the_picture_for_ever(client: FlaskClient, address: str) -> None:
    response = client.get(address)

    assert (response.status_code, response.data, response.mimetype) == (200, SVG, "image/svg+xml")
    assert response.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in response.headers
    assert client.get(address, headers={"If-None-Match": response.headers["ETag"]}).status_code == 304


def test_a_picture_is_kept_for_the_door_once_it_was_asked_for(client: FlaskClient, app: Flask, address: str) -> None:
    folder: Path = app.extensions["yurt"].door_dir

    client.get(address)

    kept = folder / address[1:]
    assert kept.read_bytes() == SVG
    assert kept.stat().st_mode & 0o777 == 0o644
    assert sorted(path.name for path in kept.parent.iterdir()) == [kept.name, f"{kept.name}.gz"]
    pictures.forget(kept.parent)
    assert not list(kept.parent.iterdir())


def test_the_folder_is_bounded_and_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_KEPT_BYTES", 25)
    for number, name in enumerate(("b.png", "a.png", "c.png")):
        pictures.keep(tmp_path, name, b"0123456789")
        os.utime(tmp_path / name, (number, number)) if (tmp_path / name).exists() else None

    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "c.png"]


def test_a_folder_that_cannot_be_written_costs_nothing_but_speed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")

    pictures.keep(tmp_path / "file", "a.png", PNG)
    pictures.forget(tmp_path / "file")


def test_an_attempt_shows_the_pictures_of_its_questions_by_these_addresses(
    client: FlaskClient, cast: Cast, address: str
) -> None:
    version = database.session.get_one(QuestionVersion, cast.quiz.questions[0].current_id)
    version.prompt_html = (
        '<p><img src="/courses/shell/files/a%20b.svg" alt="one" width="4" height="3">'
        '<img src="/courses/shell/files/gone.svg" alt="two"><a href="/courses/shell/files/a%20b.svg">it</a></p>'
    )
    sign_in(client, "bob")
    attempt = attempts.start(cast.bob.id, cast.quiz, now=utcnow())

    page = client.get(f"/attempts/{attempt.id}").text

    assert f'<img src="{address}" alt="one" width="4" height="3">' in page
    assert '<img src="/courses/shell/files/gone.svg" alt="two"><a href="/courses/shell/files/a%20b.svg">' in page
    assert client.get("/courses/shell/files/a%20b.svg").data == SVG


def test_the_door_has_the_pictures_of_questions_before_anybody_asks_for_them(
    client: FlaskClient, app: Flask, cast: Cast, address: str
) -> None:
    folder: Path = app.extensions["yurt"].door_dir
    pictures.forget((folder / address[1:]).parent)
    version = database.session.get_one(QuestionVersion, cast.quiz.questions[0].current_id)
    version.prompt_html = '<p><img src="/courses/shell/files/a%20b.svg" alt="one"></p>'
    sign_in(client, "bob")
    attempt = attempts.start(cast.bob.id, cast.quiz, now=utcnow())

    assert address in client.get(f"/attempts/{attempt.id}").text

    assert (folder / address[1:]).read_bytes() == SVG


def test_only_pictures_with_an_address_of_ours_are_given_to_the_door(app: Flask, cast: Cast, tmp_path: Path) -> None:
    sha256 = "0" * 64

    pictures.offer(tmp_path, "key", f'<img src="/pictures/{sha256}-{sha256[:32]}.svg"><img src="/pictures/../a.svg">')
    pictures.offer(tmp_path, "key", f'<img src="/pictures/{pictures.name_of("key", sha256, "image/svg+xml")}">')

    assert not list(tmp_path.iterdir())


IMAGE = '<p><img src="/courses/shell/files/a%20b.svg" alt="one"></p>'
SHELL = "/courses/shell"


@pytest.mark.parametrize(
    ("path", "reader"),
    [
        (SHELL, ""),
        (SHELL, "bob"),
        (f"{SHELL}/lessons/first-words", "bob"),
        (f"{SHELL}/quizzes/first-quiz", "bob"),
        ("/attempts/{attempt}", "bob"),
        ("/attempts/{attempt}/items/1/hints", "bob"),
    ],
)
def test_what_is_read_shows_pictures_by_these_addresses(
    client: FlaskClient, cast: Cast, address: str, path: str, reader: str
) -> None:
    cast.course.about_html = cast.lesson.body_html = cast.quiz.instructions_html = IMAGE
    version = database.session.get_one(QuestionVersion, cast.quiz.questions[0].current_id)
    version.hints = [{"text": "", "html": IMAGE, "price": "0"}]
    attempt = attempts.start(cast.bob.id, cast.quiz, now=utcnow())
    hints.take(attempt.id, 1, 1, now=utcnow())
    if reader:
        sign_in(client, reader)

    page = client.get(path.format(attempt=attempt.id)).text

    assert f'<img src="{address}" alt="one">' in page
    assert "files/a%20b.svg" not in page


def test_a_changed_picture_has_another_address_at_once(client: FlaskClient, cast: Cast, address: str) -> None:
    assert pictures.of_course(cast.course)["files/a b.svg"][0] in address

    row = database.session.get_one(CourseFile, (cast.course.id, "files/a b.svg"))
    row.sha256 = files.store(PNG)
    cast.course.version += 1

    assert pictures.of_course(cast.course)["files/a b.svg"][0] == row.sha256


MAP = "![one](files/a%20b.svg)"
CHOICES = [{"text": f"{MAP} it", "is_correct": True, "feedback": f"see {MAP}"}, {"text": "no"}]
PAIRS = {"pairs": [{"left": MAP, "right": f"Sea {MAP}"}, {"left": "b", "right": "Land"}]}
# A question with pictures, an answer to it, and how many pictures stand in the attempt and in its result.
PICTURED: dict[str, tuple[dict[str, Any], Any, int, int]] = {
    "single": ({"choices": CHOICES}, "a", 1, 2),
    "multiple": ({"choices": [*CHOICES, {"text": "b", "is_correct": True}]}, ["a"], 1, 2),
    "blanks": ({"text": f"{MAP} is {{a}}, [there](files/a%20b.svg)", "blanks": {"a": ["b"]}}, {"a": "b"}, 1, 1),
    "matching": (PAIRS, {}, 2, 3),
    "ordering": ({"items": [MAP, "b", "c"]}, None, 1, 2),
    "truefalse": ({"is_true": True, "feedback_false": MAP}, "false", 0, 1),
}


@pytest.mark.parametrize("kind", PICTURED)
def test_the_texts_of_a_type_show_pictures(client: FlaskClient, cast: Cast, address: str, kind: str) -> None:
    raw, response, asked, shown = PICTURED[kind]
    quiz = QuizFactory(module=cast.quiz.module, slug="pictured", position=9)
    version = add_question(quiz, kind).current
    assert version is not None
    version.spec = type_of(kind).parse(raw)
    sign_in(client, "bob")
    attempt = attempts.start(cast.bob.id, quiz, now=utcnow())

    page = client.get(f"/attempts/{attempt.id}").text
    if kind == "ordering":
        # What is shown is never the right order.
        response = [each["id"] for each in attempt.items[0].frozen["items"]]
    answers.save(attempt.id, 1, response, revision=1, now=utcnow())
    attempts.submit(attempt, now=utcnow())
    result = client.get(f"/attempts/{attempt.id}/result").text

    # As large as an image of these bytes is, so that nothing moves when it arrives.
    image = f'<img src="{address}" alt="one" width="1180" height="885">'
    assert (page.count(image), result.count(image)) == (asked, shown)
    assert 'src="files/' not in page + result
    assert ('href="/courses/shell/files/a%20b.svg"' in page) == (kind == "blanks")


def test_a_list_to_choose_from_has_the_letters_of_the_pictures_above_it(client: FlaskClient, cast: Cast) -> None:
    quiz = QuizFactory(module=cast.quiz.module, slug="pictured", position=9)
    version = add_question(quiz, "matching").current
    assert version is not None
    version.spec = type_of("matching").parse(PAIRS)
    plain = add_question(quiz, "matching").current
    assert plain is not None
    sign_in(client, "bob")
    attempt = attempts.start(cast.bob.id, quiz, now=utcnow())
    order = [right["text"] for right in attempt.items[0].frozen["right"]]

    page = client.get(f"/attempts/{attempt.id}").text

    letter, other = "AB"[order.index(PAIRS["pairs"][0]["right"])], "AB"[order.index("Land")]
    listed = page.partition('<ol class="pair-rights"')[2].partition("</ol>")[0]
    assert (listed.index("Sea <img") < listed.index("Land")) == (letter < other)
    assert page.count(f">{letter}: Sea one</option>") == page.count(f">{other}: Land</option>") == 2
    assert page.count('<ol class="pair-rights"') == 1, "without pictures the lists say everything"


def test_the_picture_of_places_keeps_its_room(client: FlaskClient, cast: Cast, address: str) -> None:
    quiz = QuizFactory(module=cast.quiz.module, slug="pictured", position=9)
    version = add_question(quiz, "hotspot").current
    assert version is not None
    version.spec = {**version.spec, "picture": MAP}
    sign_in(client, "bob")
    attempt = attempts.start(cast.bob.id, quiz, now=utcnow())

    page = client.get(f"/attempts/{attempt.id}").text

    assert f'<img src="{address}" width="1180" height="885" alt=' in page


def test_a_picture_is_read_once_for_all_pages(client: FlaskClient, cast: Cast, address: str) -> None:
    sha256 = pictures.of_course(cast.course)["files/a b.svg"][0]
    statements: list[str] = []

    def note(*told: object) -> None:
        statements.append(str(told[2]))

    pictures.sizes({"one": sha256})
    event.listen(database.engine, "before_cursor_execute", note)
    try:
        sizes = pictures.sizes({"one": sha256, "two": sha256})
    finally:
        event.remove(database.engine, "before_cursor_execute", note)

    assert (sizes, statements) == ({"one": (1180, 885), "two": (1180, 885)}, [])
