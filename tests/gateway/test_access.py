"""What is held open ends soon after what allowed it: account, session, enrolment, role, the course's being there."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import ClientError, web
from aiohttp.test_utils import TestClient
from redis.asyncio import Redis
from sqlalchemy import event, select, text

from extensions import SESSION_PREFIX, db
from gateway.access import Access, Revoked
from gateway.subscriptions import Subscriptions
from gateway.terminals import TICKET_REFUSED, VISIT_OVER
from models import Course, Enrolment, Quiz, User, utcnow
from services import live
from services.accounts import grants as account_grants
from services.accounts.grants import Grant
from services.courses import members
from services.help import visits
from services.quizzes import attempts
from tests.gateway.conftest import Events, Stage, open_shell

pytestmark = pytest.mark.anyio
Browser = TestClient[Any, Any]
SOON_S = 2.0


def deactivate(stage: Stage, user_id: int) -> None:
    db.session.get_one(User, user_id).active = False


def change_password(stage: Stage, user_id: int) -> None:
    db.session.get_one(User, user_id).fs_uniquifier = "another"


def sign_out(stage: Stage, user_id: int) -> None:
    account_grants.end_session(stage.holder(user_id).session, now=utcnow())


def forget_session(stage: Stage, user_id: int) -> None:
    stage.redis.delete(SESSION_PREFIX + stage.holder(user_id).session)


def leave(stage: Stage, user_id: int) -> None:
    db.session.delete(db.session.get_one(Enrolment, (stage.course, user_id)))


def leave_by_service(stage: Stage, user_id: int) -> None:
    members.leave(db.session.get_one(User, user_id), db.session.get_one(Course, stage.course))


def delete_account(stage: Stage, user_id: int) -> None:
    db.session.execute(text(f"DELETE FROM users WHERE id = {user_id}"))


def unpublish(stage: Stage, _user_id: int) -> None:
    db.session.get_one(Course, stage.course).is_published = False


def become_student(stage: Stage, user_id: int) -> None:
    db.session.get_one(Enrolment, (stage.course, user_id)).role = "student"


Change = Callable[[Stage, int], None]


async def apply(stage: Stage, change: Change, user_id: int) -> float:
    """Commit the change; return when."""

    def commit() -> None:
        with stage.app.app_context():
            change(stage, user_id)
            db.session.commit()

    await asyncio.to_thread(commit)
    return time.monotonic()


@pytest.fixture
def no_hints(monkeypatch: pytest.MonkeyPatch) -> None:
    """No hint ever arrives, as while Redis is gone."""

    async def listen(_subscriptions: Subscriptions) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Subscriptions, "listen", listen)


@pytest.mark.parametrize("change", [deactivate, sign_out, forget_session, leave_by_service])
async def test_a_terminal_ends_and_takes_no_more_keys(gateway: Browser, stage: Stage, change: Change) -> None:
    await asyncio.to_thread(stage.run)
    shell, unused = await open_shell(gateway, stage), stage.terminal()
    await shell.see("bob@lab:~$ ")

    began = await apply(stage, change, stage.bob)

    assert await shell.end() == TICKET_REFUSED
    assert time.monotonic() - began < SOON_S
    if change is not forget_session:
        assert await (await open_shell(gateway, stage, unused)).end() in (TICKET_REFUSED, 4404)


@pytest.mark.usefixtures("no_hints")
@pytest.mark.parametrize("change", [change_password, sign_out, leave, delete_account, unpublish])
async def test_streams_end_without_a_hint(gateway: Browser, stage: Stage, change: Change) -> None:
    addresses = [
        f"/live/labs/{stage.session}?ticket={stage.watch()}",
        f"/live/leaderboards/{stage.course}?ticket={stage.watch(f'board:{stage.course}')}",
    ]
    streams = [Events(await gateway.get(address)) for address in addresses]
    await streams[0].next()

    began = await apply(stage, change, stage.bob)

    for stream in streams:
        await stream.end()
    assert time.monotonic() - began < SOON_S
    statuses = [(await gateway.get(address)).status for address in addresses]
    assert statuses == [404 if change is delete_account else 403, 403]


@pytest.mark.parametrize("change", [sign_out, become_student])
async def test_a_board_of_labs_and_a_visit_end(gateway: Browser, stage: Stage, change: Change) -> None:
    await asyncio.to_thread(stage.run)
    visit_id = await asyncio.to_thread(stage.visit)
    visitor = await open_shell(gateway, stage, stage.visitor_terminal(visit_id))
    of_visit = Events(await gateway.get(f"/live/labs/{stage.session}?ticket={stage.watch(user_id=stage.alice)}"))
    ticket = stage.watch(f"labs:{stage.course}", stage.alice)
    board = Events(await gateway.get(f"/live/labs-boards/{stage.course}?ticket={ticket}"))
    await visitor.see("$ ")

    began = await apply(stage, change, stage.alice)

    assert await visitor.end() in (TICKET_REFUSED, VISIT_OVER)
    await of_visit.end()
    await board.end()
    assert time.monotonic() - began < SOON_S


@pytest.mark.usefixtures("no_hints")
async def test_a_visit_that_ended_is_noticed_without_a_hint(gateway: Browser, stage: Stage) -> None:
    await asyncio.to_thread(stage.run)
    visit_id = await asyncio.to_thread(stage.visit)
    visitor = await open_shell(gateway, stage, stage.visitor_terminal(visit_id))
    await visitor.see("$ ")

    began = await apply(stage, lambda _stage, user: visits.end(stage.session, user, now=utcnow()), stage.alice)

    assert await visitor.end() == VISIT_OVER
    assert time.monotonic() - began < SOON_S


async def test_a_download_is_cut_and_not_taken_for_whole(gateway: Browser, stage: Stage) -> None:
    await asyncio.to_thread(stage.run)
    await asyncio.to_thread(
        stage.backend.execute, stage.job_id, "head -c 60000000 /dev/zero > big", timeout_s=30.0, output_limit=100
    )
    ticket = stage.watch(f"files:{stage.session}")
    path = f"/live/files/{stage.session}/content?ticket={ticket}&path=Ymln"
    response = await gateway.get(path)
    await response.content.read(1000)

    await apply(stage, sign_out, stage.bob)

    with pytest.raises(ClientError):
        while await response.content.read(10_000):
            await asyncio.sleep(0.01)
    assert (await gateway.get(path)).status == 403


async def test_another_session_of_the_same_person_goes_on(
    gateway: Browser, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, loop, look = asyncio.Semaphore(0), asyncio.get_running_loop(), account_grants.holding

    def note(grants: Any) -> set[Grant]:
        found = look(grants)
        loop.call_soon_threadsafe(looked.release)
        return found

    await asyncio.to_thread(stage.run)
    shell = await open_shell(gateway, stage)
    await shell.see("$ ")

    await apply(stage, lambda _stage, _user: account_grants.end_session("another", now=utcnow()), stage.bob)
    await apply(stage, deactivate, stage.charlie)
    # The first may have begun before the changes, and of the last nothing may have become yet.
    monkeypatch.setattr(account_grants, "holding", note)
    for _ in range(3):
        await looked.acquire()
    await shell.type("echo still $((1))\r")

    await shell.see("\nstill 1\n")


async def test_every_change_of_what_allows_a_connection_is_hinted(stage: Stage) -> None:
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
