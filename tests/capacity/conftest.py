"""What the tests of capacity share: courses, students who wait, warm machines, and a cluster of a size."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from extensions import db as database
from models import ClusterState, Lab, LabSession, User, WarmLab
from models.cluster import WARM_READY
from models.lab_session import RUNNING
from scheduler.ticks.starts import starter
from scheduler.ticks.warm import warmer
from services.capacity import warm_plans
from services.capacity.order import Limits
from services.capacity.warm_plans import Plan
from services.labs import definitions
from tests.factories import Cast, EnrolmentFactory, LabFactory, UserFactory, ask_lab
from tests.scheduler.scripted import ScriptedBackend

# A Monday.
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
INSTANCE = "tests"
LIMITS = Limits(total=5, user=2)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def other_lab(cast: Cast) -> Lab:
    """A lab of another course."""
    return LabFactory(slug="other-lab")


def click(lab: Lab, at: datetime = NOW, user: User | None = None, **changes: Any) -> LabSession:
    """Somebody new, or `user`, asks for the lab; columns of the session are changed as told."""
    if user is None:
        user = UserFactory()
        EnrolmentFactory(course=lab.course, user=user)
    return ask_lab(user, lab, at, **changes)


def runs(lab: Lab, since: datetime = NOW, user: User | None = None, **changes: Any) -> LabSession:
    """The same with a machine, for as long as the lab may live."""
    life = timedelta(minutes=lab.max_life_minutes)
    facts = {"state": RUNNING, "claimed_at": since, "started_at": since, "last_active_at": since}
    return click(lab, since, user, **{**facts, "expires_at": since + life, **changes})


def warmed(lab: Lab, state: str = WARM_READY, **changes: Any) -> WarmLab:
    """A warm machine of the lab."""
    number = changes.pop("number", "1")
    changes.setdefault("definition", definitions.fingerprint(lab))
    row = WarmLab(lab_id=lab.id, job_id=f"lab-{lab.course.slug}-{lab.slug}-warm-{number:0>8}", state=state, **changes)
    database.session.add(row)
    database.session.commit()
    return row


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend()


@pytest.fixture
def keep(settings: Any, cast: Cast, backend: ScriptedBackend) -> Callable[..., list[str]]:
    """Work until nothing is to do; return the states of what is warm."""

    def work(limits: Limits = LIMITS) -> list[str]:
        piece = warmer(settings, backend, limits)
        for _ in range(30):
            if not piece():
                return states()
        raise AssertionError("the tick never comes to rest")

    return work


@pytest.fixture
def start(settings: Any, backend: ScriptedBackend) -> Callable[[], bool]:
    return lambda: starter(settings, backend, LIMITS)()


def states() -> list[str]:
    database.session.expire_all()
    return list(database.session.scalars(select(WarmLab.state).order_by(WarmLab.id)))


def want(lab: Lab, count: int) -> None:
    warm_plans.replace(lab, [Plan(count=count)])
    database.session.commit()


def cluster(**values: Any) -> ClusterState:
    """The row of the instance `tests`."""
    row = ClusterState(instance=INSTANCE, seen_at=NOW, **values)
    database.session.add(row)
    database.session.commit()
    return row


Claim = Callable[[], LabSession | None]
