"""Grading by hand: the list of answers that wait, marks and comments, and what the last marks of an attempt move."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from extensions import db
from models import Attempt, AttemptItem, PointEntry, Quiz, User
from services.accounts import tokens
from services.errors import Conflict, InvalidInput
from services.quizzes import answers, attempts, manual, waiting
from tests.conftest import CommittedDatabase
from tests.factories import RIGHT, Cast, EnrolmentFactory, QuizFactory, UserFactory, add_question, make_cast
from tests.people import post, sign_in
from tests.quizzes.test_races import race

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KINDS = ("essay", "single", "code")
PATH = "/courses/shell/quizzes/by-hand"


def make_quiz(cast: Cast) -> Quiz:
    """A quiz of which a person grades two answers of three, each worth two marks."""
    quiz: Quiz = QuizFactory(module=cast.quiz.module, slug="by-hand", position=9, points=12, pass_percent=50)
    for kind in KINDS:
        add_question(quiz, kind, points=2)
    db.session.flush()
    return quiz


def hand_in(user: User, quiz: Quiz, at: datetime = NOW) -> Attempt:
    """Answer everything, and hand in."""
    attempt = attempts.start(user.id, quiz, now=at)
    for item in attempt.items:
        answers.save(attempt.id, item.position, RIGHT[item.version.kind], revision=1, now=at)
    return attempts.submit(attempt, now=at)


@pytest.fixture
def quiz(cast: Cast) -> Quiz:
    return make_quiz(cast)


@pytest.fixture
def attempt(cast: Cast, quiz: Quiz) -> Attempt:
    """Bob's, handed in."""
    return hand_in(cast.bob, quiz)


def give(attempt: Attempt, position: int, marks: str, grader: User, **changes: Any) -> AttemptItem:
    given = {"comment": "", "now": NOW, **changes}
    return manual.give(attempt.id, position, marks=Fraction(marks), grader_id=grader.id, **given)


def ledger() -> list[int]:
    return list(db.session.scalars(select(PointEntry.points).order_by(PointEntry.id)))


def address(attempt: Attempt, position: int = 1) -> str:
    return f"/attempts/{attempt.id}/items/{position}/grade"


def test_the_last_marks_finish_an_attempt_and_award_once(cast: Cast, attempt: Attempt) -> None:
    give(attempt, 1, "1.25", cast.alice)
    assert (attempt.state, attempt.score, ledger()) == ("needs_grading", None, [])

    give(attempt, 3, "1.5", cast.alice)
    give(attempt, 3, "1.5", cast.alice)

    assert (attempt.state, attempt.score) == ("graded", Fraction(19, 4))
    assert ledger() == [round(12 * Fraction(19, 24))]


def test_marks_that_are_corrected_move_the_score_and_the_points(cast: Cast, quiz: Quiz, attempt: Attempt) -> None:
    quiz.counts = "last"
    give(attempt, 1, "2", cast.alice)
    first = give(attempt, 3, "2", cast.alice, comment="good")

    give(attempt, 3, "0", cast.dana, comment="copied", replaces=first.graded_at, now=NOW + timedelta(hours=1))

    assert (attempt.state, attempt.score) == ("graded", 4)
    assert ledger() == [12, -4]


def test_what_is_late_is_worth_its_share_of_the_marks(cast: Cast, quiz: Quiz) -> None:
    quiz.due_at, quiz.late_credit = NOW - timedelta(hours=1), [{"hours": 48, "percent": 50}]
    db.session.flush()
    attempt = hand_in(cast.bob, quiz)

    for position in (1, 3):
        give(attempt, position, "2", cast.alice, now=NOW + timedelta(days=30))

    assert (attempt.credit_percent, attempt.score) == (50, 3)


