"""When and how a quiz is taken: told to students, changed by teachers, on the page and by the API."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from extensions import db
from models import Quiz, utcnow
from services.archive.content import QuizContent
from services.archive.export import collect
from services.quizzes import attempts
from tests.api.conftest import Program, problem
from tests.factories import Cast
from tests.people import sign_in, token
from tests.quizzes.test_scores import take
from tests.regrades.classes import completed, ledger

QUIZ = "/courses/shell/quizzes/first-quiz"
SETTINGS = f"{QUIZ}/settings"
DUE = "2026-03-09T18:00:00Z"
NOT_TIMES = ["tomorrow", "", " ", "2026-03-02", "2026-03-02T09:00", "2026-13-01T00:00:00Z", "1999-01-01T00:00:00Z"]
NOT_TIMES_EITHER = ["2200-01-01T00:00:00Z", 0, 1.5, True, [], {}, "9" * 400, "\x00", "2026-03-02T25:00:00Z", "-1"]
NOT_MINUTES = [-1, 525_601, 1.5, "5", True, [], {}, None, 2**63, -(2**63), "\x00"]
NOT_PASSWORDS = [1, 1.5, True, [], {}, None, "x" * 101, "a\nb", "a\x00b", "\u202ea", ["a"]]
NOT_STEPS = [
    *(1, "x", True, {}, [1], ["x"], [[]], [{}], [{"hours": 1}], [{"percent": 1}], [{"hours": 0, "percent": 1}]),
    *([{"hours": 1, "percent": -1}], [{"hours": 1, "percent": 101}], [{"hours": 8761, "percent": 1}]),
    *([{"hours": 1.5, "percent": 1}], [{"hours": "1", "percent": 1}], [{"hours": True, "percent": 1}]),
    *([{"hours": 1, "percent": 1, "days": 1}], [{"hours": 2, "percent": 5}, {"hours": 1, "percent": 4}]),
    *([{"hours": 1, "percent": 5}, {"hours": 2, "percent": 6}], [{"hours": 1, "percent": 5}] * 2),
    *([{"hours": each, "percent": 1} for each in range(1, 12)], [None], [{"hours": None, "percent": None}]),
]
NOT_REQUIREMENTS = [
    *(1, "x", True, {}, [1], ["x"], [{}], [{"lesson": ""}], [{"lesson": "none"}], [{"lesson": "first-lab"}]),
    *([{"lesson": "first-words", "quiz": "x"}], [{"lesson": "first-words", "percent": 5}], [{"quiz": "first-quiz"}]),
    *([{"lab": "first-lab", "check": "none"}], [{"lesson": "first-words", "check": "check-1"}], [{"check": "check-1"}]),
    *([{"lesson": 1}], [{"lesson": "First Words"}], [{"lesson": "x" * 61}], [{"lesson": "a--b"}], [{"percent": 5}]),
    *([{"quiz": "first-quiz", "percent": 101}], [{"quiz": "first-quiz", "percent": "5"}], [{"lesson": "../x"}]),
    *(
        [{"lesson": "first-words"}] * 11,
        [None],
        [{"lesson": None}],
        [{"wrong": "first-words"}],
        [[]],
        [{"lab": "\x00"}],
    ),
]
NOT_WHEN = ["later", "", "Submitted", 1, True, [], {}, None, "submitted ", "closed\n"]
BAD: list[tuple[str, Any]] = [
    *((name, value) for name in ("opens_at", "due_at", "closes_at") for value in NOT_TIMES[:1] + NOT_TIMES[3:]),
    *((name, value) for name in ("opens_at", "due_at", "closes_at") for value in NOT_TIMES_EITHER),
    *(("cooldown_minutes", value) for value in NOT_MINUTES),
    *(("password", value) for value in NOT_PASSWORDS),
    *(("late_credit", value) for value in NOT_STEPS),
    *(("requires", value) for value in NOT_REQUIREMENTS),
    *((f"reveal_{name}", value) for name in ("score", "answer") for value in NOT_WHEN),
    *((name, value) for name in ("time_limit_s", "attempts_allowed") for value in (0, -1, 1.5, "5", True, [], 2**63)),
    *(("points", value) for value in (-1, 10_001, 1.5, "5", True, [], {}, None, 2**63, "\x00")),
    *(("pass_percent", value) for value in (-1, 101, 1.5, "5", True, [], {}, None, 2**63)),
    *(("counts", value) for value in ("worst", "", "Best", "last ", 1, True, [], {}, None, "\x00")),
]


@pytest.mark.parametrize(("name", "value"), BAD, ids=str)
def test_what_cannot_be_a_setting_is_refused_by_its_name(alice: Program, cast: Cast, name: str, value: Any) -> None:
    cast.quiz.due_at = datetime(2026, 3, 9, 18, tzinfo=UTC)
    db.session.flush()

    told = problem(alice.put(SETTINGS, {name: value}), 422)

    assert told["errors"][0]["field"].split(".")[0] == name
    assert alice.get(SETTINGS).get_json()["cooldown_minutes"] == 0


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"opens_at": DUE, "closes_at": DUE}, "closes_at"),
        ({"closes_at": "2026-03-08T18:00:00Z", "due_at": DUE}, "due_at"),
        ({"opens_at": "2026-03-10T18:00:00Z", "due_at": DUE}, "due_at"),
        ({"late_credit": [{"hours": 1, "percent": 5}]}, "late_credit"),
        ({"reveal_score": "closed"}, "reveal_score"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_what_does_not_go_together_is_refused(alice: Program, given: dict[str, Any], field: str) -> None:
    assert problem(alice.put(SETTINGS, given), 422)["errors"][0]["field"] == field


def test_teachers_change_what_they_give_and_the_rest_stays(alice: Program, bob: Program, cast: Cast) -> None:
    version = cast.course.version
    given = {
        "due_at": "2026-03-09T20:00:00+02:00",
        "late_credit": [{"hours": 168, "percent": 80}],
        "requires": [{"lesson": "first-words"}, {"lab": "first-lab", "check": "check-1"}],
        "password": "sesame",
    }

    changed = alice.put(SETTINGS, given).get_json()
    again = alice.put(SETTINGS, {"cooldown_minutes": 30}).get_json()

    assert changed == {**alice.get(SETTINGS).get_json(), "cooldown_minutes": 0}
    assert again == {**changed, "cooldown_minutes": 30}
    assert (again["due_at"], again["late_credit"], again["requires"]) == (DUE, given["late_credit"], given["requires"])
    assert cast.course.version == version + 2
    shown = bob.get(QUIZ).get_json()
    assert (shown["due_at"], shown["needs_password"], "password" in shown) == (DUE, True, False)
    problem(bob.get(SETTINGS), 403)


def test_what_attempts_earn_is_changed_by_the_api_and_the_export_tells_the_same(alice: Program, cast: Cast) -> None:
    take(cast, right=1)
    version, given = cast.course.version, {"counts": "last", "points": 40, "pass_percent": 25}

    changed = alice.put(SETTINGS, given).get_json()

    assert {name: changed[name] for name in given} == given
    assert changed == alice.get(SETTINGS).get_json()
    assert cast.course.version == version + 1
    assert (ledger(cast.quiz), completed(cast.quiz)) == ({cast.bob.id: 10}, {cast.bob.id})
    db.session.expire_all()
    activities = collect(cast.course).modules[0].activities
    told = next(each for each in activities if each.slug == "first-quiz" and isinstance(each, QuizContent))
    assert {name: getattr(told, name) for name in given} == given


def test_what_attempts_earn_is_changed_on_the_page_which_says_what_that_does(client: FlaskClient, cast: Cast) -> None:
    take(cast, right=1)
    sign_in(client, "alice")
    page = client.get(SETTINGS).text
    fields = form_of(page) | {"counts": "average", "points": "40", "pass_percent": "20"}

    saved = client.post(SETTINGS, data=fields, headers={"X-CSRFToken": token(client)})
    again = form_of(client.get(SETTINGS).text)

    assert "A change here also holds for attempts that are graded." in page
    assert saved.status_code == 302
    assert (again["counts"], again["points"], again["pass_percent"]) == ("average", "40", "20")
    assert (ledger(cast.quiz), completed(cast.quiz)) == ({cast.bob.id: 10}, {cast.bob.id})


def test_a_page_that_was_open_before_it_had_these_fields_changes_none_of_them(client: FlaskClient, cast: Cast) -> None:
    cast.quiz.points, cast.quiz.counts, cast.quiz.pass_percent = 33, "first", 77
    db.session.flush()
    sign_in(client, "alice")

    saved = client.post(SETTINGS, data={"password": "sesame"}, headers={"X-CSRFToken": token(client)})

    quiz = db.session.get_one(Quiz, cast.quiz.id)
    assert (saved.status_code, quiz.password) == (302, "sesame")
    assert (quiz.points, quiz.counts, quiz.pass_percent) == (33, "first", 77)


def test_a_setting_is_taken_away_by_null(alice: Program) -> None:
    alice.put(SETTINGS, {"due_at": DUE})

    assert alice.put(SETTINGS, {"due_at": None}).get_json()["due_at"] is None


def test_a_student_is_told_why_they_cannot_start_and_from_when_on_they_can(bob: Program, cast: Cast) -> None:
    cast.quiz.opens_at = opens_at = (utcnow() + timedelta(hours=1)).replace(microsecond=0)
    db.session.flush()

    shown = bob.get(QUIZ).get_json()
    refused = problem(bob.post(f"{QUIZ}/attempts"), 409)

    assert (shown["can_start"], shown["reasons"][0]["code"]) == (False, "quiz_not_open")
    assert datetime.fromisoformat(shown["possible_at"]) == opens_at
    assert (refused["reason"]["code"], datetime.fromisoformat(refused["possible_at"])) == ("quiz_not_open", opens_at)
    assert refused["detail"] == "This quiz isn’t open yet."


def test_all_that_is_missing_is_told_at_once(bob: Program, cast: Cast) -> None:
    cast.quiz.requires = [{"lesson": "first-words"}, {"lab": "first-lab", "check": "check-1"}]
    db.session.flush()

    refused = problem(bob.post(f"{QUIZ}/attempts"), 409)

    assert refused["reason"]["code"] == "several"
    assert [each["code"] for each in bob.get(QUIZ).get_json()["reasons"]] == ["requires_done", "requires_check"]


def test_the_password_is_sent_with_the_start(bob: Program, cast: Cast) -> None:
    cast.quiz.password = "sesame"
    db.session.flush()

    assert problem(bob.post(f"{QUIZ}/attempts"), 409)["reason"]["code"] == "quiz_password_needed"
    wrong = problem(bob.post(f"{QUIZ}/attempts", {"password": "Sesame"}), 422)
    assert wrong["errors"][0]["field"] == "password"
    assert bob.post(f"{QUIZ}/attempts", {"password": "sesame"}).status_code == 201
    assert bob.post(f"{QUIZ}/attempts").status_code == 201  # going on


def test_passwords_that_are_tried_are_counted(bob: Program, cast: Cast) -> None:
    cast.quiz.password = "sesame"
    db.session.flush()

    statuses = [bob.post(f"{QUIZ}/attempts", {"password": str(number)}).status_code for number in range(11)]

    assert statuses == [422] * 10 + [429]


def form_of(page: str) -> dict[str, str]:
    """Return what a browser would send of the page's form."""
    fields = dict(re.findall(r'<input class="input[^>]*? name="([^"]+)"[^>]*? value="([^"]*)"', page))
    for name, options in re.findall(r'<select[^>]*? name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.findall(r'<option value="([^"]*)" selected', options)
        fields[name] = chosen[0] if chosen else re.findall(r'<option value="([^"]*)"', options)[0]
    fields["seen"] = unescape(re.findall(r'name="seen" value="([^"]*)"', page)[0])
    return fields


