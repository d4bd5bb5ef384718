"""A class that signs in at once: each with their own password, which costs tens of milliseconds of a core by intent."""

import argparse
import asyncio
import random
import re
import time
from collections import Counter
from urllib.parse import quote, urlsplit

from bench.speed.answers import shares
from bench.speed.client import Connection
from bench.speed.figures import Outcome, Plot, Row, in_ms
from bench.speed.ground import Ground
from bench.speed.people import PASSWORD, Student

RUSH_S = 1.0
TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
HTML = "Accept: text/html\r\nAccept-Encoding: gzip\r\n"


def sign_in(at: Ground, options: argparse.Namespace) -> Outcome:
    """Let everybody sign in within one second, while somebody who is signed in reads pages."""
    students = at.students[: options.students]
    times, faults, others = asyncio.run(_rush(at, students))
    summed, beside = in_ms(times), in_ms(others)
    told = ", ".join(f"{number} x {fault}" for fault, number in Counter(faults).most_common(4)) or "none"
    name = f"{len(students)} sign in within one second"
    rows = [
        Row(f"{name}: failures", "none", told, not faults),
        Row(
            f"{name}: signed in",
            "all",
            f"{len(times)}; p50 {summed['p50'] / 1000:.1f} s, the last after {summed['max'] / 1000:.1f} s",
            len(times) == len(students),
        ),
        Row(
            f"{name}: a page for somebody else meanwhile", "", f"p50 {beside['p50']:.0f} ms, p95 {beside['p95']:.0f} ms"
        ),
    ]
    data = {"sign_in_ms": summed, "others_ms": beside, "faults": Counter(faults)}
    return Outcome(rows, [Plot(name, "ms", "share", {"signed in": shares(times)})], data)


async def _rush(at: Ground, students: list[Student]) -> tuple[list[float], list[str], list[float]]:
    port = urlsplit(at.url).port or 80
    times: list[float] = []
    faults: list[str] = []
    others: list[float] = []

    async def one(number: int, student: Student) -> None:
        connection = Connection(port, address=f"127.0.{1 + number // 250}.{1 + number % 250}")
        await asyncio.sleep(random.Random(student.id).random() * RUSH_S)
        began = time.monotonic()
        try:
            if (fault := await _sign_in(connection, student)) is None:
                times.append(time.monotonic() - began)
            else:
                faults.append(fault)
        except (OSError, EOFError, TimeoutError) as error:
            faults.append(type(error).__name__)
        finally:
            connection.close()

    async def other() -> None:
        connection = Connection(port)
        while True:
            began = time.monotonic()
            await connection.ask("GET", "/", f"Cookie: {at.students[-1].cookie}\r\n{HTML}")
            others.append(time.monotonic() - began)
            await asyncio.sleep(0.2)

    beside = asyncio.create_task(other())
    await asyncio.gather(*(one(*each) for each in enumerate(students)))
    beside.cancel()
    return times, faults, others


async def _sign_in(connection: Connection, student: Student) -> str | None:
    page = await connection.ask("GET", "/login", HTML)
    found = TOKEN.search(page.body.decode())
    if page.status != 200 or found is None:
        return f"the form: {page.status}"
    cookie = page.headers.get("set-cookie", "").partition(";")[0]
    form = f"email={quote(student.email)}&password={PASSWORD}&csrf_token={quote(found.group(1))}".encode()
    head = f"Cookie: {cookie}\r\n{HTML}Content-Type: application/x-www-form-urlencoded\r\n"
    answer = await connection.ask("POST", "/login", head, form)
    return None if answer.status == 302 else f"the password: {answer.status}"
