"""The gradebook: where scores come from, what the staff sets, and the pages, files and documents that show it."""

import csv
import io
import re
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from flask.testing import FlaskClient

from extensions import db
from models import Completion, Enrolment, GradeMark, utcnow
from services.errors import InvalidInput
from services.gradebook import books, marks
from services.gradebook.schemes import scheme_of
from tests.analysis.classes import take
from tests.factories import Cast, EnrolmentFactory, QuizFactory, UserFactory, add_check, add_question
from tests.gradebook.classes import HALF, SCHEME, add_students, api, counted, grade_by, row, run_check
from tests.people import post, sign_in


def test_without_a_scheme_every_quiz_and_lab_counts_alike(cast: Cast) -> None:
    take(cast.bob, cast.quiz, "1100")
    run_check(cast, cast.check, "passed")

    found = row(cast)

    assert (found.grade.so_far, found.grade.total) == (Fraction(3, 4), Fraction(3, 4))
    assert cast.lesson.id not in {item.id for item in scheme_of(cast.course).items}


def test_a_scheme_weighs_its_categories_and_may_count_lessons(cast: Cast) -> None:
    grade_by(cast.course, *SCHEME)
    take(cast.bob, cast.quiz, "1000")
    db.session.add(Completion(user_id=cast.bob.id, activity_id=cast.lesson.id))
    db.session.flush()

    found = row(cast)

    assert [part.share for part in found.grade.parts] == [Fraction(1, 4), 1]
    assert [part.share for part in found.grade.total_parts] == [Fraction(1, 4), HALF]
    assert found.grade.total == Fraction(4, 10) / 4 + Fraction(6, 10) / 2


def test_a_quiz_counts_by_its_own_rule(cast: Cast) -> None:
    cast.quiz.counts = "average"
    first, last = take(cast.bob, cast.quiz, "1111"), take(cast.bob, cast.quiz, "1000")

    cell = row(cast).cells[cast.quiz.id]

    assert first.id != last.id == cell.attempt_id
    assert cell.share == Fraction(5, 8)


def test_a_lab_counts_by_its_passed_checks_once_one_has_run(cast: Cast) -> None:
    others = [add_check(cast.lab), add_check(cast.lab)]
    cast.course.version += 1
    assert cast.lab.id not in row(cast).cells

    run_check(cast, cast.check, "failed")
    assert row(cast).cells[cast.lab.id].share == 0

    for state in ("passed", "failed", "passed"):
        run_check(cast, cast.check, state)
    run_check(cast, others[0], "error")
    assert row(cast).cells[cast.lab.id].share == Fraction(1, 3)


def test_what_cant_be_graded_is_left_out(cast: Cast) -> None:
    QuizFactory(module=cast.quiz.module, slug="empty-quiz", position=8)
    cast.check.is_archived = True
    cast.course.version += 1
    db.session.flush()

    assert [item.slug for item in scheme_of(cast.course).items] == ["first-quiz"]


def test_a_score_that_is_set_counts_in_place_of_the_one_earned(cast: Cast) -> None:
    take(cast.bob, cast.quiz, "1000")
    mark = {"by_id": cast.alice.id, "now": utcnow()}

    marks.put(cast.bob.id, cast.quiz.id, percent=Fraction("87.5"), is_exempt=False, note="by mouth", **mark)
    cell = row(cast).cells[cast.quiz.id]
    assert (cell.share, cell.earned, cell.is_set, cell.note) == (Fraction(7, 8), Fraction(1, 4), True, "by mouth")

    marks.put(cast.bob.id, cast.quiz.id, percent=None, is_exempt=True, note="", **mark)
    assert row(cast).cells[cast.quiz.id].is_exempt
    assert row(cast).grade.so_far is None

    marks.put(cast.bob.id, cast.quiz.id, percent=None, is_exempt=False, note="ignored", **mark)
    assert row(cast).grade.so_far == Fraction(1, 4)
    assert db.session.query(GradeMark).count() == 0


@pytest.mark.parametrize(
    ("percent", "note", "field"),
    [(Fraction(101), "x", "percent"), (Fraction(-1), "x", "percent"), (Fraction(1, 3), "x", "percent")]
    + [(Fraction(50), " \t", "note"), (Fraction(50), "x" * 501, "note")],
)
def test_a_mark_that_cant_be_is_refused(cast: Cast, percent: Fraction, note: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        marks.put(
            cast.bob.id, cast.quiz.id, percent=percent, is_exempt=False, note=note, by_id=cast.alice.id, now=utcnow()
        )

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("80", 80),
        (" 80 % ", 80),
        ("82,5", Fraction(165, 2)),
        ("0.25", Fraction(1, 4)),
        ("100", 100),
        ("", None),
        ("٣", 3),
    ],
)
def test_percentages_are_read_as_people_write_them(written: str, read: Fraction | None) -> None:
    assert marks.read_percent("percent", written) == read