def test_the_page_shows_and_saves_settings_in_the_teachers_own_time(client: FlaskClient, cast: Cast) -> None:
    cast.alice.time_zone = "Europe/Berlin"
    db.session.flush()
    sign_in(client, "alice")
    fields = form_of(client.get(SETTINGS).text)
    fields |= {"opens_at": "2026-07-01T09:00", "due_at": "2026-07-08T09:00", "time_limit_minutes": "1.5"}
    fields |= {"late_hours-0": "24", "late_percent-0": "50", "requires-0": "lesson:first-words", "password": "sesame"}

    saved = client.post(SETTINGS, data=fields, headers={"X-CSRFToken": token(client)})
    again = form_of(client.get(SETTINGS).text)

    assert saved.status_code == 302
    quiz = db.session.get_one(Quiz, cast.quiz.id)
    assert (quiz.opens_at, quiz.time_limit_s) == (datetime(2026, 7, 1, 7, 0, tzinfo=UTC), 90)
    assert (quiz.late_credit, quiz.requires) == ([{"hours": 24, "percent": 50}], [{"lesson": "first-words"}])
    assert (fields.pop("seen"), again.pop("seen")) != ("", "")
    assert {name: value for name, value in fields.items() if value} == {
        name: value for name, value in again.items() if value
    }


