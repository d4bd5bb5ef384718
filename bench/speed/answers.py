"""Saving answers and handing in, at a hundred students and under full load."""

import asyncio
import time
from urllib.parse import urlsplit

from flask.testing import FlaskClient
from sqlalchemy import event

from bench.speed.browser import Browser
from bench.speed.costs import counted
from bench.speed.course import LONG
from bench.speed.figures import Outcome, Plot, Row, in_ms, told
from bench.speed.ground import Ground
from bench.speed.proof import compare
from extensions import db

STUDENTS, CONNECTIONS = 100, 16
SAVES_A_SECOND, SAVE_P99_MS = 500, 100
SUBMIT_TRIPS, SUBMIT_P95_MS, SUBMIT_SPREAD_S = 12, 150, 5.0


def saves(at: Ground, *, rounds: int, seconds: float) -> Outcome:
    """Save as fast as the site answers, then at a hundred students who each save once a second."""
    return asyncio.run(_saves(at, rounds, seconds))


async def _saves(at: Ground, rounds: int, seconds: float) -> Outcome:
    browsers = await _started(at, STUDENTS)
    rates = []
    for number in range(rounds):
        with counted(at.site) as costs:
            done = await _full(browsers, seconds)
        rates.append(done / seconds)
        print(f"  round {number + 1} of {rounds}: {rates[-1]:.0f}/s", flush=True)
    for browser in browsers:
        browser.saves.clear()
    await asyncio.gather(*(_once_a_second(one, number, seconds * rounds) for number, one in enumerate(browsers)))
    times = [each for browser in browsers for each in browser.saves]
    faults = [fault for browser in browsers for fault in browser.faults]
    kept, lost = compare(at, browsers)
    await asyncio.gather(*(browser.close() for browser in browsers))
    rate, summed = sorted(rates)[len(rates) // 2], in_ms(times)
    cost = costs.each(done)
    told_rate = f"{rate:.0f}/s; {cost['all']:.1f} ms of a processor each, {cost['web']:.1f} of them in web"
    rows = [
        Row("saves, 16 connections, committed, fsync on", f">= {SAVES_A_SECOND}/s", told_rate, rate >= SAVES_A_SECOND),
        Row(
            "saves, 100 students, one a second each",
            f"p99 < {SAVE_P99_MS} ms",
            f"{told(summed)}; {len(faults)} failed",
            summed["p99"] < SAVE_P99_MS and not faults,
        ),
        Row("answers with a receipt that are in the database", "all", f"{kept} of {kept + lost}", lost == 0),
    ]
    data = {"rate": rate, "rates": rates, "cost_ms": cost, "at_100": summed, "faults": faults[:20], "lost": lost}
    return Outcome(rows, [Plot("Saves at 100 students", "ms", "share", {"saves": shares(times)})], data)


def shares(times: list[float]) -> list[tuple[float, float]]:
    """Return (ms, share of the times that are at most that)."""
    ordered = sorted(times)
    return [(each * 1000, (number + 1) / len(ordered)) for number, each in enumerate(ordered)]


async def _started(at: Ground, number: int) -> list[Browser]:
    port = urlsplit(at.url).port or 80
    browsers = [Browser(port, student) for student in at.students[:number]]
    for browser in browsers:
        await browser.start(LONG)
    return browsers


async def _full(browsers: list[Browser], seconds: float) -> int:
    until, done = time.monotonic() + seconds, 0

    async def lane(number: int) -> None:
        nonlocal done
        turn = 0
        while time.monotonic() < until:
            turn += 1
            # Each lane has students of its own.
            browser = browsers[(number + CONNECTIONS * turn) % (len(browsers) // CONNECTIONS * CONNECTIONS)]
            await browser.save(turn % len(browser.items) + 1)
            done += 1

    await asyncio.gather(*(lane(number) for number in range(CONNECTIONS)))
    return done


async def _once_a_second(browser: Browser, number: int, seconds: float) -> None:
    due = time.monotonic() + number / STUDENTS
    until = due + seconds
    while due < until:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await browser.save(browser.rng.randrange(len(browser.items)) + 1)
        due += 1.0


def submits(at: Ground, **_rest: object) -> Outcome:
    """Hand a quiz of twenty questions in: a hundred students within five seconds; and one alone, counted."""
    times, faults = asyncio.run(_submits(at))
    trips = _round_trips(at)
    summed = in_ms(times)
    name = "hand in a quiz of 20 questions"
    rows = [
        Row(f"{name}: round trips to PostgreSQL", f"<= {SUBMIT_TRIPS}", str(trips), trips <= SUBMIT_TRIPS),
        Row(
            f"{name}: 100 students within 5 s",
            f"p95 < {SUBMIT_P95_MS} ms",
            f"{told(summed)}; {len(faults)} failed",
            summed["p95"] < SUBMIT_P95_MS and not faults,
        ),
    ]
    data = {"round_trips": trips, "at_100": summed, "faults": faults[:20]}
    return Outcome(rows, [Plot("Hand-ins at 100 students", "ms", "share", {"hand-ins": shares(times)})], data)


async def _submits(at: Ground) -> tuple[list[float], list[str]]:
    browsers = await _started(at, STUDENTS)
    times: list[float] = []

    async def one(browser: Browser) -> None:
        for position in list(browser.items):
            await browser.save(position)
        await barrier.wait()
        await asyncio.sleep(browser.rng.random() * SUBMIT_SPREAD_S)
        began = time.monotonic()
        if await browser.hand_in():
            times.append(time.monotonic() - began)
        await browser.close()

    barrier = asyncio.Barrier(len(browsers))
    await asyncio.gather(*(one(browser) for browser in browsers))
    return times, [fault for browser in browsers for fault in browser.faults]


def _round_trips(at: Ground) -> int:
    """Count what a hand-in says to PostgreSQL: its statements, and COMMIT. BEGIN travels with the first."""
    student, said = at.students[STUDENTS], [0]
    base = at.app.extensions["yurt"].public_url
    client: FlaskClient = at.app.test_client()
    name, _, value = student.cookie.partition("=")
    client.set_cookie(name, value, domain=base.split("//")[1].split(":")[0])
    headers = {"X-CSRFToken": student.csrf, "Accept": "application/json"}
    path = f"/courses/speed/quizzes/{LONG}/attempts"
    started = client.post(path, headers=headers, base_url=base)
    attempt = started.headers["Location"]
    for position in range(1, 21):
        client.put(
            f"{attempt}/items/{position}", json={"revision": 1, "response": None}, headers=headers, base_url=base
        )

    def note(*_rest: object) -> None:
        said[0] += 1

    with at.app.app_context():
        engine = db.engine
    hooks = ("before_cursor_execute", "commit")
    for hook in hooks:
        event.listen(engine, hook, note)
    try:
        response = client.post(f"{attempt}/submit", headers=headers, base_url=base)
        assert response.status_code == 200, response.text
    finally:
        for hook in hooks:
            event.remove(engine, hook, note)
    return said[0]
