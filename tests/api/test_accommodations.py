"""What students get beyond the others, by the API and on the page of the staff."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from extensions import db
from models import Attempt, QuizOverride
from tests.api.conftest import Program, problem
from tests.factories import Cast
from tests.people import sign_in, token

QUIZ = "/courses/shell/quizzes/first-quiz"
NOT_WHOLE = ["5", 1.5, True, [], {}, None, -1, -(2**63), 2**63, "", "x", "\x00", [1], {"a": 1}]
BAD: list[tuple[str, str, Any]] = [
    *(("accommodation", "time_percent", value) for value in [*NOT_WHOLE, 0, 99, 1001]),
    *(("accommodation", "extra_minutes", value) for value in [*NOT_WHOLE, 10_081]),
    *(("accommodation", "break_minutes", value) for value in [*NOT_WHOLE, 10_081]),
    *(("accommodation", "extra_attempts", value) for value in [*NOT_WHOLE, 1_001]),
    *(("override", "extra_minutes", value) for value in [*NOT_WHOLE, 10_081]),
    *(("override", "extra_attempts", value) for value in [*NOT_WHOLE, 1_001]),
    *(
        ("override", name, value)
        for name in ("opens_at", "due_at", "closes_at")
        for value in [0, "x", "2026-03-02", []]
    ),
]


def path(cast: Cast, kind: str) -> str:
    whose = cast.bob.id
    return (
        f"/courses/shell/enrolments/{whose}/accommodation" if kind == "accommodation" else f"{QUIZ}/overrides/{whose}"
    )


@pytest.mark.parametrize(("kind", "name", "value"), BAD, ids=str)
def test_what_cannot_be_granted_is_refused_by_its_name(
    alice: Program, cast: Cast, kind: str, name: str, value: Any
) -> None:
    assert problem(alice.put(path(cast, kind), {name: value}), 422)["errors"][0]["field"] == name


def test_the_staff_give_and_read_it(alice: Program, bob: Program, cast: Cast) -> None:
    given = alice.put(path(cast, "accommodation"), {"time_percent": 150}).get_json()
    own = alice.put(path(cast, "override"), {"extra_minutes": 5, "closes_at": "2026-03-02T09:00:00Z"}).get_json()
    cleared = alice.put(path(cast, "override"), {"closes_at": None}).get_json()

    assert given == {
        "time_percent": 150,
        "extra_minutes": 0,
        "break_minutes": 0,
        "extra_attempts": 0,
        "idle_percent": 100,
    }
    assert alice.get(path(cast, "accommodation")).get_json() == given
    assert (own["closes_at"], cleared["closes_at"], cleared["extra_minutes"]) == ("2026-03-02T09:00:00Z", None, 5)
    for kind in ("accommodation", "override"):
        problem(bob.get(path(cast, kind)), 403)
        problem(alice.get(path(cast, kind).replace(str(cast.bob.id), "999999")), 404)


def test_a_student_is_told_the_terms_that_hold_for_them(
    client: FlaskClient, bob: Program, alice: Program, cast: Cast
) -> None:
    cast.quiz.time_limit_s, cast.quiz.attempts_allowed = 3600, 1
    db.session.flush()
    alice.put(path(cast, "accommodation"), {"time_percent": 150, "extra_attempts": 1})

    shown = bob.get(QUIZ).get_json()
    sign_in(client, "bob")

    assert (shown["time_limit_s"], shown["attempts_left"], shown["your_time_limit_s"]) == (3600, 2, 5400)
    assert "1 hour 30 minutes" in client.get(QUIZ).text


def test_an_open_page_is_told_the_new_end(client: FlaskClient, alice: Program, bob: Program, cast: Cast) -> None:
    cast.quiz.time_limit_s = 3600
    db.session.flush()
    attempt = bob.post(f"{QUIZ}/attempts").get_json()
    sign_in(client, "bob")
    before = client.get(f"/attempts/{attempt['id']}/answers").get_json()["deadline_at"]

    alice.put(path(cast, "override"), {"extra_minutes": 10})

    after = client.get(f"/attempts/{attempt['id']}/answers").get_json()["deadline_at"]
    assert before < after == db.session.get_one(Attempt, attempt["id"]).deadline_at.isoformat()


def test_the_page_saves_the_profile_and_an_override(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "alice")
    page, headers = f"/courses/shell/people/{cast.bob.id}/accommodations", {"X-CSRFToken": token(client)}

    first = client.post(page, data={"time_percent": "150", "extra_minutes": "5"}, headers=headers)
    second = client.post(f"{page}/first-quiz", data={"extra_minutes": "7"}, headers=headers)
    shown = client.get(page).text

    assert (first.status_code, second.status_code) == (302, 302)
    assert 'name="time_percent" value="150"' in shown
    assert db.session.get_one(QuizOverride, (cast.quiz.id, cast.bob.id)).extra_minutes == 7
    assert "differs" in shown


@pytest.mark.parametrize(
    ("where", "typed", "said"),
    [
        ("", {"time_percent": "99"}, "must be at least 100"),
        ("", {"extra_minutes": "x"}, "This must be a whole number."),
        ("/first-quiz", {"extra_minutes": "-1"}, "must be at least 0"),
        ("/first-quiz", {"opens_at": "soon"}, "This isn’t a time."),
        ("/first-quiz", {"opens_at": "2026-03-02T09:00", "closes_at": "2026-03-02T08:00"}, "Must be after opens_at"),
    ],
)
def test_the_page_names_what_it_cannot_save(
    client: FlaskClient, cast: Cast, where: str, typed: dict[str, str], said: str
) -> None:
    sign_in(client, "alice")
    page = f"/courses/shell/people/{cast.bob.id}/accommodations{where}"

    answer = client.post(page, data=typed, headers={"X-CSRFToken": token(client)})

    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{next(iter(typed.values()))}"' in answer.text
