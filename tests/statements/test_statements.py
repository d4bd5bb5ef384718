"""Results as xAPI statements: shaped as version 1.0.3 asks, of the time that is asked for, with or without names."""

import json
import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft201909Validator

from extensions import db
from models import utcnow
from services.courses import progress
from services.quizzes import answers, attempts
from services.statements import reading, shapes
from tests.factories import RIGHT, Cast, run_lab
from tests.gradebook.classes import add_students
from tests.people import sign_in

IRI = {"type": "string", "pattern": r"^https?://\S+$"}
UUID = {"type": "string", "pattern": r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
MAP = {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}}


def thing(required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required.split(), "properties": properties, "additionalProperties": False}


ACTIVITY = thing(
    "objectType id definition",
    objectType={"const": "Activity"},
    id=IRI,
    definition=thing("name type", name=MAP, type=IRI),
)
SCORE = thing(
    "scaled raw min max",
    scaled={"type": "number", "minimum": -1, "maximum": 1},
    raw={"type": "number"},
    min={"type": "number"},
    max={"type": "number"},
)
# What the specification (1.0.3, Data, 2.2 and 2.4) asks of the parts that we write, in our own words.
STATEMENT = thing(
    "id actor verb object context timestamp version",
    id=UUID,
    actor=thing(
        "objectType account",
        objectType={"const": "Agent"},
        name={"type": "string"},
        account=thing("homePage name", homePage=IRI, name={"type": "string", "minLength": 1}),
    ),
    verb=thing("id display", id=IRI, display=MAP),
    object=ACTIVITY,
    result=thing(
        "",
        score=SCORE,
        success={"type": "boolean"},
        completion={"type": "boolean"},
        duration={"type": "string", "pattern": r"^PT\d+(\.\d{1,2})?S$"},
    ),
    context=thing(
        "contextActivities platform language",
        registration=UUID,
        platform={"type": "string"},
        language={"type": "string", "pattern": r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"},
        contextActivities=thing(
            "grouping", parent={"type": "array", "items": ACTIVITY}, grouping={"type": "array", "items": ACTIVITY}
        ),
    ),
    timestamp={"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"},
    version={"const": "1.0.3"},
)


@pytest.fixture
def done(cast: Cast) -> dict[str, Any]:
    """Bob has read a lesson, handed a quiz in, and passed a check; alice, who teaches, has tried the lesson."""
    now = utcnow()
    progress.complete_lesson(cast.bob.id, cast.lesson, now=now)
    progress.complete_lesson(cast.alice.id, cast.lesson, now=now)
    attempt = attempts.start(cast.bob.id, cast.quiz, now=now - timedelta(minutes=10))
    for item in attempt.items:
        answers.save(attempt.id, item.position, RIGHT[item.version.kind], revision=1, now=now)
    attempts.submit(attempt, now=now)
    session = run_lab(cast.bob, cast.lab, now - timedelta(hours=1))
    session.state, session.reason, session.ended_at = "ended", "user", now
    db.session.flush()
    insert = "INSERT INTO check_runs (session_id, check_id, state, output, requested_at, finished_at)"
    values = {"session": session.id, "check": cast.check.id, "now": now}
    db.session.execute(db.text(f"{insert} VALUES (:session, :check, 'passed', '', :now, :now)"), values)
    db.session.commit()
    return {"attempt": attempt.id, "now": now}


def lines(client: FlaskClient, query: str = "") -> list[dict[str, Any]]:
    return [json.loads(line) for line in client.get(f"/courses/shell/statements/file{query}").text.splitlines()]


def test_each_statement_is_what_the_specification_asks_for(client: FlaskClient, done: dict[str, Any]) -> None:
    sign_in(client, "alice")

    found = lines(client)

    validator = Draft201909Validator(STATEMENT)
    for statement in found:
        validator.validate(statement)
        said = statement.get("result", {}).get("score")
        assert said is None or said["min"] <= said["raw"] <= said["max"]
        assert str(uuid.UUID(statement["id"])) == statement["id"]
    verbs = [statement["verb"]["id"].rsplit("/")[-1] for statement in found]
    assert verbs == ["completed", "attempted", "passed", "launched", "terminated", "passed"]
    assert {statement["actor"]["account"]["name"] for statement in found} == {"bob"}, (
        "the staff's own trying isn't told"
    )
    assert found[2]["result"]["score"]["scaled"] == 1 and found[2]["result"]["duration"] == "PT600.00S"
    assert found[1]["context"]["registration"] == found[2]["context"]["registration"]
    assert found[5]["context"]["contextActivities"]["parent"][0]["id"].endswith("/labs/first-lab")


def test_a_file_again_has_the_same_statements(client: FlaskClient, done: dict[str, Any]) -> None:
    sign_in(client, "alice")

    as_array = json.loads(client.get("/courses/shell/statements/file?format=json").text)

    assert as_array == lines(client) == lines(client)
    assert len({statement["id"] for statement in as_array}) == len(as_array)


def test_pseudonyms_tell_no_names_and_stay_the_same(client: FlaskClient, done: dict[str, Any]) -> None:
    sign_in(client, "alice")

    found = lines(client, "?pseudonymous=y")

    (account,) = {statement["actor"]["account"]["name"] for statement in found}
    assert re.fullmatch("[0-9a-f]{32}", account)
    assert not re.search("bob", json.dumps(found), re.IGNORECASE)
    assert all("name" not in statement["actor"] for statement in found)
    assert not {statement["id"] for statement in found} & {statement["id"] for statement in lines(client)}
    assert found == lines(client, "?pseudonymous=y")


def test_a_span_holds_what_happened_in_it_alone(cast: Cast, done: dict[str, Any]) -> None:
    frame = shapes.Frame("Yurt", "https://learn.example.org", cast.course.id, "shell", "Shell", "en")
    now = done["now"]

    before = list(reading.statements(frame, reading.Span(until=now)))
    since = list(reading.statements(frame, reading.Span(since=now)))

    assert [statement["verb"]["display"]["en-US"] for statement in before] == ["attempted", "launched"]
    assert len(since) == 4
    assert list(reading.statements(frame, reading.Span(since=now, until=now))) == []


def test_many_students_are_read_part_by_part(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    add_students(cast.course, 7)
    db.session.execute(
        db.text(
            "INSERT INTO completions (user_id, activity_id, completed_at) SELECT user_id, :lesson, now()"
            " FROM enrolments WHERE course_id = :course AND role = 'student'"
        ),
        {"lesson": cast.lesson.id, "course": cast.course.id},
    )
    frame = shapes.Frame("Yurt", "https://learn.example.org", cast.course.id, "shell", "Shell", "en")
    whole = list(reading.statements(frame, reading.Span()))
    monkeypatch.setattr(reading, "CHUNK", 2)

    assert len(whole) == 8
    assert list(reading.statements(frame, reading.Span())) == whole


def test_what_is_no_day_asks_for_all_and_days_hold_both_ends(client: FlaskClient, done: dict[str, Any]) -> None:
    sign_in(client, "alice")
    today = (done["now"]).date().isoformat()

    assert lines(client, "?since=never&until=9999-12-31") == lines(client)
    assert len(lines(client, f"?since={today}&until={today}")) >= 4
    assert lines(client, "?until=1999-01-01") == []
    assert "Download" in client.get("/courses/shell/statements").text