def test_the_page_changes_what_was_changed_on_it_and_not_what_somebody_else_saved_meanwhile(
    client: FlaskClient, cast: Cast
) -> None:
    cast.quiz.closes_at = datetime(2026, 7, 1, 9, 0, 37, tzinfo=UTC)
    db.session.flush()
    sign_in(client, "alice")
    fields = form_of(client.get(SETTINGS).text)
    cast.quiz.cooldown_minutes, cast.quiz.late_answers = 30, "accept"
    db.session.flush()

    saved = client.post(SETTINGS, data={**fields, "password": "sesame"}, headers={"X-CSRFToken": token(client)})

    quiz = db.session.get_one(Quiz, cast.quiz.id)
    assert (saved.status_code, quiz.password) == (302, "sesame")
    assert (quiz.cooldown_minutes, quiz.late_answers, quiz.closes_at.second) == (30, "accept", 37)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"opens_at": "soon"}, "This isn’t a time."),
        ({"opens_at": "2026-07-01T09:00", "closes_at": "2026-06-01T09:00"}, "Must be after “Opens”"),
        ({"late_hours-1": "5", "late_percent-1": "50"}, "Needs a “Due”"),
        ({"late_hours-0": "x"}, "This must be a whole number."),
        ({"attempts_allowed": "0"}, "Must be at least 1"),
        ({"time_limit_minutes": "inf"}, "This must be a number."),
        ({"time_limit_minutes": "nan"}, "This must be a number."),
        ({"reveal_score": "closed"}, "Needs a “Closes”"),
        ({"reveal_score": "later"}, "Must be one of never, submitted, closed"),
        ({"points": ""}, '<p class="error" id="points-error">This must be a whole number.'),
        ({"points": "10001"}, '<p class="error" id="points-error">Must be at most 10000'),
        ({"pass_percent": ""}, '<p class="error" id="pass_percent-error">This must be a whole number.'),
        ({"pass_percent": "101"}, '<p class="error" id="pass_percent-error">Must be at most 100'),
        ({"counts": "worst"}, '<p class="error" id="counts-error">Must be one of best, last, first, average'),
        ({"requires-0": "lesson:none"}, "Line 1: there is no lesson none in the course"),
        ({"requires-0": "nonsense"}, "requires"),
    ],
)
def test_the_page_names_what_it_cannot_save_and_keeps_what_was_typed(
    client: FlaskClient, cast: Cast, changes: dict[str, str], said: str
) -> None:
    sign_in(client, "alice")
    fields = {**form_of(client.get(SETTINGS).text), "cooldown_minutes": "77", **changes}

    answer = client.post(SETTINGS, data=fields, headers={"X-CSRFToken": token(client)})

    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="77"' in answer.text
    assert db.session.get_one(Quiz, cast.quiz.id).cooldown_minutes == 0


