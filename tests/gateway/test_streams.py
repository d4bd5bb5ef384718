"""Live labs and leaderboards: what a page is told, and who is told nothing."""

import asyncio
import time
import uuid
from pathlib import Path

import pytest
from redis.asyncio import Redis
from sqlalchemy import select, text

import languages
from config import Settings
from extensions import db
from models import Attempt, LabSession, Quiz, utcnow
from reasons import Code, Reason, words
from services import live, tickets
from services.labs import lifecycle
from services.quizzes import answers, attempts
from tests.catalogues import bracketed
from tests.gateway.conftest import Browser, Events, Stage, noted

STREAMS_PER_USER = Settings.model_fields["limit_streams"].default

pytestmark = pytest.mark.anyio


async def watch(gateway: Browser, stage: Stage) -> Events:
    response = await gateway.get(f"/live/labs/{stage.session}?ticket={stage.watch()}")
    assert response.status == 200
    return Events(response)


async def test_a_page_gets_the_state_at_once_and_after_each_change(gateway: Browser, stage: Stage) -> None:
    events = await watch(gateway, stage)
    name, first = await events.next()

    await asyncio.to_thread(stage.change, lambda found: lifecycle.stop(found, reason="user", now=utcnow()))

    _name, second = await events.next()
    assert (name, first["state"], first["position"]) == ("state", "queued", 1)
    assert (second["state"], second["reason"]) == ("ended", "user")


