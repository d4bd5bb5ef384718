"""From keystrokes in Redis to warnings and stops."""

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from redis import Redis
from sqlalchemy import func, select

from backends import BackendUnavailable, ExecResult, Usage
from extensions import db as database
from models import IdleVerdict, LabSession, Mail, utcnow
from models.lab_session import RUNNING, STOPPING
from reasons import ENGLISH, listed
from scheduler.ticks import idleness, usage
from services import timelines
from services.idleness import evidence, verdicts
from tests.factories import Cast
from tests.scheduler.scripted import ScriptedBackend

Ask = Callable[..., LabSession]
HOURS = timedelta(hours=1)


def said(verdict: IdleVerdict) -> str:
    return listed(evidence.reasons(verdict.facts), ENGLISH)


def collect(redis: Redis) -> None:
    idleness.culler(redis)()


def test_a_keystroke_reaches_the_row(running: Ask, redis: Redis) -> None:
    found = running(expires_at=utcnow() + 5 * HOURS)
    typed_at = (utcnow() - timedelta(minutes=1)).replace(microsecond=0)
    redis.hset("yurt:active", str(found.id), str(typed_at.timestamp()))

    collect(redis)

    assert (found.last_active_at, found.state) == (typed_at, RUNNING)
    assert redis.hgetall("yurt:active") == {}


def test_a_time_never_goes_back_and_rubbish_is_dropped(running: Ask, redis: Redis) -> None:
    now = utcnow()
    found = running(last_active_at=now, expires_at=now + 5 * HOURS)
    mapping = {str(found.id): "1000000000.5", "nobody": "1", str(found.job_id): "x", "\x00": "nan"}
    redis.hset("yurt:active", mapping=mapping)

    collect(redis)

    assert found.last_active_at == now
    assert redis.hgetall("yurt:active") == {}


def test_who_is_idle_is_warned_twice_then_stopped(running: Ask, redis: Redis) -> None:
    now = utcnow()
    found = running(last_active_at=now - 2 * HOURS, expires_at=now + 5 * HOURS)

    collect(redis)
    state_when_warned, warned_at = found.state, found.warned_at
    collect(redis)
    is_warned_once = found.warned_at == warned_at
    found.warned_at = now - timedelta(minutes=16)
    collect(redis)
    state_when_warned_again, is_warned_again = found.state, found.warned_last_at is not None
    found.warned_last_at = now - timedelta(minutes=2)
    collect(redis)

    assert state_when_warned == state_when_warned_again == RUNNING
    assert warned_at is not None and is_warned_once and is_warned_again
    assert (found.state, found.reason) == (STOPPING, "idle")
    assert [row.action for row in verdicts.of(found.id)] == ["warn", "warn_last", "stop"]
    assert [event.kind for event in timelines.of(found.id)][1:] == ["warned", "warned", "verdict", "stopping"]


def test_each_warning_is_one_mail_in_the_students_own_time(running: Ask, redis: Redis, cast: Cast) -> None:
    cast.bob.time_zone = "Asia/Tokyo"
    now = utcnow()
    found = running(last_active_at=now - 2 * HOURS, expires_at=now + 5 * HOURS)
    cull = idleness.culler(redis, "https://yurt.example/")

    for _ in range(3):
        cull()
    found.warned_at = now - timedelta(minutes=16)
    for _ in range(3):
        cull()

    first, last = database.session.scalars(select(Mail).order_by(Mail.id))
    at = (now + timedelta(minutes=15)).astimezone(ZoneInfo("Asia/Tokyo"))
    assert first.recipient == cast.bob.email
    assert f"stops at {at:%H:%M} (Asia/Tokyo)" in first.subject
    assert "https://yurt.example/courses/shell/labs/first-lab\n" in first.body_text
    assert "CPU unknown, page closed" in first.body_text
    assert last.subject.startswith("Last warning")


def test_a_lab_that_may_idle_for_a_moment_only_sends_no_mail(running: Ask, redis: Redis, cast: Cast) -> None:
    cast.lab.idle_minutes = 2
    found = running(last_active_at=utcnow() - HOURS, expires_at=utcnow() + 5 * HOURS)

    collect(redis)

    assert found.warned_at is not None
    assert database.session.scalar(select(func.count()).select_from(Mail)) == 0


def test_a_use_takes_the_warning_back_with_a_reason(running: Ask, redis: Redis) -> None:
    now = utcnow()
    found = running(last_active_at=now - 2 * HOURS, expires_at=now + 5 * HOURS)
    collect(redis)
    redis.hset("yurt:active:http", str(found.id), str(utcnow().timestamp()))
    collect(redis)

    assert (found.warned_at, found.warned_last_at) == (None, None)
    assert [row.action for row in verdicts.of(found.id)] == ["warn", "keep"]
    assert "no request 0 min" in said(verdicts.of(found.id)[-1])