def test_the_front_page_says_why_one_cannot_start_and_when_one_can(client: FlaskClient, cast: Cast) -> None:
    cast.quiz.opens_at = utcnow() + timedelta(hours=1)
    db.session.flush()
    sign_in(client, "bob")

    page = client.get(QUIZ).text
    started = client.post(f"{QUIZ}/attempts", headers={"X-CSRFToken": token(client)})

    assert "This quiz isn’t open yet. You can start from" in page
    assert started.status_code == 409
    assert "This quiz isn’t open yet." in started.text


def test_the_front_page_asks_for_the_password_and_says_that_it_is_wrong(client: FlaskClient, cast: Cast) -> None:
    cast.quiz.password = "sesame"
    db.session.flush()
    sign_in(client, "bob")
    headers = {"X-CSRFToken": token(client)}

    wrong = client.post(f"{QUIZ}/attempts", data={"password": "x"}, headers=headers)
    none = client.post(f"{QUIZ}/attempts", headers=headers)
    right = client.post(f"{QUIZ}/attempts", data={"password": "sesame"}, headers=headers)

    assert (wrong.status_code, none.status_code, right.status_code) == (422, 409, 302)
    assert "This isn’t the password of this quiz." in wrong.text
    assert "needs a password" in none.text


def test_the_front_page_lists_what_has_to_be_done_first(client: FlaskClient, cast: Cast) -> None:
    cast.quiz.requires = [{"lesson": "first-words"}]
    db.session.flush()
    sign_in(client, "bob")

    page = client.get(QUIZ).text

    assert "You can start once what is listed above is done." in page
    assert f"Finish “{cast.lesson.title}” first." in page


