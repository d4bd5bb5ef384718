"""What the scheduler's tests share."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from redis import Redis

from extensions import redis_client
from models import LabSession, User
from tests.factories import Cast, ask_lab, run_lab
from tests.scheduler.postbox import Postbox

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def ask(cast: Cast) -> Callable[..., LabSession]:
    """Ask for the cast's lab, for bob or somebody else, and change columns of the session."""

    def make(user: User | None = None, at: datetime = NOW, **changes: Any) -> LabSession:
        return ask_lab(user or cast.bob, changes.pop("lab", cast.lab), at, **changes)

    return make


@pytest.fixture
def running(cast: Cast) -> Callable[..., LabSession]:
    """The same with a machine since NOW, for eight hours."""

    def make(user: User | None = None, **changes: Any) -> LabSession:
        return run_lab(user or cast.bob, changes.pop("lab", cast.lab), NOW, **changes)

    return make


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    box = Postbox()
    box.start()
    yield box
    box.listener.close()


@pytest.fixture
def redis(app: Any) -> Redis:
    return app.extensions["yurt_redis"]


@pytest.fixture
def redis_of(committed_db: Any) -> Callable[[], Redis]:
    return lambda: redis_client(committed_db.settings)
