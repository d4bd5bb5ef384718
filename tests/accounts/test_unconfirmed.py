"""Accounts that nobody has confirmed: by hand, with another mail, and gone in the end."""

from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from cli.users import confirm, list_users
from extensions import db as database
from models import Mail, User, utcnow
from scheduler.ticks import unconfirmed
from services.accounts import tokens
from tests.factories import Cast, EnrolmentFactory, UserFactory, make_cast
from tests.people import post, sign_in

LONG_AGO = utcnow() - timedelta(days=31)


def handles() -> set[str]:
    return set(database.session.scalars(select(User.handle)))


def sweep(app: Flask, **changes: Any) -> bool:
    return unconfirmed.sweeper(app.extensions["yurt"].model_copy(update=changes))()


def test_the_command_confirms_an_address(app: Flask, cast: Cast) -> None:
    UserFactory(handle="erin", confirmed_at=None)
    runner = app.test_cli_runner()

    listed = runner.invoke(list_users).output
    first = runner.invoke(confirm, ["Erin@Example.org"])
    second = runner.invoke(confirm, ["erin@example.org"])
    unknown = runner.invoke(confirm, ["nobody@example.org"])

    assert "erin@example.org  erin  active, not confirmed" in listed
    assert first.output == "erin@example.org is confirmed now.\n"
    assert second.output == "erin@example.org was confirmed already.\n"
    assert unknown.exit_code == 1
    assert database.session.scalars(select(User).where(User.handle == "erin")).one().confirmed_at is not None


def test_who_was_never_confirmed_and_has_nothing_goes(app: Flask, cast: Cast) -> None:
    UserFactory(handle="gone", confirmed_at=None, create_datetime=LONG_AGO)
    UserFactory(handle="recent", confirmed_at=None)
    UserFactory(handle="confirmed", create_datetime=LONG_AGO)
    UserFactory(handle="switched-off", confirmed_at=None, create_datetime=LONG_AGO, active=False)
    EnrolmentFactory(course=cast.course, user=UserFactory(handle="in", confirmed_at=None, create_datetime=LONG_AGO))
    held = UserFactory(handle="held", confirmed_at=None, create_datetime=LONG_AGO)
    tokens.issue(held.id, name="a script", scopes=["read"], days=9, now=utcnow())
    before = handles()

    is_more = sweep(app)

    assert not is_more
    assert before - handles() == {"gone"}


def test_nobody_goes_where_that_is_switched_off(app: Flask, cast: Cast) -> None:
    UserFactory(handle="old", confirmed_at=None, create_datetime=LONG_AGO)

    sweep(app, unconfirmed_days=0)

    assert "old" in handles()


def test_who_is_enrolled_at_the_same_moment_stays(committed_db: Any) -> None:
    with committed_db.app.app_context():
        cast = make_cast()
        erin = UserFactory(handle="erin", confirmed_at=None, create_datetime=LONG_AGO)
        database.session.commit()
        with database.engine.connect() as other:
            other.exec_driver_sql(
                "INSERT INTO enrolments (course_id, user_id, role, enrolled_at) VALUES (%s, %s, 'student', now())",
                (cast.course.id, erin.id),
            )

            sweep(committed_db.app)
            other.commit()

        assert "erin" in handles()


def test_teachers_see_who_is_not_confirmed_and_send_the_mail_again(client: FlaskClient, cast: Cast) -> None:
    erin = UserFactory(handle="erin", confirmed_at=None)
    EnrolmentFactory(course=cast.course, user=erin)
    sign_in(client, "alice")
    address = f"/courses/shell/people/{erin.id}/confirmation"

    page = client.get("/courses/shell/people").text
    sent = [post(client, address).status_code for _ in range(6)]
    of_bob = post(client, f"/courses/shell/people/{cast.bob.id}/confirmation")

    assert page.count("address not confirmed yet") == 1
    assert page.count("Send the mail again") == 1
    assert sent == [302] * 5 + [429]
    letters = database.session.scalars(select(Mail).where(Mail.recipient == "erin@example.org")).all()
    assert len(letters) == 5
    assert "/confirm/" in letters[0].body_text
    assert of_bob.status_code == 302
    assert database.session.scalar(select(Mail).where(Mail.recipient == "bob@example.org")) is None
