"""A scheduler that is killed while a receiver thinks: the message is sent again by the next one, under the same ID."""

from pathlib import Path
from typing import Any

import pytest

from extensions import db
from models import WebhookDelivery
from services import events
from tests.generations.test_kills import kill_child
from tests.kept_cast import find_cast
from tests.scheduler.test_process import eventually, scheduler
from tests.webhooks.receiver import Reply, receiving
from tests.webhooks.stages import add_webhook

pytestmark = pytest.mark.long


def test_what_a_killed_scheduler_was_sending_is_sent_by_the_next_one(committed_cast: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with receiving() as receiver, committed_cast.app.app_context():
        cast = find_cast()
        receiver.script = [Reply(holds=True)]
        add_webhook(cast.course, cast.alice.id, receiver.url, ("certificate.issued",))
        events.note("certificate.issued", cast.course.id, cast.bob.id, certificate="c-1")
        db.session.commit()
        environment = {"LAB_BACKEND": "off", "CALL_PRIVATE_ADDRESSES": "true"}

        with scheduler(committed_cast.settings, log, **environment) as process:
            assert receiver.arrived.acquire(timeout=60), log.read_text()[-3000:]
            kill_child(process, set())
            assert receiver.arrived.acquire(timeout=60), log.read_text()[-3000:]
            eventually(lambda: db.session.query(WebhookDelivery.state).scalar() == "delivered", log)

        first, second = receiver.came
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.body == second.body
        db.session.remove()