@pytest.mark.parametrize("marks", ["-0.01", "2.01", "0.001", "1/3"])
def test_marks_that_cannot_be_given_name_their_field(cast: Cast, attempt: Attempt, marks: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        give(attempt, 1, marks, cast.alice)

    assert refusal.value.field == "marks"


def test_what_a_machine_graded_is_no_persons(cast: Cast, attempt: Attempt, client: FlaskClient) -> None:
    with pytest.raises(Conflict):
        give(attempt, 2, "1", cast.alice)

    sign_in(client, "alice")
    assert client.get(address(attempt, 2)).status_code == 404
    assert client.get(address(attempt, 99)).status_code == 404


def test_of_two_graders_the_second_is_told_what_the_first_gave(
    cast: Cast, attempt: Attempt, client: FlaskClient
) -> None:
    give(attempt, 1, "1.5", cast.dana, comment="<b>nice</b>")
    sign_in(client, "alice")

    page = post(client, address(attempt), marks="0.5", comment="mine stays here", replaces="")

    assert page.status_code == 409
    assert "has graded this answer meanwhile: 1.5 of 2 marks" in page.text
    assert "&lt;b&gt;nice&lt;/b&gt;" in page.text
    assert "<b>nice</b>" not in page.text
    assert "mine stays here" in page.text
    assert 'value="0.5"' in page.text
    assert manual.load(attempt.id, 1).score == Fraction(3, 2)

    replaces = page.text.split('name="replaces" value="')[1].split('"')[0]
    assert post(client, address(attempt), marks="0.5", comment="mine", replaces=replaces).status_code == 302
    assert manual.load(attempt.id, 1).score == Fraction(1, 2)


@pytest.mark.parametrize("marks", ["", "much", "NaN", "Infinity", "1e1", "-1", "2.5", "1.234", "1_0"])
def test_a_form_with_bad_marks_names_the_field_and_keeps_the_comment(
    cast: Cast, attempt: Attempt, client: FlaskClient, marks: str
) -> None:
    sign_in(client, "alice")

    page = post(client, address(attempt), marks=marks, comment="What I wrote")

    assert page.status_code == 422
    assert 'id="marks-error"' in page.text
    assert "What I wrote" in page.text
    assert manual.load(attempt.id, 1).score is None


def test_a_comment_has_a_bound(cast: Cast, attempt: Attempt, client: FlaskClient) -> None:
    sign_in(client, "alice")

    for comment in ("x" * 10_001, "\x00"):
        page = post(client, address(attempt), marks="1", comment=comment)

        assert page.status_code == 422
        assert 'id="comment-error"' in page.text


def test_save_and_next_goes_through_the_question_from_the_oldest(cast: Cast, quiz: Quiz, client: FlaskClient) -> None:
    made = []
    for number in range(3):
        student = UserFactory()
        EnrolmentFactory(course=cast.course, user=student)
        made.append(hand_in(student, quiz, NOW - timedelta(hours=number)))
    oldest, middle, newest = reversed(made)
    sign_in(client, "alice")
    assert client.get(f"{PATH}/to-grade").text.count('button-small" href="/attempts/') == 6

    seen = [address(middle)]
    for _each in range(6):
        response = post(client, f"{seen[-1]}?blind=1", marks="1,5", comment="")
        assert response.status_code == 302
        seen.append(response.location.partition("?")[0])

    questions = [address(middle), address(newest), address(oldest)]
    codes = [address(oldest, 3), address(middle, 3), address(newest, 3)]
    assert seen == [*questions, *codes, f"{PATH}/to-grade"]
    assert "No answer waits" in client.get(f"{PATH}/to-grade").text
    assert (waiting.count(quiz), {each.state for each in made}) == (0, {"graded"})


def test_names_can_be_hidden(cast: Cast, attempt: Attempt, client: FlaskClient) -> None:
    sign_in(client, "alice")
    for path in (f"{PATH}/to-grade", address(attempt)):
        assert cast.bob.display_name in client.get(path).text
        hidden = client.get(f"{path}?blind=1").text
        assert cast.bob.display_name not in hidden
        assert cast.bob.email not in hidden


def test_the_staff_see_how_many_wait(cast: Cast, attempt: Attempt, client: FlaskClient) -> None:
    sign_in(client, "alice")

    assert "To grade: 2 answers" in client.get(f"{PATH}/attempts").text
    assert address(attempt) in client.get(f"/attempts/{attempt.id}/result").text


def test_a_student_sees_marks_and_comment_as_the_quiz_reveals_them(
    cast: Cast, quiz: Quiz, attempt: Attempt, client: FlaskClient
) -> None:
    sign_in(client, "bob")
    path = f"/attempts/{attempt.id}/result"
    assert client.get(path).text.count("waits for a grader") == 2
    give(attempt, 1, "1.25", cast.alice, comment="Mind the <script>gap</script>")

    shown = client.get(path).text
    quiz.reveal_feedback = quiz.reveal_correctness = "never"
    db.session.flush()
    hidden = client.get(path).text

    assert "1.25 of 2 marks" in shown
    assert "Mind the &lt;script&gt;gap&lt;/script&gt;" in shown
    assert address(attempt) not in shown
    assert "1.25 of 2 marks" not in hidden
    assert "Mind the" not in hidden


def call(client: FlaskClient, user: User, method: str, path: str, body: str | None = None) -> Any:
    _row, plain = tokens.issue(user.id, name="x", scopes=("read", "write"), days=9, now=datetime.now(UTC))
    headers = {"Authorization": f"Bearer {plain}"}
    return client.open(f"/api/v1{path}", method=method, data=body, content_type="application/json", headers=headers)


def test_a_program_lists_what_waits_and_grades_it(
    cast: Cast, quiz: Quiz, attempt: Attempt, client: FlaskClient
) -> None:
    listed = call(client, cast.alice, "GET", f"{PATH}/waiting?per_page=1").json
    graded = call(client, cast.alice, "PUT", address(attempt), '{"marks": 1.1, "comment": "fine"}')
    again = call(client, cast.dana, "PUT", address(attempt), '{"marks": 2}')
    seen = call(client, cast.dana, "GET", f"/attempts/{attempt.id}").json["items"][0]
    sent = {"marks": 2, "replaces": seen["graded_at"]}
    corrected = call(client, cast.dana, "PUT", address(attempt), json.dumps(sent))

    assert (listed["total"], listed["pages"]) == (2, 2)
    assert listed["waiting"][0]["response"] == RIGHT["essay"]
    assert (graded.status_code, graded.json["score"], graded.json["stage"]) == (200, 1.1, "needs_grading")
    assert again.status_code == 409
    assert "1.1 of 2 marks" in again.json["detail"]
    assert (corrected.status_code, corrected.json["score"]) == (200, 2)
    mine = call(client, cast.bob, "GET", f"/attempts/{attempt.id}").json
    assert mine["items"][0]["comment"] == ""


@pytest.mark.parametrize("marks", ["NaN", "Infinity", "-1", "3", "0.001", "null", "true", '"x"'])
def test_a_program_is_told_that_its_marks_are_wrong(
    cast: Cast, attempt: Attempt, client: FlaskClient, marks: str
) -> None:
    response = call(client, cast.alice, "PUT", address(attempt), f'{{"marks": {marks}}}')

    assert response.status_code in (400, 422)
    if response.status_code == 422:
        assert response.json["errors"][0]["field"].endswith("marks")
    assert manual.load(attempt.id, 1).score is None


@pytest.fixture
def site(committed_db: CommittedDatabase) -> Iterator[tuple[CommittedDatabase, int, int, int]]:
    """Bob's attempt, handed in, with alice and dana who grade it."""
    with committed_db.app.app_context():
        cast = make_cast()
        attempt = hand_in(cast.bob, make_quiz(cast))
        db.session.commit()
        ids = attempt.id, cast.alice.id, cast.dana.id
    yield committed_db, *ids


def test_of_racing_graders_of_one_answer_one_wins(site: tuple[CommittedDatabase, int, int, int]) -> None:
    committed, attempt_id, alice, dana = site

    def grade(grader: int, marks: int) -> Fraction | None:
        given = {"marks": Fraction(marks), "comment": "", "grader_id": grader, "now": NOW}
        return manual.give(attempt_id, 1, **given).score

    outcomes = race(committed, *[lambda who=who, at=at: grade(who, at) for at, who in enumerate((alice, dana))])

    refused = [each for each in outcomes if isinstance(each, manual.AlreadyGraded)]
    with committed.app.app_context():
        kept = manual.load(attempt_id, 1).score
    assert len(refused) == 1
    assert kept in outcomes


def test_whoever_gives_the_last_marks_waits_for_the_marks_before_them(
    site: tuple[CommittedDatabase, int, int, int],
) -> None:
    committed, attempt_id, alice, dana = site
    given = threading.Event()

    def grade(grader: int, position: int) -> None:
        values = {"marks": Fraction(2), "comment": "", "grader_id": grader, "now": NOW}
        manual.give(attempt_id, position, **values)

    def second() -> None:
        with committed.app.app_context():
            grade(dana, 3)
            db.session.commit()
        given.set()

    other = threading.Thread(target=second)
    with committed.app.app_context():
        grade(alice, 1)
        other.start()
        waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        while not given.is_set() and not db.session.scalar(waits):
            given.wait(0.02)
        db.session.commit()
    other.join()

    with committed.app.app_context():
        attempt = db.session.get_one(Attempt, attempt_id)
        assert (attempt.state, attempt.score, ledger()) == ("graded", 6, [12])
