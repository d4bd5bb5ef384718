"""Sends events to webhooks: one request for each delivery, never within a request of somebody's."""

import time
from collections.abc import Callable

import structlog

from config import Settings
from extensions import db
from models import WebhookDelivery, utcnow
from scheduler.ticks.lease_renewals import LeaseKeeper, nothing
from services.outbound import CallFailed, Outbound
from services.webhooks import deliveries
from services.webhooks.deliveries import Outcome

log = structlog.get_logger("yurt.scheduler")


def sender(settings: Settings, outbound: Outbound, keeper: LeaseKeeper | None = None) -> Callable[..., bool]:
    """Return the work of the tick; `keeper` keeps what is being sent from being taken over."""
    keeper = keeper or LeaseKeeper()

    def work(claimed_one: Callable[[], None] = nothing) -> bool:
        delivery = deliveries.claim(utcnow(), keeper.of(WebhookDelivery))
        if delivery is None:
            db.session.commit()
            return False
        with keeper.hold(delivery.id, WebhookDelivery):
            letter = deliveries.letter(delivery, settings.secret_key, now=utcnow())
            db.session.commit()
            claimed_one()
            outcome = _send(outbound, letter)
            deliveries.note(delivery, outcome, settings.public_url, now=utcnow())
            db.session.commit()
        if not outcome.is_taken:
            # Not the address: it may hold a secret of its receiver's.
            log.warning("webhook not delivered", delivery=str(delivery.id), status=outcome.status, why=outcome.why)
        return True

    return work


def _send(outbound: Outbound, letter: deliveries.Letter) -> Outcome:
    began = time.perf_counter()

    def took() -> int:
        return round(1000 * (time.perf_counter() - began))

    try:
        answer = outbound.call(
            "POST", letter.url, headers=letter.headers, body=letter.body, most=deliveries.MOST_ANSWER, is_cut=True
        )
    except CallFailed as error:
        return deliveries.unanswered(error, took())
    return deliveries.answered(answer, took())
