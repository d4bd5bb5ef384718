"""A course with a webhook to a receiver on loopback, and the scheduler's part."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import update

from config import Settings
from extensions import db
from models import Webhook, WebhookDelivery, utcnow
from scheduler.ticks import feed
from scheduler.ticks.webhooks import sender
from services import events
from services.outbound import Outbound
from tests.factories import Cast
from tests.webhooks.receiver import Receiver, receiving
from tests.webhooks.stages import add_webhook

# Of a call that is to fail for its time.
SOON_S = 0.5


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def webhook(cast: Cast, receiver: Receiver) -> Webhook:
    """Sends certificates, after what the cast itself told is placed."""
    db.session.flush()
    feed.work()
    return add_webhook(cast.course, cast.alice.id, receiver.url, ("certificate.issued",))


@pytest.fixture
def tell(cast: Cast) -> Callable[[str], WebhookDelivery]:
    """Tell an event, and return the delivery that came of it."""

    def happen(number: str) -> WebhookDelivery:
        events.note("certificate.issued", cast.course.id, cast.bob.id, certificate=number)
        feed.work()
        return db.session.query(WebhookDelivery).order_by(WebhookDelivery.event_id.desc()).first()

    return happen


@pytest.fixture
def send(settings: Settings) -> Callable[..., int]:
    """Send all that is due, and return how many tries that took."""

    def work(*, may_private: bool = True, timeout_s: float = 20.0, all_now: bool = False) -> int:
        if all_now:
            db.session.execute(update(WebhookDelivery).values(retry_at=utcnow()))
        turn, count = sender(settings, Outbound(may_private, timeout_s)), 0
        while turn():
            count += 1
        db.session.expire_all()
        return count

    return work
