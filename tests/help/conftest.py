"""Bob's lab, which runs, and people who may help in it."""

from datetime import datetime, timedelta

import pytest

from extensions import db as database
from models import LabSession, utcnow
from models.lab_session import RUNNING
from services.labs import lifecycle
from tests.factories import Cast, make_cast


@pytest.fixture
def cast(app: object, db: object) -> Cast:
    return make_cast()


@pytest.fixture
def now() -> datetime:
    return utcnow()


@pytest.fixture
def lab(cast: Cast, now: datetime) -> LabSession:
    """Bob's lab, which runs."""
    found = lifecycle.request(cast.bob, cast.lab, cast.course, now=now)
    found.state, found.started_at, found.last_active_at = RUNNING, now, now
    found.expires_at = now + timedelta(hours=8)
    database.session.commit()
    return found
