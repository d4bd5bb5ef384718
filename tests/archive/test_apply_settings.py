"""Importing other settings of a quiz that students have taken: what they have follows, as where a teacher says them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from cli.courses import import_
from extensions import db
from models import Attempt, Course, PointEntry, Quiz, User
from services import archive
from services.quizzes import answers, attempts, settings
from tests.archive.folders import QUIZ, make_folder, with_line
from tests.conftest import CommittedDatabase
from tests.factories import EnrolmentFactory, UserFactory
from tests.meanwhile import meanwhile
from tests.regrades.classes import completed, hand_in, ledger

NOW = datetime(2026, 11, 3, 9, 12, tzinfo=UTC)
DAY = timedelta(hours=24)
# Worth 2.5 of 3.5 marks.
PI_ALONE = {2: "3.14"}
SEEN = "students whose time ended in the last 24 hours have seen what is right: accept late answers after that"


def folder(path: Path, settings: str = "points: 20\n") -> Path:
    """Write the small course with these settings of its quiz."""
    return make_folder(path, with_line(QUIZ, "points: 20\n", settings))


def the_quiz() -> Quiz:
    return db.session.scalars(select(Quiz).where(Quiz.slug == "quiz")).one()


def student() -> User:
    found: User = EnrolmentFactory(course=db.session.scalars(select(Course)).one(), user=UserFactory()).user
    return found


def right_choice(quiz: Quiz) -> str:
    version = quiz.questions[0].current
    assert version is not None
    return next(choice["id"] for choice in version.spec["choices"] if choice["is_correct"])


@pytest.fixture
def quiz(app: Flask, tmp_path: Path) -> Quiz:
    """The quiz of the small course, imported: 20 points, passed from 50 %, of which the best attempt counts."""
    archive.import_course(folder(tmp_path / "first"), now=NOW)
    return the_quiz()


def test_points_of_graded_attempts_follow_an_import_which_says_how_many(quiz: Quiz, tmp_path: Path) -> None:
    one, other = student(), student()
    hand_in(one, quiz, PI_ALONE, NOW)
    hand_in(other, quiz, {2: "3"}, NOW)
    assert ledger(quiz) == {one.id: 14}

    changes = archive.import_course(folder(tmp_path / "again", "points: 70\n"), now=NOW + DAY)

    assert ledger(quiz) == {one.id: 50}
    assert changes.settled == {"quiz quiz": 1}
    last = db.session.scalars(select(PointEntry).order_by(PointEntry.id.desc()).limit(1)).one()
    assert (last.kind, last.points, last.given_by_id) == ("compensation", 36, None)


def test_another_attempt_counts_and_others_pass_after_an_import(quiz: Quiz, tmp_path: Path) -> None:
    user = student()
    hand_in(user, quiz, PI_ALONE, NOW)
    hand_in(user, quiz, {1: right_choice(quiz)}, NOW)
    assert (ledger(quiz), completed(quiz)) == ({user.id: 14}, {user.id})

    said = "points: 20\ncounts: last\npass_percent: 80\n"
    archive.import_course(folder(tmp_path / "again", said), now=NOW + DAY)
    changed = ledger(quiz), completed(quiz)
    archive.import_course(folder(tmp_path / "back"), now=NOW + DAY)

    assert changed == ({user.id: 6}, set())
    assert (ledger(quiz), completed(quiz)) == ({user.id: 14}, {user.id})


def test_open_attempts_end_by_the_time_limit_that_an_import_brings(quiz: Quiz, tmp_path: Path) -> None:
    attempt = attempts.start(student().id, quiz, now=NOW)
    assert attempt.deadline_at == NOW + timedelta(minutes=10)

    longer = make_folder(tmp_path / "again", with_line(QUIZ, "time_limit_minutes: 10", "time_limit_minutes: 25"))
    archive.import_course(longer, now=NOW)

    db.session.refresh(attempt)
    assert attempt.deadline_at == NOW + timedelta(minutes=25)


def test_the_command_says_whose_points_follow(app: Flask, quiz: Quiz, tmp_path: Path) -> None:
    hand_in(student(), quiz, PI_ALONE, NOW)

    done = app.test_cli_runner().invoke(import_, [str(folder(tmp_path / "again", "points: 70\n"))])

    assert "settled  quiz quiz: the points of one person follow its new settings\n" in done.output


@pytest.mark.parametrize(
    ("reveal", "later", "is_refused"),
    [("submitted", DAY / 2, True), ("submitted", DAY * 2, False), ("never", DAY / 2, False)],
)
def test_an_import_accepts_late_answers_of_nobody_who_has_seen_what_is_right(
    quiz: Quiz, tmp_path: Path, reveal: str, later: timedelta, is_refused: bool
) -> None:
    secret = "".join(f"reveal_{name}: {reveal}\n" for name in ("correctness", "answer", "feedback"))
    archive.import_course(folder(tmp_path / "before", f"points: 20\n{secret}"), now=NOW)
    attempts.start(student().id, quiz, now=NOW)
    attempts.close_overdue(NOW + timedelta(hours=1))

    accepting = folder(tmp_path / "again", f"points: 90\nlate_answers: accept\n{secret}")
    faults = []
    try:
        archive.import_course(accepting, now=NOW + later)
    except archive.ArchiveError as refused:
        faults = [str(fault) for fault in refused.faults]

    assert faults == [f"{QUIZ}:1: late_answers: {SEEN}"] * is_refused
    assert (quiz.late_answers, quiz.points) == (("keep", 20) if is_refused else ("accept", 90))


def test_a_quiz_that_accepts_late_answers_is_imported_again_and_again(quiz: Quiz, tmp_path: Path) -> None:
    accepting = "points: 20\nlate_answers: accept\n"
    archive.import_course(folder(tmp_path / "accept", accepting), now=NOW)
    attempts.start(student().id, quiz, now=NOW)
    attempts.close_overdue(NOW + timedelta(hours=1))

    assert not archive.import_course(folder(tmp_path / "again", accepting), now=NOW + DAY / 2)


def test_who_hands_in_while_an_import_waits_for_them_has_the_points_of_its_settings(
    committed_db: CommittedDatabase, tmp_path: Path
) -> None:
    richer = folder(tmp_path / "again", "points: 70\n")
    with committed_db.app.app_context():
        archive.import_course(folder(tmp_path / "first"), now=NOW)
        attempt_id = attempts.start(student().id, the_quiz(), now=NOW).id
        db.session.commit()

    with committed_db.app.app_context():
        # The attempt is theirs from here to the commit; the ledger's entry, which hangs on the course, comes last.
        attempt = db.session.scalars(select(Attempt).where(Attempt.id == attempt_id).with_for_update()).one()
        with meanwhile(committed_db, lambda: archive.import_course(richer, now=NOW)):
            answers.save(attempt.id, 2, "3.14", revision=1, now=NOW)
            attempts.submit(attempt, now=NOW)
            db.session.commit()

    with committed_db.app.app_context():
        assert list(ledger(the_quiz()).values()) == [50]


def test_a_teacher_who_changes_settings_while_they_are_imported_waits_for_the_import(
    committed_db: CommittedDatabase, tmp_path: Path
) -> None:
    with committed_db.app.app_context():
        archive.import_course(folder(tmp_path / "first"), now=NOW)
        alice = UserFactory().id
        db.session.commit()

    def change() -> None:
        course = db.session.scalars(select(Course)).one()
        settings.change(course, the_quiz(), {"points": 30}, by_id=alice, now=NOW)

    with committed_db.app.app_context():
        # What an import takes first; the quiz comes after it.
        db.session.scalars(select(Course).with_for_update(key_share=True)).one()
        with meanwhile(committed_db, change):
            archive.import_course(folder(tmp_path / "again", "points: 70\n"), now=NOW)
            db.session.commit()

    with committed_db.app.app_context():
        assert the_quiz().points == 30