def test_an_open_page_is_no_use_but_stands_in_the_reasons(running: Ask, redis: Redis) -> None:
    now = utcnow()
    found = running(last_active_at=now - 2 * HOURS, expires_at=now + 5 * HOURS)
    redis.hset("yurt:active:page", str(found.id), str(now.timestamp()))

    collect(redis)

    assert found.warned_at is not None
    assert said(verdicts.of(found.id)[0]).endswith("page open")
    assert verdicts.of(found.id)[0].facts["page"] == "open"


def test_a_compile_with_the_browser_closed_is_use(running: Ask, redis: Redis) -> None:
    now = utcnow()
    found = running(last_active_at=now - 3 * HOURS, expires_at=now + 5 * HOURS)
    backend = ScriptedBackend()
    backend.used = {found.job_id: Usage(87.25, 100.0), "lab-of-nobody": Usage(1.0, 1.0)}

    usage.measurer(backend)()
    collect(redis)

    assert found.warned_at is None
    assert found.last_active_at >= now
    assert found.activity["cpu_percent"] == 87.2
    assert "cpu" in found.activity


def test_a_processor_that_ticks_over_is_no_use(running: Ask, redis: Redis, cast: Cast) -> None:
    cast.lab.busy_cpu_percent = 20
    now = utcnow()
    found = running(last_active_at=now - 3 * HOURS, expires_at=now + 5 * HOURS, activity={"input": "x", "cpu": "y"})
    found.activity = {"input": (now - 3 * HOURS).isoformat()}
    backend = ScriptedBackend()
    backend.used = {found.job_id: Usage(20.0, 100.0)}

    usage.measurer(backend)()
    collect(redis)

    assert found.warned_at is not None
    assert "no input 180 min, CPU 20.0 %" in said(verdicts.of(found.id)[0])


def test_work_that_gets_hardly_any_of_a_full_machine_is_use(running: Ask, redis: Redis) -> None:
    now = utcnow()
    found = running(last_active_at=now - 3 * HOURS, expires_at=now + 5 * HOURS)
    backend = ScriptedBackend()
    backend.used = {found.job_id: Usage(2.6, 100.0)}
    backend.results = [ExecResult(0, b"waits")]

    usage.measurer(backend)()
    collect(redis)

    assert found.warned_at is None
    assert found.last_active_at >= now


def test_only_labs_that_are_about_to_be_warned_or_stopped_are_asked_for_more(running: Ask) -> None:
    now = utcnow()
    found = running(last_active_at=now - timedelta(minutes=100), expires_at=now + 5 * HOURS)
    backend = ScriptedBackend([BackendUnavailable("no way in")])
    backend.used = {found.job_id: Usage(0.0, 100.0)}

    usage.measurer(backend)()
    assert backend.calls == []

    # Within a minute and a half it would be warned.
    found.last_active_at = now - timedelta(minutes=104)
    usage.measurer(backend)()
    assert backend.calls == [("execute", found.job_id)]
    assert found.last_active_at == now - timedelta(minutes=104)


def test_the_first_prompt_is_noted_once_a_machine(running: Ask, redis: Redis) -> None:
    now = utcnow()
    found = running(started_at=now - HOURS, last_active_at=now, expires_at=now + 5 * HOURS)

    for minutes in (50, 40):
        prompt_at = now - timedelta(minutes=minutes)
        redis.hset("yurt:active:first_prompt", str(found.id), str(prompt_at.timestamp()))
        collect(redis)
    found.started_at = now
    redis.hset("yurt:active:first_prompt", str(found.id), str(now.timestamp()))
    collect(redis)

    noted = [event.at for event in timelines.of(found.id) if event.kind == "first_prompt"]
    assert noted == [now - timedelta(minutes=50), now]


@pytest.mark.parametrize("hours", [3, 24 * 400])
def test_a_clock_that_jumps_ahead_gives_every_warning_anew(
    running: Ask, redis: Redis, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    real = utcnow()
    warned = {"warned_at": real - timedelta(minutes=1), "last_active_at": real - 2 * HOURS}
    found = running(expires_at=real + 2 * HOURS, **warned)
    work = idleness.culler(redis)
    work()
    state_before = found.state

    monkeypatch.setattr(idleness, "utcnow", lambda: real + hours * HOURS)
    work()
    state_after, warned_at = found.state, found.warned_at
    work()

    assert state_before == state_after == found.state == RUNNING
    assert warned_at == real + hours * HOURS


def test_a_clock_that_is_set_back_stops_nobody_and_forgets_nobody(
    running: Ask, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = utcnow()
    found = running(last_active_at=real - 2 * HOURS, warned_at=real - timedelta(minutes=5), expires_at=real + HOURS)
    work = idleness.culler(redis)
    work()
    past = real - 1000 * HOURS

    monkeypatch.setattr(idleness, "utcnow", lambda: past)
    work()

    assert (found.state, found.warned_at, found.last_active_at) == (RUNNING, None, past)
    assert found.expires_at == past + 8 * HOURS
