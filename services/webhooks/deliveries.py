"""Deliveries: made with an event's place in the feed, sent by the scheduler, tried again, given up, sent anew by hand.

A delivery is claimed with a lease and sent, and the outcome is written by compare-and-set. A worker that dies meanwhile
leaves the lease to run out, and another one sends the same message again: at least once, and known by its ID.
"""

import json
import random
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased, joinedload, selectinload

from extensions import db
from models import CourseEvent, Webhook, WebhookDelivery, WebhookTry
from models.webhook import DELIVERED, DELIVERY_TRANSITIONS, FAILED, FAILING, GONE, WAITING
from reasons import Code, Reason
from services import audit, changes, events, leases, live
from services.errors import NotFound, Refused
from services.outbound import Answer, CallFailed
from services.webhooks import notices, secrets, subscriptions

TOPIC = "webhooks"
# 30 s, a minute, two, ... six hours: given up after some two days and a half.
RETRIES = leases.Retries(most=18, first=timedelta(seconds=30), longest=timedelta(hours=6))
# A receiver that has taken nothing for so long isn't asked any more.
PATIENCE = timedelta(days=3)
# What the log keeps of an answer.
MOST_ANSWER = 1_000
OPEN = (WebhookDelivery.state == WAITING,)
PER_PAGE = 25
WHY = {
    "refused_address": Code.CALL_REFUSED_ADDRESS,
    "unreachable": Code.CALL_UNREACHABLE,
    "too_slow": Code.CALL_TOO_SLOW,
    "too_large": Code.CALL_UNREACHABLE,
    "tls": Code.CALL_TLS,
}


@dataclass(frozen=True)
class Letter:
    """What is sent where."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Outcome:
    """How a try went: the `status` that came, or `why` none did."""

    took_ms: int
    status: int | None = None
    why: Reason | None = None
    answer: str = ""

    @property
    def is_taken(self) -> bool:
        """Whether the receiver has the message. A redirection isn't followed, and so is a failure."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True)
class Slice:
    """A page of a webhook's log, the newest first; `after` is where the next one begins, None at the end."""

    rows: Sequence[WebhookDelivery]
    after: int | None


def queue(placed: Sequence[CourseEvent], *, now: datetime) -> int:
    """Make the deliveries of events that get their places now, in the same transaction; return how many."""
    if not placed:
        return 0
    wanted = (
        select(Webhook.id, CourseEvent.id, literal(WAITING), literal(now), literal(now))
        .join(CourseEvent, (CourseEvent.course_id == Webhook.course_id) & (CourseEvent.kind == func.any(Webhook.kinds)))
        .where(CourseEvent.id.in_([event.id for event in placed]), Webhook.disabled_at.is_(None))
    )
    columns = ["webhook_id", "event_id", "state", "made_at", "retry_at"]
    # The database's own defaults: an ID for each row.
    made = insert(WebhookDelivery).from_select(columns, wanted, include_defaults=False)
    count = len(db.session.execute(made.on_conflict_do_nothing().returning(WebhookDelivery.id)).all())
    if count:
        live.nudge(TOPIC)
    return count


