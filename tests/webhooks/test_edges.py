"""Webhooks through the API and on pages: who may, what is refused, and that a secret is shown once."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from extensions import db
from models import AuditEntry, Webhook, WebhookDelivery
from tests.api.conftest import Program, alice, documented, problem, program
from tests.factories import Cast
from tests.people import post, sign_in
from tests.webhooks.stages import ADDRESS, add_delivery, add_webhook

__all__ = ["alice", "documented", "program"]
ALL = "/courses/shell/webhooks"
ASKED = {"url": ADDRESS, "kinds": ["attempt.graded", "lab.ended"]}


def test_a_webhooks_whole_life(alice: Program) -> None:
    made = alice.post(ALL, ASKED).get_json()
    one = f"{ALL}/{made['id']}"
    assert made["secret"].startswith("whsec_")
    assert "secret" not in alice.get(one).get_json()

    rotated = alice.post(f"{one}/secret").get_json()
    changed = alice.put(one, {**ASKED, "kinds": ["lab.ended"], "is_on": False}).get_json()

    assert rotated["secret"] != made["secret"]
    assert rotated["old_secret_until"] is not None
    assert (changed["kinds"], changed["is_on"], changed["disabled_because"]) == (["lab.ended"], False, "person")
    assert alice.put(one, ASKED).get_json()["is_on"] is True
    assert alice.delete(one).status_code == 204
    assert alice.get(ALL).get_json() == {"webhooks": []}
    logged = db.session.scalars(select(AuditEntry.act).where(AuditEntry.act.startswith("webhook.")))
    assert [act.removeprefix("webhook.") for act in logged] == [
        *("added", "secret_rotated", "changed", "changed", "removed")
    ]


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.org/hook", "https://127.0.0.1/hook", "https://[::1]/hook", "https://169.254.169.254/"),
        *("https://me:secret@example.org/", "ftp://example.org/", "example.org", "https://", "https://bücher.example/"),
    ],
)
def test_an_address_that_may_not_be_called_is_refused_before_anything_is_sent(alice: Program, url: str) -> None:
    body = problem(alice.post(ALL, {**ASKED, "url": url}), 422)

    assert body["errors"][0]["field"] == "url"


def test_kinds_that_are_none_are_refused(alice: Program) -> None:
    assert problem(alice.post(ALL, {**ASKED, "kinds": []}), 422)["errors"][0]["field"] == "kinds"
    assert alice.post(ALL, {**ASKED, "kinds": ["course.burnt"]}).status_code == 422


def test_a_course_has_so_many_webhooks_and_no_more(alice: Program, cast: Cast) -> None:
    for number in range(10):
        add_webhook(cast.course, cast.alice.id, f"{ADDRESS}/{number}")

    assert problem(alice.post(ALL, ASKED), 409)["detail"] == "A course has 10 webhooks at most."


def test_the_log_is_read_in_pages_and_a_message_sent_again(alice: Program, cast: Cast) -> None:
    webhook = add_webhook(cast.course, cast.alice.id)
    sent = [add_delivery(webhook).id for _ in range(3)]
    one = f"{ALL}/{webhook.id}"

    first = alice.get(f"{one}/deliveries?per_page=2").get_json()
    rest = alice.get(f"{one}/deliveries?after={first['after']}").get_json()
    again = alice.post(f"{one}/deliveries/{sent[0]}/redelivery")

    assert [row["id"] for row in first["deliveries"]] == [str(sent[2]), str(sent[1])]
    assert ([row["id"] for row in rest["deliveries"]], rest["after"]) == ([str(sent[0])], None)
    assert (again.status_code, again.get_json()["state"]) == (202, "waiting")
    assert db.session.get_one(WebhookDelivery, sent[0]).retry_at is not None
    other = add_delivery(add_webhook(cast.course, cast.alice.id))
    assert alice.post(f"{one}/deliveries/{other.id}/redelivery").status_code == 404
    alice.put(one, {**ASKED, "is_on": False})
    assert problem(alice.post(f"{one}/deliveries/{sent[1]}/redelivery"), 409)["reason"]["code"] == "webhook_off"


def test_a_webhook_is_its_courses(program: Callable[..., Program], cast: Cast) -> None:
    webhook = add_webhook(cast.course, cast.alice.id)

    assert program("alice").get(f"/courses/no-such/webhooks/{webhook.id}").status_code == 404
    assert program("bob").get(f"{ALL}/{webhook.id}").status_code == 403
    assert program("alice").get(f"{ALL}/{2**63}").status_code == 404


def test_the_page_shows_a_secret_once_and_nothing_is_called_meanwhile(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "alice")

    # Nobody answers there; a page that called it would wait, or fail.
    made = post(client, ALL, url="https://nobody.invalid/hook", kinds="lab.ended")

    webhook = db.session.scalars(select(Webhook)).one()
    assert "whsec_" in made.text
    assert "whsec_" not in client.get(f"{ALL}/{webhook.id}").text
    assert webhook.kinds == ["lab.ended"]
    assert webhook.salt not in made.text


def test_the_page_says_what_is_wrong_and_keeps_what_was_typed(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "alice")

    answer = post(client, ALL, url="http://example.org/hook", kinds="lab.ended")

    assert answer.status_code == 422
    assert "Must be an https:// address of the public net" in answer.text
    assert 'value="http://example.org/hook"' in answer.text
