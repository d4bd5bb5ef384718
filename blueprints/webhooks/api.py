"""The JSON API of webhooks; for a course's staff."""

import uuid
from typing import Any

from apiflask import APIBlueprint

from blueprints import access
from blueprints.bearer import auth, me, scope
from blueprints.pages import now
from blueprints.schemas import responses
from blueprints.webhooks import documents
from blueprints.webhooks.schemas import (
    DeliveriesOut,
    DeliveriesQuery,
    DeliveryOut,
    WebhookChangeIn,
    WebhookIn,
    WebhookOut,
    WebhookSecretOut,
    WebhooksOut,
)
from extensions import db
from models import Webhook
from services.webhooks import deliveries, subscriptions

webhooks_api = APIBlueprint("webhooks_api", __name__, tag="Events")
ALL = "/courses/<slug>/webhooks"
ONE = f"{ALL}/<int:webhook_id>"


@webhooks_api.get(ALL)
@webhooks_api.auth_required(auth)
@webhooks_api.output(WebhooksOut)
@webhooks_api.doc(summary="List the webhooks of a course", responses=responses(403, 404))
@scope("events:read")
def list_webhooks(slug: str) -> Any:
    """Give where events are sent, and whether that works."""
    return {"webhooks": [documents.webhook(row) for row in subscriptions.of(access.hooked(slug, me()))]}


@webhooks_api.post(ALL)
@webhooks_api.auth_required(auth)
@webhooks_api.input(WebhookIn)
@webhooks_api.output(WebhookSecretOut, status_code=201)
@webhooks_api.doc(summary="Have events sent to an address", responses=responses(403, 404, 409, 422))
@scope("events:write")
def create_webhook(slug: str, json_data: WebhookIn) -> Any:
    """Make a webhook, and give its secret this once; 409 where the course has as many as it may have."""
    course = access.hooked(slug, me())
    made = subscriptions.add(course, json_data.url, json_data.kinds, documents.outbound(), by_id=me().id, now=now())
    db.session.commit()
    return {**documents.webhook(made), "secret": documents.secret(made)}


@webhooks_api.get(ONE)
@webhooks_api.auth_required(auth)
@webhooks_api.output(WebhookOut)
@webhooks_api.doc(summary="Read a webhook", responses=responses(403, 404))
@scope("events:read")
def read_webhook(slug: str, webhook_id: int) -> Any:
    """Give what is sent where, and whether that works."""
    return documents.webhook(_found(slug, webhook_id))


@webhooks_api.put(ONE)
@webhooks_api.auth_required(auth)
@webhooks_api.input(WebhookChangeIn)
@webhooks_api.output(WebhookOut)
@webhooks_api.doc(summary="Change a webhook", responses=responses(403, 404, 422))
@scope("events:write")
def change_webhook(slug: str, webhook_id: int, json_data: WebhookChangeIn) -> Any:
    """Send other events, or to another address, or nothing; or switch it on again."""
    webhook = _found(slug, webhook_id)
    url, kinds, is_on = json_data.url, json_data.kinds, json_data.is_on
    subscriptions.change(webhook, url, kinds, documents.outbound(), is_on=is_on, now=now())
    db.session.commit()
    return documents.webhook(webhook)


@webhooks_api.delete(ONE)
@webhooks_api.auth_required(auth)
@webhooks_api.output({}, status_code=204)
@webhooks_api.doc(summary="Remove a webhook with its log", responses=responses(403, 404))
@scope("events:write")
def delete_webhook(slug: str, webhook_id: int) -> Any:
    """Send nothing there any more."""
    subscriptions.remove(_found(slug, webhook_id))
    db.session.commit()
    return ""


@webhooks_api.post(f"{ONE}/secret")
@webhooks_api.auth_required(auth)
@webhooks_api.output(WebhookSecretOut)
@webhooks_api.doc(summary="Replace the secret of a webhook", responses=responses(403, 404))
@scope("events:write")
def rotate_secret(slug: str, webhook_id: int) -> Any:
    """Give another secret this once; for a day what is sent has the signatures of both."""
    webhook = _found(slug, webhook_id)
    subscriptions.rotate(webhook, now=now())
    db.session.commit()
    return {**documents.webhook(webhook), "secret": documents.secret(webhook)}


@webhooks_api.get(f"{ONE}/deliveries")
@webhooks_api.auth_required(auth)
@webhooks_api.input(DeliveriesQuery, location="query")
@webhooks_api.output(DeliveriesOut)
@webhooks_api.doc(summary="Read what was sent to a webhook", responses=responses(403, 404, 422))
@scope("events:read")
def list_deliveries(slug: str, webhook_id: int, query_data: DeliveriesQuery) -> Any:
    """Give each event that was sent with every try, the newest first."""
    page = deliveries.page(_found(slug, webhook_id), after=query_data.after, per_page=query_data.per_page)
    return {"deliveries": [documents.delivery(row) for row in page.rows], "after": page.after}


@webhooks_api.post(f"{ONE}/deliveries/<uuid:delivery_id>/redelivery")
@webhooks_api.auth_required(auth)
@webhooks_api.output(DeliveryOut, status_code=202)
@webhooks_api.doc(summary="Send a message again", responses=responses(403, 404, 409))
@scope("events:write")
def redeliver(slug: str, webhook_id: int, delivery_id: uuid.UUID) -> Any:
    """Have the scheduler send it once more, under the same `webhook-id`; 409 where the webhook is off."""
    webhook = _found(slug, webhook_id)
    again = deliveries.redeliver(webhook, deliveries.find(webhook, delivery_id), now=now())
    db.session.commit()
    return documents.delivery(again)


def _found(slug: str, webhook_id: int) -> Webhook:
    return subscriptions.find(access.hooked(slug, me()), webhook_id)
