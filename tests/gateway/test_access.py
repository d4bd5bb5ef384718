"""What is held open ends soon after what allowed it: account, session, enrolment, role, the course's being there."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import ClientError
from sqlalchemy import text

from extensions import SESSION_PREFIX, db
from gateway.subscriptions import Subscriptions
from gateway.terminals import TICKET_REFUSED, VISIT_OVER
from models import Course, Enrolment, User, utcnow
from services.accounts import grants as account_grants
from services.accounts.grants import Grant
from services.courses import members
from services.help import visits
from tests.gateway.conftest import Browser, Events, Stage, open_shell

pytestmark = pytest.mark.anyio
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
    ticket = stage.watch(f"generation:{stage.course}:7", stage.alice)
    written = Events(await gateway.get(f"/live/generations/{stage.course}/7?ticket={ticket}"))
    await visitor.see("$ ")

    began = await apply(stage, change, stage.alice)

    assert await visitor.end() in (TICKET_REFUSED, VISIT_OVER)
    await of_visit.end()
    await board.end()
    await written.end()
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
