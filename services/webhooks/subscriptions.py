"""Which addresses get which events of a course: made, changed, rotated, removed. Each is noted in the audit log."""

from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from sqlalchemy import func, select, update

from extensions import db
from models import Course, Webhook, WebhookDelivery
from models.webhook import BY_PERSON, FAILED, WAITING
from reasons import Code, Reason
from services import audit, events, leases
from services.errors import Conflict, InvalidInput, NotFound
from services.outbound import Outbound, is_public
from services.webhooks import secrets

MOST = 10
LONGEST_URL = 2_000


def of(course: Course) -> Sequence[Webhook]:
    """Return a course's webhooks, the oldest first."""
    return db.session.scalars(select(Webhook).where(Webhook.course_id == course.id).order_by(Webhook.id)).all()


def find(course: Course, webhook_id: int) -> Webhook:
    """Return a webhook of the course; raise NotFound."""
    webhook = db.session.get(Webhook, webhook_id) if webhook_id < 2**63 else None
    if webhook is None or webhook.course_id != course.id:
        raise NotFound
    return webhook


def add(course: Course, url: str, kinds: Sequence[str], outbound: Outbound, *, by_id: int, now: datetime) -> Webhook:
    """Let events of some kinds be sent to an address; raise InvalidInput, or Conflict where there are `MOST`."""
    url, kinds = _checked(url, kinds, outbound)
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"webhooks:{course.id}", 0))))
    if len(of(course)) >= MOST:
        raise Conflict(f"A course has {MOST} webhooks at most.")
    made = Webhook(course_id=course.id, url=url, kinds=kinds, salt=secrets.new_salt(), made_by_id=by_id, made_at=now)
    db.session.add(made)
    db.session.flush()
    _note("webhook.added", made)
    return made


def change(webhook: Webhook, url: str, kinds: Sequence[str], outbound: Outbound, *, is_on: bool, now: datetime) -> None:
    """Change where a webhook sends what, and whether it does; what failed before is forgotten where it is on again."""
    webhook.url, webhook.kinds = _checked(url, kinds, outbound)
    if is_on and not webhook.is_on:
        webhook.disabled_at = webhook.disabled_because = webhook.failing_since = None
    elif not is_on and webhook.is_on:
        disable(webhook, BY_PERSON, now=now)
    db.session.flush()
    _note("webhook.changed", webhook, is_on=is_on)


def disable(webhook: Webhook, because: str, *, now: datetime) -> None:
    """Send nothing to a webhook any more; what waits is given up."""
    webhook.disabled_at, webhook.disabled_because = now, because
    waiting = update(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook.id, WebhookDelivery.state == WAITING)
    values = {"state": FAILED, "ended_at": now, **leases.FREE}
    db.session.execute(waiting.values(values).execution_options(synchronize_session=False))
    db.session.flush()


def rotate(webhook: Webhook, *, now: datetime) -> None:
    """Give a webhook another secret; the one that it has signs as well for a day."""
    webhook.old_salt, webhook.old_salt_until = webhook.salt, now + secrets.OVERLAP
    webhook.salt = secrets.new_salt()
    db.session.flush()
    _note("webhook.secret_rotated", webhook)


def remove(webhook: Webhook) -> None:
    """Remove a webhook with its log."""
    _note("webhook.removed", webhook)
    db.session.delete(webhook)
    db.session.flush()


def _checked(url: str, kinds: Sequence[str], outbound: Outbound) -> tuple[str, list[str]]:
    """Return what is kept. Names are resolved when something is sent, never here: that waits for another server."""
    url = url.strip()
    if len(url) > LONGEST_URL or not url.isascii() or not outbound.is_fit(url) or not _may_be_called(url, outbound):
        raise InvalidInput("url", Reason(Code.WEBHOOK_URL_UNFIT))
    if not kinds or not set(kinds) <= set(events.KINDS):
        raise InvalidInput("kinds", Reason(Code.ONE_OF, choices=", ".join(events.KINDS)))
    return url, [kind for kind in events.KINDS if kind in kinds]


def _may_be_called(url: str, outbound: Outbound) -> bool:
    """Whether an address that names no host but an IP is one of the public net; a host is looked up later."""
    host = urlsplit(url).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return True
    return outbound.may_private or is_public(host)


def _note(act: str, webhook: Webhook, **more: bool) -> None:
    # The rest of the address may hold a secret of its receiver's.
    audit.note(act, webhook.course_id, webhook=webhook.id, host=urlsplit(webhook.url).hostname, **more)
