"""The outbox: every mail leaves once it can, and says when it comes a second time."""

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from config import Settings
from extensions import db as database
from models import Mail, utcnow
from scheduler.ticks.idleness import judge
from scheduler.ticks.mail import sender
from services import outbox
from tests.people import sign_in
from tests.scheduler.postbox import Postbox
from tests.sites import free_port

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def mail(app: object, db: object) -> Mail:
    row = Mail(
        recipient="bob@example.org",
        subject="Choose a new password\nBcc: eve@example.org",
        body_text="Grüße: https://learn.example.org/reset/x",
        body_html="<p>Grüße</p>",
        created_at=NOW,
        retry_at=NOW,
    )
    database.session.add(row)
    database.session.commit()
    return row


def with_smtp(settings: Settings, url: str) -> Settings:
    return settings.model_copy(update={"mail_url": url})


def test_without_a_mail_server_mail_is_a_file(settings: Settings, mail: Mail) -> None:
    assert sender(settings)()
    assert not sender(settings)()

    (path,) = Path(settings.var_dir, "mail").glob(f"*-{mail.id}-*.eml")
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert path.name == f"20260302T090000-{mail.id}-bob@example.org.eml"
    assert path.stat().st_mode & 0o777 == 0o600
    assert message["To"] == "bob@example.org"
    assert message["Bcc"] is None
    assert "Grüße" in message.get_body(("plain",)).get_content()
    assert mail.sent_at is not None


def test_a_mail_server_gets_it_once(settings: Settings, mail: Mail, postbox: Postbox) -> None:
    send = sender(with_smtp(settings, postbox.url))

    assert send()
    assert not send()

    (sent,) = postbox.taken
    assert f"<mail-{mail.id}.".encode() in sent


def test_what_is_refused_is_tried_again_later_under_the_same_id(
    settings: Settings, mail: Mail, postbox: Postbox
) -> None:
    postbox.refusals = 1
    mail.created_at = utcnow()
    database.session.commit()
    send = sender(with_smtp(settings, postbox.url))

    send()

    assert (mail.sent_at, mail.tries) == (None, 1)
    assert mail.retry_at > utcnow() + timedelta(seconds=20)
    assert not send()
    mail.retry_at = utcnow()
    database.session.commit()
    send()
    assert mail.sent_at is not None
    assert len(postbox.taken) == 1


def test_mail_is_encrypted_where_the_server_offers_it(settings: Settings, mail: Mail, postbox: Postbox) -> None:
    postbox.extensions = [b"STARTTLS"]

    sender(with_smtp(settings, postbox.url))()

    assert b"STARTTLS" in postbox.words
    assert (mail.sent_at, mail.tries, postbox.taken) == (None, 1, [])


def test_a_password_is_never_sent_in_clear(settings: Settings, mail: Mail, postbox: Postbox) -> None:
    postbox.extensions = [b"AUTH PLAIN"]

    sender(with_smtp(settings, postbox.url.replace("smtp://", "smtp://yurt:secret@")))()

    assert b"AUTH" not in postbox.words
    assert (mail.sent_at, mail.tries) == (None, 1)


def test_a_mail_that_nobody_took_for_four_days_is_given_up(settings: Settings, mail: Mail, postbox: Postbox) -> None:
    postbox.refusals = 1
    mail.created_at = utcnow() - timedelta(days=4, minutes=1)
    database.session.commit()

    sender(with_smtp(settings, postbox.url))()

    assert mail.sent_at is None
    assert mail.given_up_at is not None
    assert outbox.claim(utcnow() + timedelta(days=1)) is None
    assert database.session.scalar(select(outbox.due(utcnow()))) is None


def test_a_mail_server_that_is_away_costs_no_mail(settings: Settings, mail: Mail) -> None:
    sender(with_smtp(settings, f"smtp://127.0.0.1:{free_port()}"))()

    assert (mail.sent_at, mail.tries) == (None, 1)


def test_a_mail_that_cannot_be_written_does_not_hold_up_the_next(settings: Settings, mail: Mail) -> None:
    mail.recipient = "bob@example.org\nBcc: eve@example.org"
    good = Mail(recipient="alice@example.org", subject="s", body_text="t", retry_at=NOW + timedelta(seconds=1))
    database.session.add(good)
    database.session.commit()

    send = sender(settings)
    while send():
        pass

    assert (mail.sent_at, mail.tries) == (None, 1)
    assert good.sent_at is not None


def test_a_claimed_mail_is_hidden_from_others_until_its_sender_is_given_up(app: object, mail: Mail) -> None:
    assert outbox.claim(NOW) == mail
    assert outbox.claim(NOW + timedelta(seconds=59)) is None
    assert outbox.claim(NOW + timedelta(seconds=61)) == mail


def test_a_warning_that_would_come_after_what_it_warns_of_is_not_sent(app: object, mail: Mail) -> None:
    mail.useless_at = NOW + timedelta(minutes=2)
    database.session.commit()
    outbox.claim(NOW)
    outbox.put_off(mail, now=NOW)

    assert outbox.claim(NOW + timedelta(minutes=2)) is None

    database.session.refresh(mail)
    assert mail.given_up_at == NOW + timedelta(minutes=2) and mail.sent_at is None


def test_the_pause_grows_up_to_six_hours(mail: Mail) -> None:
    pauses = []
    for _ in range(14):
        outbox.put_off(mail, now=NOW)
        pauses.append((mail.retry_at - NOW).total_seconds())

    assert pauses[:3] == [30, 60, 120]
    assert pauses[-1] == 6 * 3600
    assert mail.given_up_at is None


@pytest.mark.parametrize("why", ["idle", "age"])
def test_both_warnings_come_and_their_link_opens_the_lab(
    settings: Settings, client: FlaskClient, running: Any, postbox: Postbox, why: str
) -> None:
    now, url = utcnow(), "https://learn.example.org"
    near = {"expires_at": now + timedelta(minutes=14)} if why == "age" else {"expires_at": now + timedelta(hours=5)}
    unused = timedelta(minutes=106 if why == "idle" else 0)
    found = running(started_at=now - timedelta(hours=3), last_active_at=now - unused, **near)
    send = sender(with_smtp(settings, postbox.url))

    for minutes in (0, 1, 13.5, 14):
        judge(now + timedelta(minutes=minutes), url)
        while send():
            pass

    first, last = [message_from_bytes(data, policy=policy.default) for data in postbox.taken]
    assert {first["To"], last["To"]} == {found.user.email}
    assert (first["Subject"][:8], last["Subject"][:12]) == ("Your lab", "Last warning")
    text = last.get_content()
    assert ("longest life" in text) is (why == "age")
    (link,) = re.findall(r"https://\S+", text)
    assert link.startswith(f"{url}/")
    sign_in(client, "bob")
    assert client.get(link.removeprefix(url)).status_code == 200


def test_a_mail_to_an_account_without_an_address_is_given_up_unsent(
    settings: Settings, mail: Mail, postbox: Postbox
) -> None:
    mail.recipient = "0c1d@lti.invalid"
    database.session.commit()

    assert not sender(with_smtp(settings, postbox.url))()

    database.session.refresh(mail)
    assert (mail.sent_at, mail.given_up_at is None, postbox.taken) == (None, False, [])
