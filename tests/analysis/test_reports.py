"""The analysis of a quiz: which attempts it looks at, and what it says of a class whose answers are known."""

import csv
import io
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from extensions import db
from models import QuestionVersion, utcnow
from services.accounts import tokens
from services.analysis import reports
from services.quizzes import answers, attempts
from tests.analysis.classes import NOW, add_class, stats, take
from tests.factories import Cast, UserFactory, add_question
from tests.people import sign_in

PATH = "/courses/shell/quizzes/first-quiz/analysis"
# Of single, multiple, numeric and text: the last one is got wrong by those who know the rest.
CLASS = ["1110", "1110", "1100", "1100", "1000", "0101", "0011", "000-", "0001", "1111", "1110", "0001"]


def test_each_question_is_as_hard_as_it_was_answered(cast: Cast) -> None:
    add_class(cast, CLASS)

    single, multiple, numeric, text = reports.report(cast.quiz).questions

    assert [row.responses for row in (single, multiple, numeric, text)] == [12] * 4
    assert [row.answered for row in (single, multiple, numeric, text)] == [12, 12, 12, 11]
    assert single.difficulty == pytest.approx(7 / 12)
    assert text.difficulty == pytest.approx(5 / 12)


def test_discrimination_leaves_the_question_itself_out(cast: Cast) -> None:
    add_class(cast, CLASS)

    rows = reports.report(cast.quiz).questions

    for place, row in enumerate(rows):
        own = [int(pattern[place] == "1") for pattern in CLASS]
        rest = [pattern.count("1") - mark for pattern, mark in zip(CLASS, own, strict=True)]
        assert row.discrimination == pytest.approx(stats().pointbiserialr(own, rest).statistic)
    assert "negative" in rows[3].remarks
    assert rows[0].remarks == ()


def test_the_choices_taken_are_counted_with_what_their_takers_know(cast: Cast) -> None:
    add_class(cast, CLASS)

    single, multiple, _numeric, text = reports.report(cast.quiz).questions

    assert [(group.label, group.count, group.earned) for group in single.groups] == [
        ("right", 7, 1.0),
        ("wrong", 5, 0.0),
    ]
    assert [(group.label, group.count) for group in multiple.groups] == [("one", 7), ("two", 7), ("three", 5)]
    assert [(group.what, group.label, group.count) for group in text.groups] == [
        ("answer", "=rm", 6),
        ("answer", "ls -a", 5),
        ("none", "", 1),
    ]
    wrong = [pattern for pattern in CLASS if pattern[0] == "0"]
    assert single.groups[1].rest == pytest.approx(sum(p.count("1") for p in wrong) / 3 / len(wrong))


def test_the_quiz_as_a_whole(cast: Cast) -> None:
    add_class(cast, CLASS)

    report = reports.report(cast.quiz)

    assert report.attempts == 12
    assert report.mean == pytest.approx(sum(pattern.count("1") for pattern in CLASS) / 48)
    assert report.median == pytest.approx(0.5)
    assert sum(report.bins) == 12
    assert report.bins[9] == 1  # everything right counts in the last tenth
    assert (report.alpha_attempts, report.alpha_questions) == (12, 4)
    assert report.alpha is not None


@pytest.mark.parametrize(("rule", "share"), [("first", 0.25), ("last", 0.5), ("best", 0.75)])
def test_of_each_student_one_attempt_counts(cast: Cast, rule: str, share: float) -> None:
    for pattern in ("1000", "1110", "1100"):
        take(cast.bob, cast.quiz, pattern)

    report = reports.report(cast.quiz, rule)

    assert (report.attempts, report.mean) == (1, share)


def test_attempts_of_the_staff_and_open_ones_dont_count(cast: Cast) -> None:
    take(cast.alice, cast.quiz, "1111")
    attempts.start(cast.bob.id, cast.quiz, now=NOW)

    report = reports.report(cast.quiz)

    assert (report.attempts, report.mean, report.alpha) == (0, None, None)
    assert [row.responses for row in report.questions] == [0, 0, 0, 0]


def test_what_is_taken_off_for_being_late_says_nothing_of_the_questions(cast: Cast) -> None:
    people = add_class(cast, CLASS)
    before = reports.report(cast.quiz)
    late = attempts.of_student(people[0].id, cast.quiz)[0]
    late.score, late.credit_percent = late.score / 2, 50
    db.session.flush()

    assert reports.report(cast.quiz) == before