@pytest.mark.parametrize(
    ("ended", "reveal", "hours", "status"),
    [
        ("by the deadline", "submitted", 1, 422),
        ("by the deadline", "submitted", 30, 200),
        ("by the deadline", "never", 1, 200),
        ("by the student", "submitted", 1, 200),
    ],
)
def test_late_answers_are_accepted_of_nobody_who_has_seen_what_is_right(
    alice: Program, cast: Cast, ended: str, reveal: str, hours: int, status: int
) -> None:
    for name in ("correctness", "answer", "feedback"):
        setattr(cast.quiz, f"reveal_{name}", reveal)
    cast.quiz.time_limit_s, cast.quiz.late_answers = 60, "keep"
    began = utcnow() - timedelta(hours=hours)
    attempt = attempts.start(cast.bob.id, cast.quiz, now=began)
    if ended == "by the student":
        attempts.submit(attempt, now=began)
    attempts.close_overdue(utcnow())

    answer = alice.put(SETTINGS, {"late_answers": "accept"})

    assert answer.status_code == status
    if status == 422:
        assert [fault["field"] for fault in problem(answer, 422)["errors"]] == ["late_answers"]
    assert cast.quiz.late_answers == ("accept" if status == 200 else "keep")


def test_a_program_reads_all_that_does_not_go_together_as_codes(alice: Program) -> None:
    late = [{"hours": 5, "percent": 50}, {"hours": 5, "percent": 60}]
    given = {"opens_at": DUE, "closes_at": DUE, "late_credit": late, "requires": [{"quiz": "first-quiz"}]}

    told = problem(alice.put(SETTINGS, given), 422)["errors"]

    assert [(each["field"], each["reason"]["code"], each["reason"]["params"]) for each in told] == [
        ("closes_at", "times_turned_round", {}),
        ("late_credit", "needs_due_at", {}),
        ("late_credit.1.hours", "step_not_later", {"hours": 5}),
        ("late_credit.1.percent", "step_worth_more", {"percent": 50}),
        ("requires.0", "requires_itself", {}),
    ]
    assert told[2]["message"] == "must be more than 5, of the step before"
