"""What is sent to a webhook: signed, at least once, tried again, given up, never to an address inside."""

import json
import socket
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from config import Settings
from extensions import db
from models import CourseEvent, Mail, Webhook, WebhookDelivery, WebhookTry, utcnow
from models.webhook import DELIVERED, FAILED, FAILING, GONE, WAITING
from reasons import Code
from scheduler.ticks import feed
from services import events, leases
from services.errors import Refused
from services.webhooks import deliveries, secrets, subscriptions
from tests.factories import Cast
from tests.webhooks.conftest import SOON_S
from tests.webhooks.receiver import Receiver, Reply
from tests.webhooks.stages import add_webhook

Tell = Callable[[str], WebhookDelivery]
Send = Callable[..., int]


def secret_of(webhook: Webhook, settings: Settings) -> str:
    return secrets.shown(secrets.of(settings.secret_key, webhook.salt))


def last_try(delivery: WebhookDelivery) -> WebhookTry:
    query = select(WebhookTry).where(WebhookTry.delivery_id == delivery.id).order_by(WebhookTry.id.desc())
    return db.session.scalars(query.limit(1)).one()


def test_an_event_is_sent_signed_and_says_what_the_feed_says(
    cast: Cast, webhook: Webhook, receiver: Receiver, tell: Tell, send: Send, settings: Settings
) -> None:
    delivery = tell("c-1")
    event = db.session.get_one(CourseEvent, delivery.event_id)

    assert send() == 1

    (came,) = receiver.came
    assert (came.path, came.headers["content-type"]) == ("/hook", "application/json")
    assert json.loads(came.body) == events.document(event, "shell")
    assert came.headers["webhook-id"] == f"msg_{delivery.id.hex}"
    assert abs(int(came.headers["webhook-timestamp"]) - utcnow().timestamp()) < 60
    assert came.is_signed_by(secret_of(webhook, settings))
    assert not came.is_signed_by(secrets.shown(b"another key of thirty-two bytes."))
    assert delivery.state == DELIVERED
    assert (last_try(delivery).status, send()) == (204, 0)


def test_only_the_kinds_that_were_asked_for_are_sent_and_only_of_the_course(
    cast: Cast, webhook: Webhook, tell: Tell
) -> None:
    events.note("lab.ended", cast.course.id, cast.bob.id, session="s", lab="l", reason="user")
    events.note("certificate.issued", cast.course.id + 1, cast.bob.id, certificate="another course's")
    feed.work()

    assert db.session.query(WebhookDelivery).count() == 0


def test_a_new_secret_signs_beside_the_one_before_for_a_day(
    webhook: Webhook, receiver: Receiver, tell: Tell, send: Send, settings: Settings
) -> None:
    before = secret_of(webhook, settings)
    subscriptions.rotate(webhook, now=utcnow())
    after = secret_of(webhook, settings)
    tell("c-1")
    send()
    webhook.old_salt_until = utcnow() - timedelta(seconds=1)
    tell("c-2")
    send()

    both, only = receiver.came
    assert before != after
    assert (both.is_signed_by(before), both.is_signed_by(after)) == (True, True)
    assert (only.is_signed_by(before), only.is_signed_by(after)) == (False, True)


@pytest.mark.parametrize("status", [500, 404, 301, 307])
def test_what_is_not_taken_is_sent_again_later_under_the_same_id(
    webhook: Webhook, receiver: Receiver, tell: Tell, send: Send, status: int
) -> None:
    receiver.script = [Reply(status, {"Location": receiver.url + "/elsewhere"}, b"not now")]
    delivery = tell("c-1")

    assert send() == 1

    assert (delivery.state, delivery.tries) == (WAITING, 1)
    assert timedelta(0) < delivery.retry_at - utcnow() <= deliveries.RETRIES.first
    assert (last_try(delivery).status, last_try(delivery).answer) == (status, "not now")
    assert send(all_now=True) == 1
    assert delivery.state == DELIVERED
    assert [came.path for came in receiver.came] == ["/hook", "/hook"], "no redirection is followed"
    assert len({came.headers["webhook-id"] for came in receiver.came}) == 1


def test_a_receiver_that_says_nothing_is_given_up_when_its_time_is_over(
    webhook: Webhook, receiver: Receiver, tell: Tell, send: Send
) -> None:
    receiver.script = [Reply(holds=True)]
    delivery = tell("c-1")

    send(timeout_s=SOON_S)

    assert (delivery.state, last_try(delivery).status) == (WAITING, None)
    assert last_try(delivery).why.code == Code.CALL_TOO_SLOW
    assert last_try(delivery).took_ms >= 1000 * SOON_S


@pytest.mark.parametrize(
    "reply", [Reply(200, body=b"x" * 3_000_000), Reply(200, body=b"begins", drips=True)], ids=["huge", "endless"]
)
def test_of_a_long_answer_only_the_begin_is_read(
    webhook: Webhook, receiver: Receiver, tell: Tell, send: Send, reply: Reply
) -> None:
    receiver.script = [reply]
    delivery = tell("c-1")

    send()

    assert delivery.state == DELIVERED
    assert 0 < len(last_try(delivery).answer) <= deliveries.MOST_ANSWER


def test_an_address_inside_is_not_called_unless_the_site_says_so(
    webhook: Webhook, receiver: Receiver, tell: Tell, send: Send
) -> None:
    webhook.url = receiver.url.replace("http://", "https://")
    delivery = tell("c-1")

    send(may_private=False)

    assert (receiver.came, delivery.state) == ([], WAITING)
    assert last_try(delivery).why.code == Code.CALL_REFUSED_ADDRESS