async def test_a_page_hears_why_in_its_own_language(
    gateway: Browser, stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(languages, "SUPPORTED_LOCALES", ["en", "de"])
    monkeypatch.setattr(words, "FOLDER", bracketed(tmp_path, "de"))
    reason = Reason(Code.LAB_TOO_LARGE)
    await asyncio.to_thread(stage.change, lambda found: lifecycle.start_failed(found, reason, utcnow()))

    address = f"/live/labs/{stage.session}?ticket={stage.watch()}"
    events = Events(await gateway.get(address, headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.8"}))
    _name, state = await events.next()

    assert state["detail"] == "<this lab needs a larger machine than there is>."
    assert state["detail_reason"] == {"code": "lab_too_large", "params": {}, "text": state["detail"]}


async def test_an_open_page_is_noted_for_the_verdict_about_idleness(gateway: Browser, stage: Stage) -> None:
    began = time.time()

    await (await watch(gateway, stage)).next()

    assert float(await noted(stage, "page")) >= began


async def test_a_stream_is_neither_kept_nor_buffered_on_its_way(gateway: Browser, stage: Stage) -> None:
    headers = (await watch(gateway, stage)).response.headers

    assert headers["Content-Type"] == "text/event-stream"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Accel-Buffering"] == "no"


async def test_a_leaderboard_tells_that_it_changed(gateway: Browser, stage: Stage) -> None:
    ticket = stage.watch(f"board:{stage.course}")
    events = Events(await gateway.get(f"/live/leaderboards/{stage.course}?ticket={ticket}"))
    await events.next()  # the gateway has begun to listen: it tells everybody to look

    await asyncio.to_thread(stage.change, lambda _found: live.board_changed(stage.course))

    name, body = await events.next()
    assert name == "board"
    assert body["version"] > 0


async def test_questions_that_a_model_writes_tell_the_staff_of_each_step(gateway: Browser, stage: Stage) -> None:
    topic = f"generation:{stage.course}:7"
    address = f"/live/generations/{stage.course}/7?ticket="
    events = Events(await gateway.get(address + stage.watch(topic, stage.alice)))
    student = await gateway.get(address + stage.watch(topic, stage.bob))
    another = await gateway.get(address + stage.watch(f"generation:{stage.course}:8", stage.alice))

    await asyncio.to_thread(stage.change, lambda _found: live.generation_changed(7))

    assert (await events.next())[0] == "board"
    assert (student.status, another.status) == (403, 403)


async def test_an_attempt_tells_its_students_pages_that_an_answer_was_saved(gateway: Browser, stage: Stage) -> None:
    def begin(_found: LabSession) -> None:
        quiz = db.session.scalars(select(Quiz)).one()
        begun.append(attempts.start(stage.bob, quiz, now=utcnow()).id)

    def answer(_found: LabSession) -> None:
        answers.save(begun[0], 1, "a", revision=1, tab="phone", now=utcnow())

    def end(_found: LabSession) -> None:
        attempts.submit(db.session.get_one(Attempt, begun[0]), now=utcnow())

    begun: list[int] = []
    await asyncio.to_thread(stage.change, begin)
    address = f"/live/attempts/{begun[0]}?ticket={stage.watch(f'attempt:{begun[0]}')}"
    events = Events(await gateway.get(address))
    await asyncio.to_thread(stage.change, answer)

    name, body = await events.next()
    assert (name, body["version"] > 0, body["tabs"]) == ("board", True, ["phone"])
    await asyncio.to_thread(stage.change, end)
    name, body = await events.next()
    assert (name, body["tabs"]) == ("board", None)


@pytest.mark.parametrize("kind", ["none", "forged", "another topic", "another key", "a terminal's"])
async def test_a_ticket_that_is_not_for_this_opens_nothing(gateway: Browser, stage: Stage, kind: str) -> None:
    ticket = {
        "none": "",
        "forged": stage.watch().rpartition(".")[0] + "." + "A" * 27,
        "another topic": stage.watch(f"board:{stage.course}"),
        "another key": tickets.live("x" * 64, stage.holder(), "lab", stage.session),
        "a terminal's": stage.terminal(),
    }[kind]

    response = await gateway.get(f"/live/labs/{stage.session}", params={"ticket": ticket})

    assert response.status == 403


async def test_a_ticket_ends(gateway: Browser, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = stage.watch()
    monkeypatch.setattr(tickets, "LIVE_SECONDS", -1)

    response = await gateway.get(f"/live/labs/{stage.session}?ticket={ticket}")

    assert response.status == 403


async def test_nobody_watches_anothers_lab(gateway: Browser, stage: Stage) -> None:
    nowhere = uuid.uuid4()

    foreign = await gateway.get(f"/live/labs/{stage.session}?ticket={stage.watch(user_id=stage.charlie)}")
    missing = await gateway.get(f"/live/labs/{nowhere}?ticket={stage.watch(f'lab:{nowhere}')}")

    assert (foreign.status, missing.status) == (404, 404)


async def test_one_person_has_so_many_streams(gateway: Browser, stage: Stage) -> None:
    opened = [await watch(gateway, stage) for _ in range(STREAMS_PER_USER)]

    refused = await gateway.get(f"/live/labs/{stage.session}?ticket={stage.watch()}")
    opened[0].response.close()

    assert refused.status == 429
    async with asyncio.timeout(60):
        while (await gateway.get(f"/live/labs/{stage.session}?ticket={stage.watch()}")).status != 200:
            await asyncio.sleep(0.05)


async def test_the_stream_of_a_lab_that_was_removed_ends(gateway: Browser, stage: Stage) -> None:
    events = await watch(gateway, stage)
    await events.next()

    def remove(found: LabSession) -> None:
        live.lab_changed(found.id)
        db.session.delete(found)

    await asyncio.to_thread(stage.change, remove)

    await events.end()


async def test_whoever_missed_hints_while_redis_was_away_looks_again(gateway: Browser, stage: Stage) -> None:
    events = await watch(gateway, stage)
    await events.next()

    async with Redis.from_url(stage.settings.redis_url) as redis:
        await redis.client_kill_filter(_type="pubsub")

    assert (await events.next())[1]["state"] == "queued"
    await asyncio.to_thread(stage.change, lambda found: lifecycle.stop(found, reason="user", now=utcnow()))
    assert (await events.next())[1]["state"] == "ended"


async def test_without_a_database_a_page_is_asked_to_come_back(gateway: Browser, stage: Stage) -> None:
    def hide() -> None:
        with stage.app.app_context():
            db.session.execute(text("ALTER TABLE lab_sessions RENAME TO away"))
            db.session.commit()

    await asyncio.to_thread(hide)

    response = await gateway.get(f"/live/labs/{stage.session}?ticket={stage.watch()}")

    assert response.status == 503
    assert "lab_sessions" not in await response.text()
