"""Authors' short texts with Markdown marks: every page shows them without the marks, the API as they were written."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from blueprints.labs import timeline_words
from extensions import db as database
from models import Mail, utcnow
from question_types import type_of
from services import timelines
from services.accounts import tokens
from services.idleness.mail import warn
from services.idleness.rules import Verdict
from services.labs import hopeless, sessions
from services.quizzes import attempts
from tests.factories import Cast, LabFactory, add_question, run_lab
from tests.people import post, sign_in

LINK = re.compile(r'href="(/(?!api/|static/)[^"#]*)')
# What a reader sees of `marked`, in HTML and where there is none.
RAW = re.compile(r"\*[A-Z]|[a-z]\*|`|\\_")


def marked(word: str) -> str:
    """Return a title with emphasis, code, a name with underscores, a pattern and an escape."""
    return f"*{word.title()}* `cp *.txt` snake_case a_b_ ~/*.md 2\\_3"


@pytest.fixture
def cast(cast: Cast) -> Cast:
    rows = {"course": cast.course, "module": cast.lesson.module, "lesson": cast.lesson, "quiz": cast.quiz}
    rows |= {"lab": cast.lab, "step": cast.check.step, "check": cast.check}
    rows["other"] = LabFactory(module=cast.lesson.module, slug="other-lab", position=4)
    for word, row in rows.items():
        row.title = marked(word)
        if hasattr(row, "summary"):
            row.summary = marked(f"{word}summary")
    choices = [
        {"text": marked("choice"), "is_correct": True, "feedback": marked("note")},
        {"text": marked("wrongchoice"), "feedback": marked("wrongnote")},
    ]
    add_question(cast.quiz, "single").current.spec = type_of("single").parse({"choices": choices})
    cast.quiz.pass_percent = 0
    now = utcnow()
    running = run_lab(cast.bob, cast.lab, now, expires_at=now)
    timelines.note(running.id, "check_failed", now, check=cast.check.title, check_id=cast.check.id)
    timelines.note(running.id, "solution_shown", now, title=cast.check.step.title)
    attempt = attempts.start(cast.bob.id, cast.quiz, now=now)
    attempts.submit(attempt, now=now)
    database.session.commit()
    return cast


def walk(client: FlaskClient) -> dict[str, str]:
    """Return what every page shows that links lead to."""
    shown: dict[str, str] = {}
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        if path in shown:
            continue
        response = client.get(path)
        shown[path] = response.text if response.mimetype == "text/html" else ""
        waiting += [link.replace("&amp;", "&") for link in LINK.findall(shown[path])]
    return shown


def raw(pages: dict[str, str]) -> list[tuple[str, str]]:
    """Return where marks are left; scripts' own words are no authors', and authors edit what they wrote."""
    texts = {
        path: re.sub(r"(?s)<(script|pre|textarea)\b.*?</\1>|<code>.*?</code>", "", text) for path, text in pages.items()
    }
    return [
        (path, text[max(0, found.start() - 60) : found.end() + 30])
        for path, text in texts.items()
        for found in RAW.finditer(text.replace("~/*.md", ""))
    ]


@pytest.mark.parametrize("name", ["nobody", "bob", "alice", "dana"])
def test_no_page_shows_the_marks_of_a_title(client: FlaskClient, cast: Cast, name: str) -> None:
    if name != "nobody":
        sign_in(client, name)

    pages = walk(client)

    assert raw(pages) == []
    title = "<em>Course</em> <code>cp *.txt</code> snake_case a_b_ ~/*.md 2_3"
    assert title in pages["/courses/shell"]
    assert name == "nobody" or any("/lab" in path for path in pages)
    assert "<title>Course cp *.txt snake_case a_b_ ~/*.md 2_3 · " in pages["/courses/shell"]


def test_the_page_of_an_attempt_and_what_is_said_show_no_marks(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "bob")

    started = post(client, "/courses/shell/quizzes/first-quiz/attempts")
    attempt = client.get(started.headers["Location"])
    left = post(client, "/courses/shell/leave")
    said = client.get(left.headers["Location"]).text
    code = post(client, "/enrol", code="yurt-2026")
    welcome = client.get(code.headers["Location"]).text

    assert "<em>Choice</em>" in attempt.text
    assert "You have left “Course cp *.txt snake_case" in said
    assert "Welcome to “Course cp *.txt snake_case" in welcome
    assert raw({"attempt": attempt.text}) == []


def test_a_timeline_a_board_and_mails_show_no_marks(app: Flask, client: FlaskClient, cast: Cast) -> None:
    session = sessions.latest(cast.bob.id, cast.lab.id)
    assert session is not None
    now = utcnow().replace(year=2100)
    warn(session, Verdict("warn", "idle", now), {"input_min": 118}, "http://localhost", utcnow())
    hopeless.tell_teachers(cast.lab, "driver", "http://localhost", utcnow())
    database.session.commit()
    with app.test_request_context():
        words = [line["words"] for line in timeline_words.lines(timelines.of(session.id))]
    mails = database.session.scalars(select(Mail)).all()

    assert len(mails) == 2
    assert {line for line in words if "*" in line.replace("*.txt", "").replace("*.md", "")} == set()
    assert any("Check cp *.txt snake_case" in line for line in words)
    for mail in mails:
        text = f"{mail.subject}\n{mail.body_text}"
        assert "Lab cp *.txt snake_case" in text
        assert "*Lab" not in text
        assert "`" not in mail.subject


def test_the_api_gives_titles_as_they_were_written(client: FlaskClient, cast: Cast) -> None:
    _row, token = tokens.issue(cast.bob.id, name="reads", scopes=["read"], days=9, now=utcnow())
    database.session.commit()
    headers = {"Authorization": f"Bearer {token}"}

    course = client.get("/api/v1/courses/shell", headers=headers).json
    described = client.get("/api/v1/openapi.json").json["components"]["schemas"]

    assert course["title"] == marked("course")
    assert course["modules"][0]["activities"][0]["title"] == marked("lesson")
    told = [name for name, each in described.items() if "title" in each.get("properties", {}) and "Problem" not in name]
    assert told
    assert [name for name in told if "Markdown" not in described[name]["properties"]["title"]["description"]] == []
