"""Erasure: nothing of the person is left but marks, whoever asks for it and whoever is killed on the way."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import ARRAY, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from extensions import Base, db
from models import (
    ApiToken,
    Attempt,
    AttemptItem,
    BoardPlace,
    CourseTotal,
    Enrolment,
    Erasure,
    ExpectedPlace,
    GradeMark,
    LabEvent,
    LabMessage,
    LabSession,
    LtiMember,
    Mail,
    OutsideIdentity,
    User,
    utcnow,
)
from models.lab_session import ENDED
from reasons import Reason
from scheduler.ticks import erasures as tick
from services import blobs
from services.accounts import tokens
from services.errors import Refused
from services.gradebook import books
from services.gradebook.schemes import scheme_of
from services.persons import erasures, scrubbing
from services.persons.inventory import TABLES
from tests.access_ground import add_things
from tests.factories import Cast, EnrolmentFactory
from tests.people import post, sign_in

NAME, HANDLE, ADDRESS = "Zebulon Quirk", "zebulon-quirk", "zebulon.quirk@example.org"
DAY = timedelta(days=1)


@pytest.fixture
def things(cast: Cast) -> dict[str, Any]:
    """Bob under a name that nothing else has, with one thing of every kind, and people who say it."""
    cast.bob.display_name, cast.bob.handle, cast.bob.email = NAME, HANDLE, ADDRESS
    db.session.flush()
    made = add_things(cast)
    session = db.session.get_one(LabSession, made["session"])
    session.job_id = f"lab-shell-first-lab-{HANDLE}-12345678"
    session.hand_note, session.save_error = f"{NAME} needs help", Reason.said(NAME)
    place = db.session.get_one(Enrolment, (cast.course.id, cast.bob.id))
    place.board, place.pseudonym = "pseudonym", "Quirk the Quick"
    written = db.session.get_one(AttemptItem, (made["written"], 1))
    written.response, written.comment = f"I am {NAME}", f"Well said, {NAME}!"
    values = {"percent": 80, "note": f"{NAME} told me by mouth", "by_id": cast.alice.id}
    db.session.add_all(
        [
            GradeMark(user_id=cast.bob.id, activity_id=cast.quiz.id, **values),
            Mail(recipient=ADDRESS, subject=f"Hello {NAME}", body_text=NAME),
            ExpectedPlace(course_id=cast.course.id, email=ADDRESS, role="student"),
            LabMessage(session_id=session.id, user_id=cast.alice.id, text=f"Hi {NAME}"),
            LabEvent(session_id=session.id, kind="message", detail={"name": NAME}),
            LtiMember(context_id=made["context"], subject=HANDLE, user_id=cast.bob.id, name=NAME),
            OutsideIdentity(issuer="lti:https://school.example.org", subject=ADDRESS, user_id=cast.bob.id),
        ]
    )
    db.session.commit()
    return made


def erase(user: User) -> None:
    """Let the scheduler erase an account, its labs' machines being gone when it asks."""
    erasures.ask(user, by_id=None, after=timedelta(0), now=utcnow())
    db.session.commit()
    tick.work()
    ended = "UPDATE lab_sessions SET state = 'ended', ended_at = now(), reason = 'admin' WHERE user_id = :id"
    db.session.execute(text(ended), {"id": user.id})
    for row in db.session.query(Erasure).filter_by(state="waiting"):
        row.due_at = utcnow()
    db.session.commit()
    while tick.work():
        pass


def traces() -> list[str]:
    """Return the columns in which the name, the handle, the address or the pseudonym of the person stands."""
    found = []
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if not isinstance(column.type, Text | JSONB | ARRAY | LargeBinary) and "JSON" not in str(column.type):
                continue
            name = f'"{column.name}"'
            said = f"encode({name}, 'escape')" if isinstance(column.type, LargeBinary) else f"{name}::text"
            query = text(f"SELECT count(*) FROM {table.name} WHERE {said} ~* :name")
            if db.session.scalar(query, {"name": "zebulon|quirk"}):
                found.append(f"{table.name}.{column.name}")
    return found


def test_no_trace_is_left_in_any_column(cast: Cast, things: dict[str, Any]) -> None:
    assert len(traces()) >= 12, "the walk finds what is there"

    erase(cast.bob)
    while blobs.sweep(100):
        pass

    assert traces() == []


def test_each_table_of_the_inventory_has_its_treatment() -> None:
    assert scrubbing.unknown() == set()
    assert scrubbing.known() - set(TABLES) == set()
    kinds = [scrubbing.GOES, frozenset(scrubbing.BLANKS), scrubbing.STAYS, scrubbing.BY_HAND]
    assert sum(map(len, kinds)) == len(scrubbing.known()), "each once"


def test_marks_points_and_choices_stay_under_a_name_that_says_nothing(cast: Cast, things: dict[str, Any]) -> None:
    scheme = scheme_of(cast.course)
    before = books.of_student(scheme, cast.bob)
    points = db.session.get_one(CourseTotal, (cast.course.id, cast.bob.id)).points if _total(cast) else 0
    attempts = db.session.query(Attempt).filter_by(user_id=cast.bob.id).count()

    erase(cast.bob)

    after = books.of_student(scheme, db.session.get_one(User, cast.bob.id))
    assert after.grade.total == before.grade.total
    assert re.fullmatch(r"Former member [0-9a-f]{8}", after.name)
    assert (db.session.get_one(CourseTotal, (cast.course.id, cast.bob.id)).points if _total(cast) else 0) == points
    assert db.session.query(Attempt).filter_by(user_id=cast.bob.id).count() == attempts
    assert db.session.get_one(AttemptItem, (things["written"], 1)).response is None


