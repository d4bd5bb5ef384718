"""How the gateway learns that access has ended: hints of changed rows, and one look a second for all."""

import asyncio
import secrets
from typing import Any

import pytest
from aiohttp import web
from redis.asyncio import Redis
from sqlalchemy import event, select

from extensions import db
from gateway.access import Access, Revoked
from gateway.subscriptions import Subscriptions
from models import Enrolment, Quiz, User, utcnow
from services import live
from services.accounts import grants as account_grants
from services.accounts.grants import Grant
from services.quizzes import attempts
from tests.gateway.conftest import Stage
from tests.gateway.test_access import (
    SOON_S,
    become_student,
    change_password,
    deactivate,
    leave,
    leave_by_service,
    sign_out,
    unpublish,
)

pytestmark = pytest.mark.anyio


async def test_every_change_of_what_allows_a_connection_is_hinted(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Channels are of a whole Redis, which other workers change people in, too.
    monkeypatch.setattr(live, "ACCESS_CHANNEL", f"{live.ACCESS_CHANNEL}:{secrets.token_hex(4)}")
    subscription = stage.redis.pubsub()
    subscription.subscribe(live.ACCESS_CHANNEL)
    subscription.get_message(timeout=1.0)
    with stage.app.app_context():
        db.session.get_one(Enrolment, (stage.course, stage.bob)).role = "assistant"
        db.session.commit()
    subscription.get_message(timeout=2.0)

    for change in (deactivate, change_password, unpublish, become_student, sign_out, leave_by_service):
        with stage.app.app_context():
            change(stage, stage.bob)
            db.session.commit()

        heard = subscription.get_message(timeout=2.0)
        assert heard is not None and heard["type"] == "message", change.__name__
    with stage.app.app_context():
        db.session.get_one(User, stage.bob).display_name = "Bob B."
        db.session.commit()
    assert subscription.get_message(timeout=0.1) is None


async def test_an_attempt_is_its_students_alone(stage: Stage) -> None:
    with stage.app.app_context():
        quiz = db.session.scalars(select(Quiz)).one()
        attempt = attempts.start(stage.bob, quiz, now=utcnow())
        db.session.commit()
        own, foreign = (Grant(stage.holder(user), "attempt", attempt_id=attempt.id) for user in (stage.bob, stage.dana))

        assert account_grants.holding([own, foreign]) == {own}
        leave(stage, stage.bob)
        assert account_grants.holding([own, foreign]) == set()


async def test_thousands_are_looked_up_in_one_query_a_second(stage: Stage) -> None:
    stage.run()
    grants = [Grant(stage.holder(), "lab", lab=stage.session)] * 3
    statements: list[str] = []
    with stage.app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
        holding = account_grants.holding(grants)

    assert holding == set(grants)
    assert len([one for one in statements if "unnest" in one]) == 1


class Looks:
    """A look-up that counts, and says what the test wants."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.is_held = True
        self.is_away = False
        self._began = asyncio.Condition()

    async def more(self, count: int) -> list[int]:
        """Wait until so many more look-ups have begun; return how many grants each was about."""
        before = len(self.asked)
        async with self._began:
            await self._began.wait_for(lambda: len(self.asked) >= before + count)
        return self.asked[before : before + count]

    async def __call__(self, grants: Any) -> set[Grant]:
        found = set(grants)
        self.asked.append(len(found))
        async with self._began:
            self._began.notify_all()
        if self.is_away:
            raise web.HTTPServiceUnavailable
        return found if self.is_held else set()


async def test_nobody_is_looked_up_while_nobody_is_connected_and_many_are_together(stage: Stage) -> None:
    redis, looks = Redis.from_url(stage.settings.redis_url), Looks()
    subscriptions = Subscriptions(redis)
    held = Access(subscriptions, redis, looks)
    running = [asyncio.create_task(held.run()), asyncio.create_task(subscriptions.listen())]
    grants = [Grant(stage.holder(stage.bob), "board", course_id=number) for number in range(2000)]
    ready, outcomes = asyncio.Semaphore(0), []

    async def connection(grant: Grant) -> None:
        try:
            async with held.hold(grant):
                ready.release()
                await asyncio.Event().wait()
        except Revoked:
            outcomes.append("revoked")

    with subscriptions.watch(live.ACCESS_CHANNEL) as hint:
        await hint.wait()  # it listens now
        for _ in range(3):
            hint.clear()
            stage.redis.publish(live.ACCESS_CHANNEL, "")
            await hint.wait()
    assert looks.asked == []
    connections = [asyncio.create_task(connection(grant)) for grant in grants]
    for _ in grants:
        await ready.acquire()
    assert sum(looks.asked) <= 2 * len(grants)
    # All of them in one look, and again in one.
    assert await looks.more(2) == [len(grants)] * 2

    looks.is_away = True
    await looks.more(3)  # of the first two something has become
    assert outcomes == []  # nobody knows, so nobody is sent away
    looks.is_away, looks.is_held = False, False
    async with asyncio.timeout(SOON_S):
        await asyncio.gather(*connections)
    assert outcomes == ["revoked"] * 2000
    for task in running:
        task.cancel()
    await redis.aclose()
