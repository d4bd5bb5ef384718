"""Webhooks and their deliveries as programs and pages get them; and what both need to make one."""

from typing import Any

import flask_babel
from flask import current_app

from config import Settings
from models import Webhook, WebhookDelivery
from reasons import sentence
from services.outbound import Outbound
from services.webhooks import secrets


def outbound() -> Outbound:
    """Return what says which addresses may be called on this site; nothing is called within a request."""
    settings: Settings = current_app.extensions["yurt"]
    return Outbound(may_private=settings.call_private_addresses)


def secret(webhook: Webhook) -> str:
    """Return a webhook's secret, for the one time that it is shown."""
    settings: Settings = current_app.extensions["yurt"]
    return secrets.shown(secrets.of(settings.secret_key, webhook.salt))


def webhook(row: Webhook) -> dict[str, Any]:
    """Return what is told of a webhook."""
    names = ("id", "url", "kinds", "is_on", "disabled_because", "disabled_at", "failing_since", "made_at")
    return {**{name: getattr(row, name) for name in names}, "old_secret_until": row.old_salt_until}


def delivery(row: WebhookDelivery) -> dict[str, Any]:
    """Return what is told of a delivery."""
    return {
        "id": row.id,
        "message_id": f"msg_{row.id.hex}",
        "state": row.state,
        "type": row.event.kind,
        "position": row.event.position,
        "made_at": row.made_at,
        "next_try_at": row.retry_at if row.state == "waiting" else None,
        "ended_at": row.ended_at,
        "tries": [
            {
                "at": each.at,
                "status": each.status,
                "reason": {**each.why.as_json(), "text": sentence(each.why, flask_babel)} if each.why else None,
                "took_ms": each.took_ms,
                "answer": each.answer,
            }
            for each in row.outcomes
        ],
    }