def test_versions_of_a_question_are_analysed_apart(cast: Cast) -> None:
    add_class(cast, ["1000", "0000"])
    question = cast.quiz.questions[0]
    question.current = QuestionVersion(
        question=question,
        number=2,
        kind="single",
        prompt_md="Anew",
        prompt_html="<p>Anew</p>",
        spec=question.current.spec,
    )
    db.session.flush()
    add_class(cast, ["1111", "1110", "1100"])

    report = reports.report(cast.quiz)

    assert [(row.slug, row.version, row.responses, row.is_current) for row in report.questions][:2] == [
        ("q1", 2, 3, True),
        ("q1", 1, 2, False),
    ]
    assert (report.alpha_attempts, report.alpha_questions) == (3, 4)


def test_a_question_that_is_gone_keeps_its_figures_and_one_without_answers_has_none(cast: Cast) -> None:
    add_class(cast, ["1000", "0000"])
    cast.quiz.questions[0].is_archived = True
    add_question(cast.quiz, "single")
    db.session.flush()

    rows = {row.slug: row for row in reports.report(cast.quiz).questions}

    assert (rows["q1"].is_archived, rows["q1"].responses) == (True, 2)
    assert (rows["q5"].responses, rows["q5"].difficulty, rows["q5"].discrimination) == (0, None, None)


def test_a_quiz_of_one_question_has_no_rest(cast: Cast) -> None:
    for question in cast.quiz.questions[1:]:
        question.is_archived = True
    db.session.flush()
    add_class(cast, ["1", "0"])

    (only,) = [row for row in reports.report(cast.quiz).questions if row.responses]

    assert (only.discrimination, only.groups[0].rest) == (None, None)


def test_the_time_between_the_first_and_the_last_answer_is_told(cast: Cast) -> None:
    for seconds in (30, 90, 100):
        student = UserFactory()
        attempt = attempts.start(student.id, cast.quiz, now=NOW)
        for revision, given in enumerate(("a", "b"), start=1):
            at = NOW + timedelta(seconds=seconds * (revision - 1))
            answers.save(attempt.id, 1, given, revision=revision, now=at, typed_at=at, tab="one")
        answers.save(attempt.id, 3, "3", revision=1, now=NOW, typed_at=NOW, tab="one")
        attempts.submit(attempt, now=NOW + timedelta(minutes=5))

    rows = reports.report(cast.quiz).questions

    assert [row.median_s for row in rows] == [90, None, None, None]


def test_the_analysis_costs_two_statements(cast: Cast) -> None:
    add_class(cast, CLASS)
    quiz, statements = cast.quiz, []
    db.session.refresh(quiz)

    def note(*told: object) -> None:
        statements.append(told[2])

    event.listen(db.engine, "before_cursor_execute", note)
    reports.report(quiz)
    event.remove(db.engine, "before_cursor_execute", note)

    assert len(statements) == 2


def test_page_api_and_file_say_the_same(client: FlaskClient, cast: Cast) -> None:
    add_class(cast, CLASS)
    _row, plain = tokens.issue(cast.alice.id, name="script", scopes=("read", "write"), days=9, now=utcnow())
    sign_in(client, "alice")

    page = client.get(PATH)
    told = client.get(f"/api/v1{PATH}", headers={"Authorization": f"Bearer {plain}"}).json
    file = client.get(f"{PATH}.csv")

    rows = list(csv.DictReader(io.StringIO(file.text.removeprefix("\ufeff"))))
    assert "the better students get it wrong" in page.text
    assert "the same 4 questions. With fewer" in page.text or "called reliable. With fewer" in page.text
    assert [float(row["difficulty"]) for row in rows] == [each["difficulty"] for each in told["questions"]]
    assert [row["remarks"] for row in rows][3] == "negative" == " ".join(told["questions"][3]["remarks"])
    assert file.headers["Content-Disposition"] == 'attachment; filename="first-quiz-analysis.csv"'
    assert "style=" not in page.text


def test_a_prompt_in_the_file_is_no_formula(client: FlaskClient, cast: Cast) -> None:
    add_class(cast, ["1000"])
    cast.quiz.questions[0].current.prompt_md = '=HYPERLINK("http://example.org")'
    sign_in(client, "alice")

    file = client.get(f"{PATH}.csv").text

    assert '"\'=HYPERLINK(""http://example.org"")"' in file


def test_an_empty_quiz_says_what_will_be_here(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "alice")

    page = client.get(f"{PATH}?attempts=nonsense").text

    assert "Nothing to analyse yet" in page
