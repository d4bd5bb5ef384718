"""Visitors at a lab: what they see, and that they type only while its student lets them."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import Mock

import pytest
from sqlalchemy import select

from extensions import db
from gateway import presence
from gateway.terminals import NOT_RUNNING, VISIT_OVER
from models import Enrolment, LabVisit, utcnow
from services import live, tickets
from services.help import visits
from services.tickets import Holder, Issuer
from tests.gateway.conftest import PATIENCE_S, Browser, Events, Shell, Stage, open_shell

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shell(gateway: Browser, stage: Stage) -> AsyncIterator[Shell]:
    """Bob's terminal, at its prompt."""
    await asyncio.to_thread(stage.run)
    opened = await open_shell(gateway, stage, query="&columns=100&rows=30")
    await opened.see("bob@lab:~$ ")
    yield opened
    await opened.socket.close()


async def look_in(gateway: Browser, stage: Stage) -> tuple[Shell, int]:
    """Open alice's terminal in bob's lab."""
    visit_id = await asyncio.to_thread(stage.visit)
    visitor = await open_shell(gateway, stage, stage.visitor_terminal(visit_id), query="&columns=40&rows=10")
    await visitor.see("bob@lab:~$ ")
    return visitor, visit_id


async def typed(visitor: Shell, shell: Shell, mark: str, within: float = PATIENCE_S) -> bool:
    """Type a line until bob's screen shows it; say whether it ever did."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        await visitor.type(f"echo {mark}\r")
        try:
            async with asyncio.timeout(0.2):
                await shell.see(f"\n{mark}\n")
            return True
        except TimeoutError:
            continue
    return False


async def until_taken(visitor: Shell, shell: Shell) -> None:
    """Wait until nothing that the visitor types is seen; a slow machine shows late what was typed."""
    number = 0
    async with asyncio.timeout(PATIENCE_S):
        while await typed(visitor, shell, f"after-{number}", within=2.0):
            number += 1


async def test_a_visitor_sees_the_screen_and_types_nothing(gateway: Browser, stage: Stage, shell: Shell) -> None:
    visitor, _visit = await look_in(gateway, stage)

    await visitor.type("touch gotcha; echo from-alice\r")
    await shell.type("echo from-bob; ls\r")

    await visitor.see("\nfrom-bob\n")
    await shell.type("ls; echo the-$((40 + 2))-end\r")
    await shell.see("the-42-end")
    assert "from-alice" not in shell.text and "gotcha" not in shell.text


async def test_a_visitor_types_while_the_student_lets_them(gateway: Browser, stage: Stage, shell: Shell) -> None:
    visitor, visit_id = await look_in(gateway, stage)
    await asyncio.to_thread(stage.give, visit_id)
    assert await typed(visitor, shell, "while-given")
    await shell.type("echo bob-types-too\r")
    await visitor.see("\nbob-types-too\n")

    await asyncio.to_thread(stage.change, lambda found: visits.take_back(found, visit_id, now=utcnow()))
    await until_taken(visitor, shell)

    assert not await typed(visitor, shell, "long-after", within=1.0)


async def test_what_is_taken_back_is_back_within_a_second_without_hints(
    gateway: Browser, stage: Stage, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor, visit_id = await look_in(gateway, stage)
    await asyncio.to_thread(stage.give, visit_id)
    assert await typed(visitor, shell, "while-given")
    monkeypatch.setitem(stage.app.extensions["yurt_given"], "publisher", Mock())

    await asyncio.to_thread(stage.change, lambda found: visits.take_back(found, visit_id, now=utcnow()))
    await until_taken(visitor, shell)  # within a second, on a machine with nothing else to do

    assert not await typed(visitor, shell, "too-late", within=1.0)


async def test_the_size_is_the_students(gateway: Browser, stage: Stage, shell: Shell) -> None:
    visitor, visit_id = await look_in(gateway, stage)
    await asyncio.to_thread(stage.give, visit_id)
    assert await typed(visitor, shell, "while-given")

    await visitor.socket.send_json({"type": "resize", "columns": 20, "rows": 5})
    await visitor.type("stty size\r")
    await shell.see("\n30 100\n")
    await shell.socket.send_json({"type": "resize", "columns": 57, "rows": 19})
    await shell.type("stty size\r")
    await visitor.see("\n19 57\n")

    assert visitor.said == [
        {"type": "size", "columns": 100, "rows": 30},
        {"type": "size", "columns": 57, "rows": 19},
    ]


async def test_the_end_of_the_visit_closes_the_terminal(gateway: Browser, stage: Stage, shell: Shell) -> None:
    visitor, _visit = await look_in(gateway, stage)

    await asyncio.to_thread(stage.change, lambda found: visits.end(found.id, stage.alice, now=utcnow()))

    assert await visitor.end() == VISIT_OVER


async def test_whoever_leaves_the_staff_sees_nothing_more(gateway: Browser, stage: Stage, shell: Shell) -> None:
    visitor, visit_id = await look_in(gateway, stage)

    def demote(found: Any) -> None:
        db.session.get_one(Enrolment, (stage.course, stage.alice)).role = "student"
        live.lab_changed(found.id)

    await asyncio.to_thread(stage.change, demote)

    assert await visitor.end() == VISIT_OVER
    refused = await open_shell(gateway, stage, stage.visitor_terminal(visit_id))
    assert await refused.end() == NOT_RUNNING


@pytest.mark.parametrize("kind", ["no visit", "another visit", "an outsider", "as if it were hers"])
async def test_nobody_looks_in_unseen(gateway: Browser, stage: Stage, shell: Shell, kind: str) -> None:
    ticket = {
        "no visit": lambda: stage.visitor_terminal(1),
        "another visit": lambda: stage.visitor_terminal(stage.visit() + 1),
        "an outsider": lambda: stage.issuer(stage.charlie).terminal(stage.session, stage.visit()),
        "as if it were hers": lambda: stage.terminal(user_id=stage.alice),
    }[kind]

    refused = await open_shell(gateway, stage, await asyncio.to_thread(ticket))

    assert await refused.end() == NOT_RUNNING
    assert refused.raw == b""


async def test_the_state_is_for_visitors_who_are_seen(gateway: Browser, stage: Stage) -> None:
    ticket = stage.watch(user_id=stage.alice)
    before = await gateway.get(f"/live/labs/{stage.session}?ticket={ticket}")
    await asyncio.to_thread(stage.visit)

    events = Events(await gateway.get(f"/live/labs/{stage.session}?ticket={ticket}"))

    assert before.status == 404
    _name, state = await events.next()
    assert [(visitor["name"], visitor["is_me"]) for visitor in state["visitors"]] == [("Alice", True)]


async def test_a_visit_ends_soon_after_its_last_page(
    gateway: Browser, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "GRACE_S", 0.2)
    await asyncio.to_thread(stage.visit)
    ticket = stage.watch(user_id=stage.alice)
    pages = [Events(await gateway.get(f"/live/labs/{stage.session}?ticket={ticket}")) for _ in range(2)]
    student = Events(await gateway.get(f"/live/labs/{stage.session}?ticket={stage.watch()}"))
    for page in pages:
        await page.next()

    pages[0].response.close()
    await asyncio.sleep(0.6)  # longer than the grace: one page is still open
    still = await asyncio.to_thread(_open_visits, stage)
    pages[1].response.close()

    assert still == 1
    async with asyncio.timeout(PATIENCE_S):
        while (await student.next())[1]["visitors"]:
            pass
    assert await asyncio.to_thread(_open_visits, stage) == 0


async def test_a_page_that_is_there_keeps_its_visit(gateway: Browser, stage: Stage) -> None:
    await asyncio.to_thread(stage.visit)
    await asyncio.to_thread(_age, stage)

    events = Events(await gateway.get(f"/live/labs/{stage.session}?ticket={stage.watch(user_id=stage.alice)}"))
    await events.next()

    async with asyncio.timeout(PATIENCE_S):
        while await asyncio.to_thread(_age_of, stage) > 60:
            await asyncio.sleep(0.05)


async def test_the_labs_of_a_course_tell_that_one_changed(gateway: Browser, stage: Stage) -> None:
    ticket = stage.watch(f"labs:{stage.course}", user_id=stage.alice)
    events = Events(await gateway.get(f"/live/labs-boards/{stage.course}?ticket={ticket}"))
    await events.next()  # the gateway has begun to listen: it tells everybody to look
    foreign = await gateway.get(f"/live/labs-boards/{stage.course + 1}?ticket={ticket}")

    await asyncio.to_thread(stage.visit)

    assert (await events.next())[0] == "board"
    assert foreign.status == 403


async def test_a_ticket_says_whose_visit_it_is(stage: Stage) -> None:
    ticket = Issuer("", stage.redis, Holder(1, "s", "a")).terminal(uuid.UUID(int=2), 3)

    kept = json.loads(stage.redis.get(tickets.terminal_key(ticket)))

    assert kept == {
        "holder": {"user_id": 1, "session": "s", "account": "a"},
        "session": str(uuid.UUID(int=2)),
        "visit": 3,
    }


def _open_visits(stage: Stage) -> int:
    with stage.app.app_context():
        return len(db.session.scalars(select(LabVisit).where(LabVisit.ended_at.is_(None))).all())


def _age(stage: Stage) -> None:
    with stage.app.app_context():
        visit = db.session.scalars(select(LabVisit)).one()
        visit.seen_at = utcnow().replace(year=2020)
        db.session.commit()


def _age_of(stage: Stage) -> float:
    with stage.app.app_context():
        return (utcnow() - db.session.scalars(select(LabVisit)).one().seen_at).total_seconds()
