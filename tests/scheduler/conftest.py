"""What the scheduler's tests share."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from extensions import db as database
from models import LabSession, User
from models.lab_session import RUNNING
from services.labs import lifecycle
from tests.factories import Cast, make_cast
from tests.scheduler.postbox import Postbox

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def cast(app: object, db: object) -> Cast:
    return make_cast()


@pytest.fixture
def ask(cast: Cast) -> Callable[..., LabSession]:
    """Ask for the cast's lab, for bob or somebody else, and change columns of the session."""

    def make(user: User | None = None, at: datetime = NOW, **changes: Any) -> LabSession:
        found = lifecycle.request(user or cast.bob, changes.pop("lab", cast.lab), cast.course, now=at)
        for name, value in changes.items():
            setattr(found, name, value)
        database.session.commit()
        return found

    return make


@pytest.fixture
def running(ask: Callable[..., LabSession]) -> Callable[..., LabSession]:
    """The same with a machine since NOW, for eight hours."""
    facts = {"state": RUNNING, "started_at": NOW, "last_active_at": NOW, "expires_at": NOW + timedelta(hours=8)}
    return lambda user=None, **changes: ask(user, **{**facts, **changes})


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    box = Postbox()
    box.start()
    yield box
    box.listener.close()
