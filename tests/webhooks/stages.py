"""Webhooks and deliveries as rows, for tests that send nothing."""

from typing import Any

from extensions import db
from models import Course, CourseEvent, Webhook, WebhookDelivery, utcnow
from models.webhook import DELIVERED
from services.outbound import Outbound
from services.webhooks import subscriptions

ADDRESS = "https://example.org/hook"


def add_webhook(course: Course, by_id: int, url: str = ADDRESS, kinds: tuple[str, ...] = ("lab.ended",)) -> Webhook:
    """Add a webhook, as a person does."""
    outbound = Outbound(may_private=True)
    return subscriptions.add(course, url, kinds, outbound, by_id=by_id, now=utcnow())


def add_delivery(webhook: Webhook, **values: Any) -> WebhookDelivery:
    """Add an event that was sent to a webhook."""
    detail = {"session": "s", "lab": "first-lab", "reason": "user"}
    event = CourseEvent(kind="lab.ended", course_id=webhook.course_id, user_id=None, detail=detail)
    db.session.add(event)
    db.session.flush()
    said = {"state": DELIVERED, "ended_at": utcnow(), **values}
    delivery = WebhookDelivery(webhook_id=webhook.id, event_id=event.id, **said)
    db.session.add(delivery)
    db.session.flush()
    return delivery
