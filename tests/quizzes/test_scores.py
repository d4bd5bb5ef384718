"""Which score of several attempts counts: the same in Python and in SQL, and exact."""

from datetime import UTC, datetime
from fractions import Fraction

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event

from extensions import db
from models import Attempt, PointEntry
from services.quizzes import answers, attempts, scores
from tests.factories import RIGHT, Cast
from tests.people import sign_in

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RULES = ("best", "last", "first", "average")
# Marks with thirds and sixths of them, and attempts that had other questions.
marked = st.tuples(st.integers(0, 6), st.sampled_from([1, 2, 3, Fraction(7, 2)])).map(
    lambda drawn: (Fraction(drawn[0], 6) * drawn[1], Fraction(drawn[1]))
)


def put(cast: Cast, user_id: int, *marks: tuple[Fraction, Fraction]) -> list[Attempt]:
    """Give somebody closed attempts with these scores, of these marks."""
    rows = [
        Attempt(
            quiz_id=cast.quiz.id,
            user_id=user_id,
            number=number,
            state="graded",
            closed_by="student",
            closed_at=NOW,
            score=score,
            max_score=most,
        )
        for number, (score, most) in enumerate(marks, start=1)
    ]
    db.session.add_all(rows)
    db.session.flush()
    return rows


def take(cast: Cast, *, right: int) -> Attempt:
    """Let bob take the quiz with so many right answers of its four."""
    attempt = attempts.start(cast.bob.id, cast.quiz, now=NOW)
    for item in attempt.items[:right]:
        answers.save(attempt.id, item.position, RIGHT[item.version.kind], revision=1, now=NOW)
    return attempts.submit(attempt, now=NOW)


@pytest.mark.parametrize(
    ("rule", "share", "which"),
    [
        ("best", Fraction(2, 3), [2]),
        ("last", Fraction(1, 2), [4]),
        ("first", Fraction(1, 3), [1]),
        ("average", Fraction(13, 24), [1, 2, 3, 4]),
    ],
)
def test_each_rule_counts_its_attempts(cast: Cast, rule: str, share: Fraction, which: list[int]) -> None:
    marks = [
        (Fraction(1), Fraction(3)),
        (Fraction(2), Fraction(3)),
        (Fraction(4), Fraction(6)),
        (Fraction(1), Fraction(2)),
    ]
    rows = put(cast, cast.bob.id, *marks)

    found = scores.counted(reversed(rows), rule)

    assert found is not None
    assert found.share == share
    assert [row.number for row in rows if row.id in found.attempt_ids] == which


def test_open_attempts_count_nothing(cast: Cast) -> None:
    opened = attempts.start(cast.bob.id, cast.quiz, now=NOW)

    assert scores.counted([opened], "best") is None
    assert scores.of_students([cast.quiz.id]) == {}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), rule=st.sampled_from(RULES))
def test_sql_says_for_many_what_python_says_for_one(cast: Cast, data: st.DataObject, rule: str) -> None:
    db.session.execute(delete(Attempt))
    cast.quiz.counts = rule
    people = (cast.bob.id, cast.charlie.id)
    rows = {who: put(cast, who, *data.draw(st.lists(marked, max_size=5))) for who in people}
    db.session.expire_all()

    found = scores.of_students([cast.quiz.id], people)

    assert {who: found.get((who, cast.quiz.id)) for who in people} == {
        who: scores.counted(rows[who], rule) for who in people
    }


def test_equal_shares_of_other_marks_count_the_earlier_attempt(cast: Cast) -> None:
    rows = put(cast, cast.bob.id, (Fraction(1, 3), Fraction(1)), (Fraction(2, 3), Fraction(2)))
    db.session.expire_all()

    found = scores.of_students([cast.quiz.id])[cast.bob.id, cast.quiz.id]

    assert found == scores.Counted(Fraction(1, 3), (rows[0].id,))
    assert scores.counted(rows, "best") == found


def test_many_students_cost_one_statement(cast: Cast) -> None:
    for who in (cast.bob.id, cast.charlie.id, cast.dana.id):
        put(cast, who, (Fraction(1), Fraction(1)), (Fraction(0), Fraction(1)))
    statements: list[str] = []

    def note(*told: object) -> None:
        statements.append(str(told[2]))

    event.listen(db.engine, "before_cursor_execute", note)
    found = scores.of_students([cast.quiz.id])
    event.remove(db.engine, "before_cursor_execute", note)

    assert len(found) == 3
    assert len(statements) == 1


def test_the_pages_say_which_attempt_counts(client: FlaskClient, cast: Cast) -> None:
    cast.quiz.counts = "last"
    better, worse = take(cast, right=3), take(cast, right=1)
    ids = better.id, worse.id
    sign_in(client, "bob")

    front = client.get("/courses/shell/quizzes/first-quiz").text
    of_better, of_worse = (client.get(f"/attempts/{each}/result").text for each in ids)

    assert "the last attempt" in front
    # What it earns is what the ledger holds for the quiz.
    earned = db.session.query(PointEntry).filter_by(source=f"quiz:{cast.quiz.id}").all()
    assert sum(entry.points for entry in earned) == 5
    assert "<dt>Your last</dt><dd>25 % · 5 points" in front
    assert '<tr><td>2 <span class="badge">counts</span></td>' in front
    assert "The last attempt counts, with 25 %, not this one." in of_better
    assert "The last attempt counts: this one." in of_worse


def test_a_single_attempt_needs_no_word_of_counting(client: FlaskClient, cast: Cast) -> None:
    only = take(cast, right=2).id
    sign_in(client, "bob")

    assert "attempt counts" not in client.get(f"/attempts/{only}/result").text
    assert '<span class="badge">counts</span>' not in client.get("/courses/shell/quizzes/first-quiz").text
