"""Certificates are issued once, when they are earned, whatever earns them and whoever is killed."""

from datetime import timedelta
from typing import Any

import pytest

from config import Settings
from extensions import db
from models import Certificate, CertificateLook, Completion, CourseEvent, Enrolment, GradeMark, utcnow
from scheduler.ticks.certificates import issuer
from services.certificates import files, issuing, offering
from services.certificates.rules import read
from services.courses import progress
from services.errors import InvalidInput, Refused
from services.quizzes import answers, attempts
from tests.certificates.conftest import RULE, give, schedule
from tests.factories import RIGHT, Cast
from tests.gradebook.classes import run_check


def read_lesson(cast: Cast) -> None:
    progress.complete_lesson(cast.bob.id, cast.lesson, now=utcnow())


def take_quiz(cast: Cast) -> None:
    attempt = attempts.start(cast.bob.id, cast.quiz, now=utcnow())
    for item in attempt.items:
        answers.save(attempt.id, item.position, RIGHT[item.version.kind], revision=1, now=utcnow())
    attempts.submit(attempt, now=utcnow())


def pass_check(cast: Cast) -> None:
    run_check(cast, cast.check, "queued")
    db.session.execute(db.text("UPDATE check_runs SET state = 'passed'"))


def set_mark(cast: Cast) -> None:
    values = {"percent": 90, "note": "by mouth", "by_id": cast.alice.id}
    db.session.add(GradeMark(user_id=cast.bob.id, activity_id=cast.quiz.id, **values))


EARNING: dict[str, tuple[dict[str, Any], Any]] = {
    "a lesson": ({"lessons_percent": 100}, read_lesson),
    "a quiz": ({"lessons_percent": None, "quiz_percent": 80}, take_quiz),
    "a lab": ({"lessons_percent": None, "lab_percent": 100}, pass_check),
    "a mark by hand": ({"lessons_percent": None, "grade_percent": 40}, set_mark),
}


@pytest.mark.parametrize("name", EARNING)
def test_whatever_earns_it_has_the_scheduler_issue_it(cast: Cast, settings: Settings, name: str) -> None:
    asked, earn = EARNING[name]
    give(cast.course, **asked)
    schedule(settings)
    assert db.session.query(Certificate).count() == 0

    earn(cast)
    db.session.commit()
    schedule(settings)

    (made,) = db.session.query(Certificate).all()
    assert (made.user_id, made.name, made.course_title) == (cast.bob.id, "Bob", cast.course.title)
    assert made.badge and made.pdf_sha256 and made.files_due_at is None
    assert db.session.query(CertificateLook).count() == 0
    (event,) = db.session.query(CourseEvent).filter_by(kind="certificate.issued")
    assert (event.course_id, event.user_id, event.detail) == (cast.course.id, cast.bob.id, {"certificate": made.id})


def test_who_had_done_it_all_gets_it_when_the_course_begins_to_give_one(cast: Cast, settings: Settings) -> None:
    read_lesson(cast)
    db.session.add(Completion(user_id=cast.charlie.id, activity_id=cast.lesson.id))
    db.session.commit()
    assert db.session.query(CertificateLook).count() == 0, "nobody looks where there is nothing to be had"

    give(cast.course)
    schedule(settings)

    assert [row.user_id for row in db.session.query(Certificate)] == [cast.bob.id], "charlie isn't in the course"


def test_staff_get_none(cast: Cast, settings: Settings) -> None:
    give(cast.course)
    progress.complete_lesson(cast.alice.id, cast.lesson, now=utcnow())
    db.session.commit()

    schedule(settings)

    assert db.session.query(Certificate).count() == 0


def test_a_score_that_is_not_shown_yet_gives_no_certificate_before_it_is(cast: Cast, settings: Settings) -> None:
    closes = utcnow() + timedelta(days=1)
    cast.quiz.reveal_score, cast.quiz.closes_at = "closed", closes
    give(cast.course, lessons_percent=None, quiz_percent=50)
    take_quiz(cast)
    db.session.commit()

    schedule(settings)

    assert db.session.query(Certificate).count() == 0
    assert {(look.user_id, look.due_at) for look in db.session.query(CertificateLook)} == {(cast.bob.id, closes)}


def test_it_is_issued_once_however_often_it_is_earned(cast: Cast, certificate: Certificate, settings: Settings) -> None:
    assert issuing.issue(cast.course, read(RULE), cast.bob, now=utcnow()) is None

    give(cast.course, lessons_percent=50)
    schedule(settings)

    assert db.session.query(Certificate).one() == certificate


def test_what_was_revoked_is_not_issued_by_the_scheduler_again(
    cast: Cast, certificate: Certificate, settings: Settings
) -> None:
    issuing.revoke(certificate, reason="Not their work", by_id=cast.alice.id, now=utcnow())
    give(cast.course, lessons_percent=50)

    schedule(settings)

    assert db.session.query(Certificate).one().state == "revoked"


def test_a_killed_scheduler_issues_all_or_nothing(
    cast: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(cast.course)
    schedule(settings)
    read_lesson(cast)
    db.session.commit()

    def killed(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    for module, name in ((issuing.events, "note"), (files.drawing, "pdf"), (files.blobs, "keep")):
        with monkeypatch.context() as dying:
            dying.setattr(module, name, killed)
            with pytest.raises(KeyboardInterrupt):
                schedule(settings)
        db.session.rollback()
    schedule(settings)

    (made,) = db.session.query(Certificate).all()
    assert made.badge is not None


def test_files_that_cannot_be_made_are_tried_again_and_hold_nobody_up(
    cast: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(cast.course)
    read_lesson(cast)
    db.session.commit()
    with monkeypatch.context() as failing:
        failing.setattr(files.drawing, "pdf", lambda *_words, **_options: 1 / 0)
        schedule(settings)

    made = db.session.query(Certificate).one()

    assert made.badge is None
    assert made.files_due_at is not None and made.files_due_at > utcnow()
    made.files_due_at = utcnow()
    db.session.commit()
    assert issuer(settings)() is True
    assert db.session.query(Certificate).one().badge


def test_a_new_one_takes_the_place_of_the_old_with_todays_name(
    cast: Cast, certificate: Certificate, settings: Settings
) -> None:
    cast.bob.display_name = "Robert"

    made = issuing.reissue(certificate, reason="Another name", by_id=cast.alice.id, now=utcnow())
    db.session.commit()
    schedule(settings)

    old = db.session.get_one(Certificate, certificate.id)
    assert (old.name, old.state, old.revoke_reason) == ("Bob", "revoked", "Another name")
    assert (made.name, made.state, made.number) == ("Robert", "valid", 2)
    assert made.code != old.code
    with pytest.raises(Refused):
        issuing.reissue(old, reason="Again", by_id=cast.alice.id, now=utcnow())
    with pytest.raises(Refused):
        issuing.revoke(old, reason="Again", by_id=cast.alice.id, now=utcnow())
    with pytest.raises(InvalidInput):
        issuing.revoke(made, reason=" \n", by_id=cast.alice.id, now=utcnow())


def test_an_activity_that_is_not_there_cannot_be_left_out(cast: Cast) -> None:
    with pytest.raises(InvalidInput):
        offering.put(cast.course, read({**RULE, "leave_out": ["nothing"]}), now=utcnow())


def test_somebody_who_leaves_keeps_what_they_have(cast: Cast, certificate: Certificate, settings: Settings) -> None:
    db.session.delete(db.session.get_one(Enrolment, (cast.course.id, cast.bob.id)))
    db.session.commit()

    schedule(settings)

    assert issuing.by_code(certificate.code).state == "valid"