@pytest.mark.parametrize("written", ["101", "-1", "1.234", "abc", "1e1", "100.01", "½", "5 5", "1,000"])
def test_what_is_no_percentage_is_refused(written: str) -> None:
    with pytest.raises(InvalidInput):
        marks.read_percent("percent", written)


def test_a_page_of_fifty_costs_as_much_as_a_page_of_one(cast: Cast) -> None:
    grade_by(cast.course, *SCHEME)
    scheme = scheme_of(cast.course)
    course = cast.course
    few = counted(lambda: books.page(course, scheme))
    add_students(course, 120)

    many = counted(lambda: books.page(course, scheme))

    assert many == few <= 6


def test_students_are_paged_by_name_and_found_by_name_or_address(cast: Cast) -> None:
    add_students(cast.course, 120)
    scheme = scheme_of(cast.course)

    first, third = books.page(cast.course, scheme), books.page(cast.course, scheme, number=3)

    assert (len(first.rows), len(third.rows), first.pages, first.total) == (50, 21, 3, 121)
    assert first.rows[0].name == "Bob"
    assert [each.name for each in books.page(cast.course, scheme, "MANY 0011").rows] == [
        f"Many {number:05}" for number in range(110, 120)
    ]
    assert [each.email for each in books.page(cast.course, scheme, "many7@").rows] == ["many7@example.org"]
    assert books.page(cast.course, scheme, "100%_").rows == []


def test_everybody_comes_once_whatever_the_chunks(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "CHUNK", 7)
    add_students(cast.course, 20)
    for _ in range(9):  # names that are the same
        EnrolmentFactory(course=cast.course, user=UserFactory(display_name="Same"))

    found = [each.user_id for each in books.everybody(cast.course, scheme_of(cast.course))]

    assert len(found) == len(set(found)) == 30


def test_the_staff_is_not_graded(cast: Cast) -> None:
    assert [each.name for each in books.page(cast.course, scheme_of(cast.course)).rows] == ["Bob"]


def test_the_file_holds_every_student_and_runs_nothing(client: FlaskClient, cast: Cast) -> None:
    cast.bob.display_name = '=HYPERLINK("http://example.org")'
    cast.quiz.title = "@quiz"
    cast.course.version += 1
    take(cast.bob, cast.quiz, "1110")
    add_students(cast.course, 3)
    marks.put(cast.bob.id, cast.lab.id, percent=None, is_exempt=True, note="", by_id=cast.alice.id, now=utcnow())
    sign_in(client, "alice")

    response = client.get("/courses/shell/gradebook.csv")

    rows = list(csv.reader(io.StringIO(response.get_data(as_text=True).removeprefix("\ufeff"))))
    assert rows[0] == ["Name", "Address", "Grade so far", "Grade in total", "All", "'@quiz", "First-Lab"]
    assert rows[1] == [
        '\'=HYPERLINK("http://example.org")',
        "bob@example.org",
        "75.0",
        "75.0",
        "75.0",
        "75.0",
        "exempt",
    ]
    assert rows[2][2:] == ["", "0.0", "", "", ""]
    assert len(rows) == 5
    assert response.headers["Content-Disposition"] == 'attachment; filename="shell-grades.csv"'


def test_a_teacher_sets_a_score_and_the_student_reads_why(client: FlaskClient, cast: Cast) -> None:
    take(cast.bob, cast.quiz, "1000")
    bob, quiz = cast.bob.id, cast.quiz.id
    path = f"/courses/shell/gradebook/{bob}/first-quiz"
    sign_in(client, "alice")

    refused = post(client, path, percent="eighty", note="x")
    unexplained = post(client, path, percent="80", note=" ")
    saved = post(client, path, percent="80", note="Told by mouth")

    assert (refused.status_code, unexplained.status_code, saved.status_code) == (422, 422, 302)
    assert 'value="eighty"' in refused.text
    assert "Please give a number from 0 to 100" in refused.text
    assert "Please say why" in unexplained.text
    assert saved.headers["Location"].endswith(f"/gradebook/{bob}#item-{quiz}")
    post(client, "/logout")
    sign_in(client, "bob")
    mine = client.get("/courses/shell/grades").text
    assert "Your teacher has set this score. You earned 25 %. Told by mouth" in mine


def test_a_student_supposes_scores(client: FlaskClient, cast: Cast) -> None:
    take(cast.bob, cast.quiz, "1100")
    quiz, lab = cast.quiz.id, cast.lab.id
    sign_in(client, "bob")

    supposed = client.get(f"/courses/shell/grades?if-{lab}=100").text
    faulty = client.get(f"/courses/shell/grades?if-{lab}=100&if-{quiz}=200").text
    real = client.get("/courses/shell/grades").text

    assert "With the scores that you suppose: 75 % so far, 75 % in total." in supposed
    assert "A number from 0 to 100, please." in faulty
    assert re.search(r'value="200"[^>]*aria-invalid="true"', faulty)
    assert "that you suppose" not in real
    assert db.session.query(GradeMark).count() == 0


