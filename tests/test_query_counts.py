"""What each page costs, with much in the database: it doesn't grow with the rows.

Statements are counted where SQLAlchemy announces them; what goes over the wires is counted in `test_round_trips.py`.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from extensions import db as database
from models import Quiz, utcnow
from services.accounts import tokens
from services.quizzes import answers, attempts
from tests.crowds import NOW, PAGES, add_crowd
from tests.factories import (
    RIGHT,
    Cast,
    EnrolmentFactory,
    LabFactory,
    LessonFactory,
    ModuleFactory,
    QuizFactory,
    UserFactory,
    add_question,
)
from tests.help.classes import add_class, add_runs
from tests.people import sign_in, token
from tests.quizzes.test_draws import add_to_bank, drawing_quiz

pytestmark = pytest.mark.long


@pytest.fixture
def counted() -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(database.engine, "before_cursor_execute", note)


@pytest.fixture
def crowd(cast: Cast) -> dict[str, int]:
    return add_crowd(cast)


@pytest.mark.parametrize(("path", "most"), PAGES.items())
def test_a_page_costs_few_statements(
    client: FlaskClient, cast: Cast, crowd: dict[str, int], counted: list[str], path: str, most: int
) -> None:
    sign_in(client, "bob")
    address = path.format(**crowd)
    client.get(address)  # what is cached is cached now
    counted.clear()

    response = client.get(address)

    assert response.status_code == 200
    assert len(counted) <= most, "\n\n".join(counted)


def test_the_list_of_people_costs_few_statements(
    client: FlaskClient, cast: Cast, crowd: dict[str, int], counted: list[str]
) -> None:
    sign_in(client, "alice")
    client.get("/courses/shell/people")
    counted.clear()

    client.get("/courses/shell/people")

    assert len(counted) <= 5, "\n\n".join(counted)


def test_an_attempt_is_drawn_in_as_few_statements_whatever_it_asks(cast: Cast, counted: list[str]) -> None:
    counts = []
    for hour, (count, pool) in enumerate([(2, 4), (30, 60)]):
        quiz = drawing_quiz(cast, count=count, pool=pool, prefix=f"pool-{count}")
        quiz.slots[0].tag = f"pool-{count}"
        database.session.flush()
        database.session.expire_all()
        user_id, quiz_row = cast.bob.id, database.session.get_one(Quiz, quiz.id)
        counted.clear()

        attempt = attempts.start(user_id, quiz_row, now=utcnow() + timedelta(hours=hour))

        counts.append(len(counted))
        assert len(attempt.items) == count
    assert counts[0] == counts[1], "\n\n".join(counted)


@pytest.mark.parametrize(("path", "most"), [("", 7), ("/next", 6)])
def test_practice_costs_few_statements_however_many_questions_and_quizzes(
    client: FlaskClient, cast: Cast, counted: list[str], path: str, most: int
) -> None:
    cast.course.offers_practice = True
    for number in range(30):
        add_to_bank(cast.course.id, f"more-{number}", "practice")
        quiz = QuizFactory(module=cast.quiz.module, slug=f"over-{number}", closes_at=NOW)
        add_question(quiz, "single")
    sign_in(client, "bob")
    client.get("/courses/shell/practice")
    counted.clear()

    response = client.get(f"/courses/shell/practice{path}")

    assert response.status_code == 200
    assert len(counted) <= most, "\n\n".join(counted)


@pytest.mark.parametrize(
    ("path", "most"),
    [("", 6), ("/{question}", 8), ("/{question}/edit", 4), ("/new", 3), ("/imports/new", 3), ("/exports", 5)],
)
def test_a_page_of_the_bank_costs_few_statements_however_many_questions(
    client: FlaskClient, cast: Cast, counted: list[str], path: str, most: int
) -> None:
    for number in range(30):
        add_to_bank(cast.course.id, f"more-{number}", "more")
    sign_in(client, "alice")
    address = f"/courses/shell/bank{path}".format(question=cast.quiz.questions[0].id)
    client.get(address)
    counted.clear()

    response = client.get(address)

    assert response.status_code == 200
    assert len(counted) <= most, "\n\n".join(counted)


def test_what_a_quiz_asks_costs_as_much_with_thirty_places_as_with_four(
    client: FlaskClient, cast: Cast, counted: list[str]
) -> None:
    sign_in(client, "alice")
    counts = []
    for more in (0, 26):
        for _number in range(more):
            add_question(cast.quiz, "single")
        client.get("/courses/shell/quizzes/first-quiz/questions")
        counted.clear()
        assert client.get("/courses/shell/quizzes/first-quiz/questions").status_code == 200
        counts.append(len(counted))

    assert counts[0] == counts[1] <= 6, "\n\n".join(counted)


def test_a_board_of_thirty_labs_costs_as_much_as_one_of_three(
    client: FlaskClient, cast: Cast, counted: list[str]
) -> None:
    sign_in(client, "alice")
    counts = []
    for more in (3, 27):
        for lab_session in add_class(cast, utcnow(), more):
            add_runs(lab_session, cast, utcnow(), "failed", "failed", "failed")
        client.get("/courses/shell/labs-board")
        counted.clear()

        response = client.get("/courses/shell/labs-board")

        counts.append(len(counted))

    assert response.text.count('class="student"') == 25  # a page
    assert counts[0] == counts[1], "\n\n".join(counted)
    assert counts[1] <= 14, "\n\n".join(counted)


def test_grading_by_hand_costs_as_much_with_thirty_answers_as_with_three(
    client: FlaskClient, cast: Cast, counted: list[str]
) -> None:
    quiz = QuizFactory(module=cast.quiz.module, slug="by-hand", position=9)
    add_question(quiz, "essay")
    sign_in(client, "alice")
    counts = []
    for more in (3, 27):
        for _number in range(more):
            student = UserFactory()
            EnrolmentFactory(course=cast.course, user=student)
            attempt = attempts.start(student.id, quiz, now=NOW)
            answers.save(attempt.id, 1, RIGHT["essay"], revision=1, now=NOW)
            attempts.submit(attempt, now=NOW)
        database.session.expire_all()
        for path in ("/courses/shell/quizzes/by-hand/to-grade", f"/attempts/{attempt.id}/items/1/grade"):
            client.get(path)
            counted.clear()

            response = client.get(path)

            assert response.status_code == 200
            counts.append(len(counted))

    assert counts[:2] == counts[2:], "\n\n".join(counted)
    assert counts[0] <= 6, "\n\n".join(counted)
    assert counts[1] <= 7, "\n\n".join(counted)  # one of them holds the answer for who grades it


def test_saving_an_answer_costs_few_statements(
    client: FlaskClient, cast: Cast, crowd: dict[str, int], counted: list[str]
) -> None:
    sign_in(client, "bob")
    headers = {"X-CSRFToken": token(client)}
    counted.clear()

    client.put(f"/attempts/{crowd['open']}/items/1", json={"revision": 1, "response": "a"}, headers=headers)

    assert len(counted) <= 2, "\n\n".join(counted)


def test_saving_an_answer_by_the_api_reads_that_question_alone(
    client: FlaskClient, cast: Cast, crowd: dict[str, int], counted: list[str]
) -> None:
    _row, plain = tokens.issue(cast.bob.id, name="script", scopes=("read", "write"), days=9, now=utcnow())
    path = f"/api/v1/attempts/{crowd['open']}/items/1"
    headers = {"Authorization": f"Bearer {plain}"}
    client.put(path, json={"revision": 1, "response": "a"}, headers=headers)
    counted.clear()

    response = client.put(path, json={"revision": 2, "response": "b"}, headers=headers)

    assert response.status_code == 200
    # A function of the database reads the one question (migration 0050); nothing else reads any.
    reading = [statement for statement in counted if ".spec" in statement]
    assert len(reading) == 1, "\n\n".join(counted)
    assert "FROM answer_under_locks(" in reading[0]


def test_a_part_of_a_course_is_edited_in_as_few_statements_whatever_the_course_holds(
    client: FlaskClient, cast: Cast, counted: list[str]
) -> None:
    _row, plain = tokens.issue(cast.alice.id, name="script", scopes=("read", "write"), days=9, now=utcnow())
    headers = {"Authorization": f"Bearer {plain}", "If-Match": "*"}
    lesson, archive = "/api/v1/courses/shell/lessons/first-words/definition", "/api/v1/courses/shell/archive"
    counts = []
    for many in range(2):
        client.put(lesson, json={"title": "One"}, headers=headers)
        counted.clear()
        assert client.put(lesson, json={"title": f"Two {many}"}, headers=headers).status_code == 200
        edited = len(counted)
        counted.clear()
        assert client.get(archive, headers=headers).status_code == 200
        counts.append((edited, len(counted)))
        for number in range(6):
            module = ModuleFactory(course=cast.course, slug=f"m-{many}-{number}")
            LessonFactory(module=module)
            add_question(QuizFactory(module=module), "single")
            LabFactory(module=module)
        database.session.commit()

    assert counts[0] == counts[1]
    assert counts[0][0] <= 30, counts
    assert counts[0][1] <= 16, counts