def due(_now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask from when on a delivery is due."""
    return select(func.min(leases.due_at(WebhookDelivery))).where(*OPEN).scalar_subquery()


def claim(now: datetime, but: Collection[uuid.UUID] = ()) -> WebhookDelivery | None:
    """Take a lease on the delivery that is due longest; of a webhook whose receiver answers slowly, one at a time."""
    other = aliased(WebhookDelivery)
    is_busy = select(other.id).where(
        other.webhook_id == WebhookDelivery.webhook_id, other.state == WAITING, other.leased_until > now
    )
    order = [leases.due_at(WebhookDelivery), WebhookDelivery.event_id]
    return leases.claim(WebhookDelivery, now, *OPEN, ~is_busy.exists(), order_by=order, but=but)


def letter(delivery: WebhookDelivery, site_key: str, *, now: datetime) -> Letter:
    """Write what is sent; the same message has the same ID and body each time."""
    webhook = delivery.webhook
    document = events.document(delivery.event, webhook.course.slug)
    body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    signed = secrets.headers(secrets.active(webhook, site_key, now), f"msg_{delivery.id.hex}", now, body)
    return Letter(webhook.url, {"Content-Type": "application/json", **signed}, body)


def answered(answer: Answer, took_ms: int) -> Outcome:
    """Return the outcome of a call that was answered."""
    # PostgreSQL keeps no NUL.
    said = answer.body[:MOST_ANSWER].decode(errors="replace").replace("\x00", "")
    return Outcome(took_ms, answer.status, answer=said)


def unanswered(error: CallFailed, took_ms: int) -> Outcome:
    """Return the outcome of a call that wasn't."""
    return Outcome(took_ms, why=Reason(WHY[error.why]))


def note(delivery: WebhookDelivery, outcome: Outcome, public_url: str, *, now: datetime) -> None:
    """Write how a try went, and when the next one is; nothing where somebody else holds the delivery by now."""
    tries = delivery.tries + (not outcome.is_taken)
    if outcome.is_taken:
        values = {"state": DELIVERED, "ended_at": now, **leases.FREE}
    elif outcome.status == 410 or RETRIES.is_over(tries):
        values = {"state": FAILED, "ended_at": now, "tries": tries, **leases.FREE}
    else:
        # Receivers that were down aren't asked by everybody at once when they are back.
        pause = RETRIES.pause(tries) * random.uniform(0.5, 1)
        values = {**leases.waiting(now + pause), "tries": tries}
    mine = (WebhookDelivery.id == delivery.id, *OPEN, WebhookDelivery.holder == leases.holder())
    if changes.one(WebhookDelivery, *mine, WebhookDelivery.leased_until.is_not(None), **values) is None:
        return
    db.session.add(WebhookTry(delivery_id=delivery.id, at=now, **vars(outcome)))
    webhook = db.session.get(Webhook, delivery.webhook_id, with_for_update=True, populate_existing=True)
    if webhook is None:
        return
    if outcome.is_taken:
        webhook.failing_since = None
        return
    webhook.failing_since = webhook.failing_since or now
    is_gone = outcome.status == 410
    if webhook.is_on and (is_gone or now - webhook.failing_since > PATIENCE):
        subscriptions.disable(webhook, GONE if is_gone else FAILING, now=now)
        notices.tell_teachers(webhook, public_url)


def find(webhook: Webhook, delivery_id: uuid.UUID) -> WebhookDelivery:
    """Return a delivery of a webhook; raise NotFound."""
    delivery = db.session.get(WebhookDelivery, delivery_id)
    if delivery is None or delivery.webhook_id != webhook.id:
        raise NotFound
    return delivery


def redeliver(webhook: Webhook, delivery: WebhookDelivery, *, now: datetime) -> WebhookDelivery:
    """Send a message once more, under its ID; one that waits for its next try has it now."""
    if not webhook.is_on:
        raise Refused(Reason(Code.WEBHOOK_OFF))
    fresh = {"tries": 0, **leases.waiting(now)}
    mine = WebhookDelivery.id == delivery.id
    before = [old for old, following in DELIVERY_TRANSITIONS.items() if WAITING in following]
    again = changes.one(WebhookDelivery, mine, WebhookDelivery.state.in_(before), state=WAITING, ended_at=None, **fresh)
    again = again or changes.one(WebhookDelivery, mine, *OPEN, WebhookDelivery.leased_until.is_(None), **fresh)
    audit.note("webhook.redelivered", webhook.course_id, webhook=webhook.id, delivery=delivery.id)
    live.nudge(TOPIC)
    return again or delivery


def page(webhook: Webhook, *, after: int | None = None, per_page: int = PER_PAGE) -> Slice:
    """Return deliveries of a webhook with their events and tries, of events older than the one with ID `after`."""
    query = (
        select(WebhookDelivery)
        .where(WebhookDelivery.webhook_id == webhook.id)
        .options(joinedload(WebhookDelivery.event), selectinload(WebhookDelivery.outcomes))
        .order_by(WebhookDelivery.event_id.desc())
        .limit(per_page + 1)
        .execution_options(populate_existing=True)
    )
    if after is not None:
        query = query.where(WebhookDelivery.event_id < min(after, 2**63 - 1))
    rows = db.session.scalars(query).all()
    return Slice(rows[:per_page], rows[per_page - 1].event_id if len(rows) > per_page else None)