@pytest.mark.parametrize(
    ("shown", "hours", "is_hidden"), [("never", -1, True), ("closed", 1, True), ("closed", -1, False)]
)
def test_scores_that_a_quiz_doesnt_show_yet_are_in_the_staffs_gradebook_alone(
    client: FlaskClient, cast: Cast, shown: str, hours: int, is_hidden: bool
) -> None:
    take(cast.bob, cast.quiz, "1100")
    cast.quiz.reveal_score, cast.quiz.closes_at = shown, utcnow() + timedelta(hours=hours)
    db.session.flush()
    scheme = scheme_of(cast.course)

    assert row(cast).grade.so_far == HALF
    seen = books.as_student(scheme, cast.bob, now=utcnow())
    assert seen.cells[cast.quiz.id].is_hidden == is_hidden
    assert (seen.grade.so_far is None) == is_hidden
    sign_in(client, "bob")
    assert ("not shown yet" in client.get("/courses/shell/grades").text) == is_hidden


def test_what_if_takes_drops_and_exemptions_along(cast: Cast) -> None:
    second = QuizFactory(module=cast.quiz.module, slug="second-quiz", position=9)
    add_question(second, "single")
    grade_by(cast.course, {"title": "Q", "weight": 1, "drop_lowest": 1, "activities": ["first-quiz", "second-quiz"]})
    take(cast.bob, cast.quiz, "1100")
    scheme = scheme_of(cast.course)

    better = books.what_if(scheme, row(cast), {second.id: Fraction(9, 10)})
    worse = books.what_if(scheme, row(cast), {second.id: Fraction(1, 10)})

    assert (better.total, worse.total) == (Fraction(9, 10), HALF)


def test_the_gradebook_links_to_the_attempt_as_the_student_saw_it(client: FlaskClient, cast: Cast) -> None:
    attempt = take(cast.bob, cast.quiz, "1100").id
    sign_in(client, "alice")

    page = client.get("/courses/shell/gradebook").text

    assert f'href="/attempts/{attempt}/result">50 %</a>' in page
    assert client.get(f"/attempts/{attempt}/result").status_code == 200


def test_searching_for_nobody_and_pages_past_the_end_say_so(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "alice")

    assert "No student matches “zebra”" in client.get("/courses/shell/gradebook?q=zebra").text
    assert "To the first page" in client.get("/courses/shell/gradebook?page=9").text
    cast.course.slug  # noqa: B018  # read anew after the request
    db.session.delete(db.session.get_one(Enrolment, (cast.course.id, cast.bob.id)))
    assert "No students yet" in client.get("/courses/shell/gradebook").text


def test_the_api_gives_and_sets_what_the_pages_do(client: FlaskClient, cast: Cast) -> None:
    grade_by(cast.course, *SCHEME)
    take(cast.bob, cast.quiz, "1000")
    bob, alice, own = cast.bob.id, api(client, cast.alice), api(client, cast.bob)
    base = "/api/v1/courses/shell"

    book = client.get(f"{base}/gradebook?q=bob", headers=alice).json
    told = client.put(
        f"{base}/gradebook/{bob}/first-quiz", headers=alice, json={"percent": 99.99, "note": "by mouth"}
    ).json
    mine = client.get(f"{base}/grades", headers=own).json

    assert [(each["title"], each["weight"]) for each in book["categories"]] == [("Quizzes", 40), ("Labs", 60)]
    assert (book["total"], book["students"][0]["so_far"], book["students"][0]["total"]) == (1, 0.25, 0.1)
    assert told["student"]["scores"][0] == {
        "slug": "first-quiz",
        "share": 0.9999,
        "earned": 0.25,
        "is_set": True,
        "is_exempt": False,
        "is_hidden": False,
        "note": "by mouth",
        "attempt_id": told["student"]["scores"][0]["attempt_id"],
    }
    assert mine["student"] == {**told["student"], "email": ""}


@pytest.mark.parametrize(
    "body",
    [{"percent": 101, "note": "x"}, {"percent": 50}, {"percent": 0.001, "note": "x"}, {"percent": "50", "note": "x"}]
    + [{"percent": True, "note": "x"}, {"note": "x" * 501, "is_exempt": True}, {"is_exempt": 1}, {"per_cent": 50}],
)
def test_the_api_refuses_what_is_no_mark(client: FlaskClient, cast: Cast, body: dict[str, Any]) -> None:
    path = f"/api/v1/courses/shell/gradebook/{cast.bob.id}/first-quiz"

    assert client.put(path, headers=api(client, cast.alice), json=body).status_code == 422


def test_somebody_who_is_no_student_of_the_course_has_no_page(client: FlaskClient, cast: Cast) -> None:
    ids = cast.alice.id, cast.charlie.id, 2**70
    sign_in(client, "alice")

    assert [client.get(f"/courses/shell/gradebook/{each}").status_code for each in ids] == [404] * 3