def _total(cast: Cast) -> CourseTotal | None:
    return db.session.get(CourseTotal, (cast.course.id, cast.bob.id))


def test_the_board_loses_the_person_and_keeps_its_past(cast: Cast, things: dict[str, Any]) -> None:
    EnrolmentFactory(course=cast.course, user=cast.charlie)
    db.session.commit()

    erase(cast.bob)

    place = db.session.get_one(Enrolment, (cast.course.id, cast.bob.id))
    last = db.session.query(BoardPlace).filter_by(user_id=cast.bob.id).order_by(BoardPlace.id.desc()).first()
    assert (place.board, place.pseudonym) == ("hidden", None)
    assert last is not None and not last.is_ranked


def test_sessions_and_tokens_end_at_once_and_labs_before_the_rest(
    client: FlaskClient, cast: Cast, things: dict[str, Any]
) -> None:
    sign_in(client, "zebulon.quirk")
    works, _plain = tokens.issue(cast.bob.id, name="x", scopes=["read"], days=9, now=utcnow())
    assert client.get("/account").status_code == 200
    erasures.ask(cast.bob, by_id=None, after=timedelta(0), now=utcnow())
    db.session.commit()

    tick.work()

    db.session.expire_all()
    row = db.session.query(Erasure).one()
    assert (row.state, row.began_at is not None) == ("waiting", True)
    assert db.session.get_one(LabSession, things["session"]).state != ENDED
    assert client.get("/account").status_code == 302
    assert db.session.get_one(ApiToken, works.id).revoked_at is not None
    assert db.session.get_one(User, cast.bob.id).display_name == NAME
    with pytest.raises(Refused):
        erasures.cancel(cast.bob.id, now=utcnow())


def test_a_kill_at_any_step_leaves_all_or_nothing(
    cast: Cast, things: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    erasures.ask(cast.bob, by_id=None, after=timedelta(0), now=utcnow())
    db.session.execute(text("UPDATE lab_sessions SET state='ended', ended_at=now(), reason='user'"))
    db.session.commit()
    steps = ["_written_answers", "_names_of_jobs", "_notes_of_marks", "_what_models_read", "_helper", "_account"]

    def killed(*_arguments: object) -> None:
        raise KeyboardInterrupt

    for step in steps:
        with monkeypatch.context() as dying:
            dying.setattr(scrubbing, step, killed)
            with pytest.raises(KeyboardInterrupt):
                tick.work()
        db.session.rollback()
        assert db.session.get_one(User, cast.bob.id).display_name == NAME
        assert db.session.get_one(AttemptItem, (things["written"], 1)).response == f"I am {NAME}"
    tick.work()

    assert db.session.query(Erasure).one().state == "done"
    assert not tick.work()


def test_somebody_asks_with_a_fresh_sign_in_and_calls_it_off(app: Flask, client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "bob")

    assert post(client, "/account/erase").status_code == 422
    assert post(client, "/account/erase", is_sure="y").status_code == 302
    row = db.session.query(Erasure).one()
    assert row.due_at - row.asked_at == 7 * DAY
    assert "is going to be erased" in client.get("/account/data").text
    post(client, "/account/erase/cancel")
    assert db.session.query(Erasure).one().state == "cancelled"
    with client.session_transaction() as session:
        session["fs_paa"] = 0
    assert client.get("/account/erase").status_code == 302, "who signed in long ago is asked again"


def test_the_last_admin_and_the_only_teacher_stay(cast: Cast) -> None:
    for user, by in ((cast.dana, cast.dana), (cast.alice, cast.alice)):
        with pytest.raises(Refused):
            erasures.ask(user, by_id=by.id, after=DAY, now=utcnow())

    assert erasures.ask(cast.alice, by_id=cast.dana.id, after=DAY, now=utcnow()).state == "waiting"


def test_the_earlier_time_counts_and_a_second_erasure_changes_nothing(cast: Cast) -> None:
    later = erasures.ask(cast.bob, by_id=cast.bob.id, after=7 * DAY, now=utcnow())
    sooner = erasures.ask(cast.bob, by_id=cast.dana.id, after=DAY, now=utcnow())
    assert later.id == sooner.id and sooner.due_at - sooner.asked_at < 2 * DAY

    erase(cast.bob)

    name = db.session.get_one(User, cast.bob.id).display_name
    with pytest.raises(Refused):
        erase(cast.bob)
    assert db.session.get_one(User, cast.bob.id).display_name == name
    assert not tick.work()


def test_an_address_is_free_again(cast: Cast, things: dict[str, Any]) -> None:
    erase(cast.bob)

    assert db.session.query(User).filter_by(email=ADDRESS).count() == 0
    db.session.add(User(email=ADDRESS, display_name="New", handle="new", fs_uniquifier="new"))
    db.session.flush()
