"""Who gets the next machine."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from extensions import db as database
from models import LabSession
from models.lab_session import ENDED, QUEUED, RUNNING, STARTING, STOPPING
from services import timelines
from services.capacity.order import Limits
from services.labs import claims, lifecycle
from services.leases import LEASE
from tests.factories import Cast, EnrolmentFactory, LabFactory, UserFactory, make_cast
from tests.scheduler.conftest import NOW

WIDE = Limits(total=50, user=2)


def later(seconds: float) -> Any:
    return NOW + timedelta(seconds=seconds)


def test_who_waits_longest_is_first(cast: Cast, ask: Callable[..., LabSession]) -> None:
    second = ask(cast.bob, later(2))
    first = ask(cast.alice, later(1))

    claimed = [claims.claim_next(WIDE, later(3)) for _ in range(3)]

    assert claimed == [first, second, None]
    assert (first.state, first.claimed_at) == (STARTING, later(3))


def test_who_asks_while_a_claim_waits_for_its_lock_has_asked_before_their_turn(cast: Cast) -> None:
    found = lifecycle.queue(cast.bob, cast.lab, cast.course, now=later(1))

    claims.claim_next(WIDE, NOW)

    assert [line.kind for line in timelines.of(found.id)] == ["queued", "claimed"]


def test_the_limit_in_all_counts_every_machine_there_may_be(cast: Cast, ask: Callable[..., LabSession]) -> None:
    for state in (STARTING, RUNNING, STOPPING):
        ask(UserFactory(), state=state)
    ask(UserFactory(), state=ENDED, ended_at=NOW, reason="user")
    ask()

    assert claims.claim_next(Limits(total=3, user=2), NOW) is None
    assert claims.claim_next(Limits(total=4, user=2), NOW) is not None


def test_a_person_at_their_limit_holds_up_nobody(cast: Cast, ask: Callable[..., LabSession]) -> None:
    labs_of_bob = [LabFactory(module=cast.lab.module) for _ in range(3)]
    for number, lab in enumerate(labs_of_bob):
        ask(cast.bob, later(number), lab=lab)
    of_alice = ask(cast.alice, later(9))

    claimed = [claims.claim_next(WIDE, later(10)) for _ in range(4)]

    assert [found and found.user_id for found in claimed] == [cast.bob.id, cast.bob.id, cast.alice.id, None]
    assert claimed[2] == of_alice


def test_a_session_that_is_put_off_lets_others_pass(cast: Cast, ask: Callable[..., LabSession]) -> None:
    put_off = ask(cast.bob, retry_at=later(60))
    other = ask(cast.alice, later(1))

    assert claims.claim_next(WIDE, later(2)) == other
    assert claims.claim_next(WIDE, later(2)) is None
    assert claims.claim_next(WIDE, later(60)) == put_off


def test_only_a_start_that_takes_too_long_is_taken_over(ask: Callable[..., LabSession]) -> None:
    found = ask(state=STARTING, claimed_at=NOW, leased_until=NOW + LEASE)

    assert claims.claim_lost(later(5)) is None
    assert claims.claim_lost(later(7)) == found
    assert claims.claim_lost(later(8)) is None
    assert found.tries == 1


def in_threads(app: Any, *jobs: Callable[[], Any]) -> list[Any]:
    """Run each job in a thread with its own connection, all at once; return what they gave."""
    barrier, results = threading.Barrier(len(jobs)), [None] * len(jobs)

    def run(number: int, job: Callable[[], Any]) -> None:
        with app.app_context():
            database.session.execute(select(1))  # the connection is there before the race begins
            barrier.wait(10)
            results[number] = job()
            database.session.commit()

    threads = [threading.Thread(target=run, args=(number, job)) for number, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def test_two_schedulers_racing_for_the_last_place_claim_one_lab(committed_db: Any) -> None:
    with committed_db.app.app_context():
        cast = make_cast()
        for number in range(6):
            student = UserFactory()
            EnrolmentFactory(course=cast.course, user=student)
            lifecycle.queue(student, cast.lab, cast.course, now=later(number))
        database.session.commit()

    def claim() -> str | None:
        found = claims.claim_next(Limits(total=1, user=2), later(10))
        return found and found.job_id

    claimed = in_threads(committed_db.app, *[claim] * 4)

    assert len([name for name in claimed if name]) == 1
    with committed_db.app.app_context():
        states = database.session.scalars(select(LabSession.state).order_by(LabSession.queued_at)).all()
    assert states == [STARTING] + [QUEUED] * 5


def test_two_clicks_at_once_ask_for_one_lab(committed_db: Any) -> None:
    with committed_db.app.app_context():
        cast = make_cast()
        database.session.commit()
        ids = cast.bob.id, cast.lab.id, cast.course.id

    def request() -> str:
        user, lab, course = (
            database.session.get_one(model, key)
            for model, key in zip((type(cast.bob), type(cast.lab), type(cast.course)), ids, strict=True)
        )
        return lifecycle.queue(user, lab, course, now=NOW).job_id

    asked = in_threads(committed_db.app, *[request] * 4)

    assert len(set(asked)) == 1 and asked[0]
    with committed_db.app.app_context():
        assert len(database.session.scalars(select(LabSession.id)).all()) == 1
