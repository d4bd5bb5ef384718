"""An attempt's states: one table, one home, and what waits for a person."""

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import select, text

from config import ROOT
from extensions import db
from models import Attempt, AttemptItem, Completion, PointEntry
from models.attempt import GRADED, IN_PROGRESS, NEEDS_GRADING, STATES, SUBMITTED, TRANSITIONS
from services.quizzes import answers, attempts, lifecycle
from tests.conftest import CommittedDatabase
from tests.factories import RIGHT, Cast, make_cast

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def ungraded(cast: Cast) -> Attempt:
    """Return an attempt that is perfect but for an answer that no machine can grade."""
    attempt = attempts.start(cast.bob.id, cast.quiz, now=NOW)
    for item in attempt.items:
        answers.save(attempt.id, item.position, RIGHT[item.version.kind], revision=1, now=NOW)
    attempt.items[3].version.kind = "gone"
    db.session.flush()
    return attempt


def test_what_no_machine_can_grade_waits_for_a_person(ungraded: Attempt) -> None:
    attempts.submit(ungraded, now=NOW)

    assert (ungraded.state, ungraded.closed_by, ungraded.closed_at) == (NEEDS_GRADING, "student", NOW)
    assert (ungraded.score, ungraded.percent) == (None, None)
    db.session.expire_all()
    assert [item.score for item in ungraded.items] == [1, 1, 1, None]


def test_what_is_not_graded_earns_nothing_yet(ungraded: Attempt) -> None:
    attempts.submit(ungraded, now=NOW)

    assert db.session.scalars(select(PointEntry)).all() == []
    assert db.session.get(Completion, (ungraded.user_id, ungraded.quiz_id)) is None


def test_an_attempt_that_waits_for_a_person_takes_no_answers(ungraded: Attempt) -> None:
    attempts.submit(ungraded, now=NOW)

    with pytest.raises(answers.Closed):
        answers.save(ungraded.id, 1, "b", revision=2, now=NOW)


def test_an_attempt_that_waits_for_a_person_does_not_keep_its_student_from_the_next(ungraded: Attempt) -> None:
    attempts.submit(ungraded, now=NOW)
    ungraded.items[3].version.kind = "text"

    again = attempts.start(ungraded.user_id, ungraded.quiz, now=NOW + timedelta(minutes=1))

    assert (again.number, again.state) == (2, IN_PROGRESS)


def test_a_move_that_is_not_in_the_table_is_refused(cast: Cast) -> None:
    attempt = attempts.start(cast.bob.id, cast.quiz, now=NOW)

    with pytest.raises(ValueError, match="can't go from in_progress to graded"):
        lifecycle.finish(attempt.id, IN_PROGRESS, marks=Fraction(1), max_score=Fraction(4))


def test_a_move_from_another_state_than_the_seen_one_changes_nothing(cast: Cast) -> None:
    attempt = attempts.start(cast.bob.id, cast.quiz, now=NOW)

    assert lifecycle.wait_for_grader(attempt.id, max_score=Fraction(4)) is None
    assert lifecycle.finish(attempt.id, SUBMITTED, marks=Fraction(1), max_score=Fraction(4)) is None
    db.session.refresh(attempt)
    assert attempt.state == IN_PROGRESS


def test_the_table_knows_every_state_and_what_is_graded_is_never_open_again() -> None:
    assert set(TRANSITIONS) == set(STATES)
    assert TRANSITIONS[GRADED] == {NEEDS_GRADING}


def test_nobody_else_writes_the_state_of_an_attempt() -> None:
    statement = re.compile(r"\bupdate\(\s*Attempt\b|changes\.(one|many)\(\s*Attempt\b|\battempt\.(state|closed_at) = ")

    paths = [path for folder in ("blueprints", "scheduler", "services") for path in (ROOT / folder).rglob("*.py")]

    assert [path.name for path in paths if statement.search(path.read_text())] == ["lifecycle.py"]


def test_states_of_before_are_mapped_there_and_back(committed_db: CommittedDatabase) -> None:
    with committed_db.app.app_context():
        cast = make_cast()
        closed = attempts.submit(attempts.start(cast.bob.id, cast.quiz, now=NOW), now=NOW).id
        ungraded = attempts.start(cast.bob.id, cast.quiz, now=NOW)
        answers.save(ungraded.id, 1, "a", revision=1, now=NOW)
        ungraded.items[3].version.kind = "gone"
        db.session.flush()
        attempts.submit(ungraded, now=NOW)
        ungraded.items[3].version.kind = "text"
        opened = attempts.start(cast.bob.id, cast.quiz, now=NOW).id
        ids = [closed, ungraded.id, opened]
        db.session.commit()
        downgrade(revision="0017")

        before = dict(db.session.execute(text("SELECT id, state FROM attempts")).tuples().all())
        score = db.session.scalar(text("SELECT score FROM attempts WHERE id = :id"), {"id": ids[1]})
        db.session.commit()
        upgrade()
        after = dict(db.session.execute(select(Attempt.id, Attempt.state)).tuples().all())

        assert [before[each] for each in ids] == ["closed", "closed", "open"]
        assert score == 1
        assert [after[each] for each in ids] == [GRADED, GRADED, IN_PROGRESS]
        assert db.session.get_one(AttemptItem, (ids[1], 4)).score == 0
        db.session.remove()


def test_the_drawing_shows_the_table() -> None:
    drawn = re.findall(
        r"^    (\w+) --> (\w+): ([\w, ]+)$", (ROOT / "docs" / "architecture.md").read_text(), re.MULTILINE
    )
    arrows = {(old, new) for old, new, _verb in drawn if old in STATES}

    assert arrows == {(old, new) for old, moves in TRANSITIONS.items() for new in moves}
    assert all(hasattr(lifecycle, verb) for old, _new, verbs in drawn if old in STATES for verb in verbs.split(", "))
