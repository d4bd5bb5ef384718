"""Bob's lab, which runs, and people who may help in it."""

from datetime import datetime

import pytest

from models import LabSession, utcnow
from tests.factories import Cast, run_lab


@pytest.fixture
def now() -> datetime:
    return utcnow()


@pytest.fixture
def lab(cast: Cast, now: datetime) -> LabSession:
    """Bob's lab, which runs."""
    return run_lab(cast.bob, cast.lab, now)