def test_a_name_is_looked_up_once_and_that_address_is_called(
    webhook: Webhook, receiver: Receiver, tell: Tell, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    look_up = socket.getaddrinfo

    def rebind(host: str, *rest: object, **more: object) -> object:
        if host != "hooks.example.org":
            return look_up(host, *rest, **more)  # type: ignore[arg-type]  # as it was asked
        asked.append(host)
        first = "127.0.0.1" if len(asked) == 1 else "192.0.2.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (first, receiver.server.server_port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    webhook.url = f"http://hooks.example.org:{receiver.server.server_port}/hook"
    tell("c-1")

    send()

    assert (len(asked), len(receiver.came)) == (1, 1)
    assert receiver.came[0].headers["host"] == f"hooks.example.org:{receiver.server.server_port}"


def test_a_scheduler_that_dies_while_it_sends_loses_nothing(
    webhook: Webhook, receiver: Receiver, tell: Tell, send: Send
) -> None:
    delivery = tell("c-1")
    leases.hold_as("one that dies")
    assert deliveries.claim(utcnow()) == delivery
    leases.hold_as("")

    assert send() == 0, "it is in the other one's hands"
    later = utcnow() + leases.LEASE
    assert deliveries.claim(later) == delivery
    assert deliveries.claim(later) is None


def test_the_outcome_of_a_scheduler_that_was_paused_does_not_undo_anothers(
    webhook: Webhook, receiver: Receiver, tell: Tell
) -> None:
    delivery = tell("c-1")
    leases.hold_as("the paused one")
    deliveries.claim(utcnow())
    leases.hold_as("the other one")
    deliveries.claim(utcnow() + leases.LEASE)
    deliveries.note(delivery, deliveries.Outcome(5, 204), "https://yurt", now=utcnow())

    leases.hold_as("the paused one")
    deliveries.note(delivery, deliveries.Outcome(9000, 500), "https://yurt", now=utcnow())
    leases.hold_as("")

    db.session.expire_all()
    assert delivery.state == DELIVERED
    assert last_try(delivery).status == 204


def test_a_webhook_has_one_message_under_way_and_others_go_on(
    cast: Cast, webhook: Webhook, receiver: Receiver, tell: Tell
) -> None:
    other = add_webhook(cast.course, cast.alice.id, receiver.url + "-2", ("certificate.issued",))
    tell("c-1")
    tell("c-2")

    claimed = [deliveries.claim(utcnow()) for _ in range(3)]

    assert {found.webhook_id for found in claimed[:2] if found} == {webhook.id, other.id}
    assert claimed[2] is None


def test_pauses_grow_are_jittered_and_end(webhook: Webhook, receiver: Receiver, tell: Tell, send: Send) -> None:
    receiver.script = [Reply(500)] * deliveries.RETRIES.most
    delivery = tell("c-1")

    pauses = []
    for _ in range(deliveries.RETRIES.most):
        send(all_now=True)
        pauses.append(delivery.retry_at - utcnow() if delivery.retry_at else None)

    assert (delivery.state, pauses[-1]) == (FAILED, None)
    for tries, pause in enumerate(pauses[:-1], start=1):
        most = deliveries.RETRIES.pause(tries)
        assert most / 2 - timedelta(minutes=1) < pause <= most
    assert db.session.query(WebhookTry).count() == deliveries.RETRIES.most


def test_after_days_of_failure_it_is_switched_off_and_the_teachers_are_told(
    cast: Cast, webhook: Webhook, receiver: Receiver, tell: Tell, send: Send
) -> None:
    receiver.script = [Reply(500), Reply(500)]
    waiting = tell("c-1")
    send()
    assert webhook.is_on
    webhook.failing_since = utcnow() - deliveries.PATIENCE - timedelta(minutes=1)

    send(all_now=True)

    assert (webhook.disabled_because, waiting.state) == (FAILING, FAILED)
    mail = db.session.scalars(select(Mail).where(Mail.about == f"webhook:{webhook.id}")).one()
    assert mail.recipient == cast.alice.email
    assert f"/courses/shell/webhooks/{webhook.id}" in mail.body_text
    events.note("certificate.issued", cast.course.id, None, certificate="c-2")
    feed.work()
    assert db.session.query(WebhookDelivery).count() == 1, "nothing is made for one that is off"


def test_one_success_ends_a_failing_time(webhook: Webhook, receiver: Receiver, tell: Tell, send: Send) -> None:
    receiver.script = [Reply(500)]
    tell("c-1")
    send()
    assert webhook.failing_since is not None

    send(all_now=True)

    assert webhook.failing_since is None


def test_a_receiver_that_says_it_is_gone_is_believed_at_once(
    webhook: Webhook, receiver: Receiver, tell: Tell, send: Send
) -> None:
    receiver.script = [Reply(410)]
    delivery = tell("c-1")

    send()

    assert (delivery.state, webhook.disabled_because) == (FAILED, GONE)


def test_a_message_is_sent_again_by_hand_under_its_id(
    webhook: Webhook, receiver: Receiver, tell: Tell, send: Send
) -> None:
    delivery = tell("c-1")
    send()

    deliveries.redeliver(webhook, delivery, now=utcnow())

    assert send() == 1
    first, second = receiver.came
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert (first.body, delivery.state) == (second.body, DELIVERED)
    subscriptions.disable(webhook, GONE, now=utcnow())
    with pytest.raises(Refused):
        deliveries.redeliver(webhook, delivery, now=utcnow())


def test_what_was_sent_is_forgotten_with_its_event(webhook: Webhook, tell: Tell, send: Send) -> None:
    tell("c-1")
    send()
    db.session.execute(update(CourseEvent).values(at=utcnow() - timedelta(days=40)))

    events.prune(utcnow() - timedelta(days=30))

    db.session.expire_all()
    assert (db.session.query(WebhookDelivery).count(), db.session.query(WebhookTry).count()) == (0, 0)
