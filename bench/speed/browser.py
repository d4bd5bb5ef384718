"""A student's browser, as far as an exam needs one: what its page loads, what its scripts send, what it is told."""

import asyncio
import html
import json
import random
import re
import time
from dataclasses import dataclass, field
from typing import Any

from bench.speed.client import Answer, Connection
from bench.speed.course import SLUG
from bench.speed.people import Student

# What the page's scripts wait for an answer (static/js/quiz-send.js), and then try again.
SEND_PATIENCE_S, AGAIN_S = 15.0, 1.0
# When an exam ends, everybody hands in, and waits their turn (static/js/quiz-hand-in.js).
HAND_IN_PATIENCE_S = 120.0
# When it asks what is saved, after its stream has opened (static/js/quiz-follow.js).
LOOK_S = 15.0
ITEM = re.compile(
    r'name="item-(\d+)"[^>]*?type="(radio|checkbox|text)"|type="(radio|checkbox|text)"[^>]*?name="item-(\d+)"'
)
REVISION = re.compile(r'data-position="(\d+)" data-revision="(\d+)"')
PICTURE = re.compile(r'<img[^>]*? src="([^"]+)"')
LIVE = re.compile(r'data-live="([^"]+)"')
TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')
HTML = "Accept: text/html\r\nAccept-Encoding: gzip\r\n"
JSON = "Accept: application/json\r\n"


class Unexpected(Exception):
    """An answer that a student wouldn't call one."""


@dataclass
class Receipt:
    """What the site said that it has, of one question."""

    revision: int
    response: Any


@dataclass
class Browser:
    """One student at one attempt; times are in seconds since the press of the button that they belong to."""

    port: int
    student: Student
    address: str | None = None
    attempt: str = ""
    items: dict[int, str] = field(default_factory=dict)
    receipts: dict[int, Receipt] = field(default_factory=dict)
    revisions: dict[int, int] = field(default_factory=dict)
    pictures: list[str] = field(default_factory=list)
    saves: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.student.id)
        self.connection = Connection(self.port, address=self.address)
        self._as_me = f"Cookie: {self.student.cookie}\r\n"
        self._sending = f"{self._as_me}X-CSRFToken: {self.student.csrf}\r\nX-Yurt-Person: {self.student.id}\r\n{JSON}"
        self.live = ""
        self._stream: asyncio.Task[bool] | None = None
        self._look: asyncio.Task[None] | None = None

    async def read(self, path: str, headers: str = HTML) -> Answer:
        """Open an address."""
        answer = await self.connection.ask("GET", path, self._as_me + headers)
        if answer.status not in (200, 302, 304):
            raise Unexpected(f"GET {path.split('?')[0]}: {answer.status}")
        return answer

    async def start(self, quiz: str) -> None:
        """Press Start, follow to the questions."""
        form = f"csrf_token={self.student.csrf}".encode()
        head = f"{self._as_me}{HTML}Content-Type: application/x-www-form-urlencoded\r\n"
        path = f"/courses/{SLUG}/quizzes/{quiz}/attempts"
        answer = await self.connection.ask("POST", path, head, form)
        if answer.status != 302:
            raise Unexpected(f"Start: {answer.status}")
        self.attempt = re.sub(r"^https?://[^/]+", "", answer.headers["location"])
        page = (await self.read(self.attempt)).body.decode()
        for kind, name, other_name, other in ITEM.findall(page):
            self.items[int(kind or other)] = name or other_name
        self.revisions = {int(position): int(revision) for position, revision in REVISION.findall(page)}
        self.pictures = sorted(set(PICTURE.findall(page)))
        live = LIVE.search(page)
        self.live = html.unescape(live[1]) if live else ""
        if not self.items:
            raise Unexpected("a page without questions")

    async def load_rest(self) -> None:
        """Load what the page shows, and listen to its stream; ask what is saved a while later, as its script does."""
        for picture in self.pictures:
            await self.read(picture, "Accept: image/*\r\n")
        if not self.live:
            # Something is saved already: the page asks for it at once.
            self.live = json.loads((await self.read(f"{self.attempt}/answers", JSON)).body)["live"]
        self._stream = asyncio.create_task(Connection(self.port, address=self.address).listen(self.live, self._as_me))
        self._look = asyncio.create_task(self._look_once())

    async def _look_once(self) -> None:
        await asyncio.sleep(LOOK_S * self.rng.uniform(0.9, 1.1))
        other = Connection(self.port, address=self.address)
        answer = await other.ask("GET", f"{self.attempt}/answers", self._as_me + JSON)
        other.close()
        if answer.status != 200:
            self.faults.append(f"look: {answer.status}")

    async def save(self, position: int) -> None:
        """Answer a question; try again until there is a receipt, as the page does."""
        response = self._answer(position)
        self.revisions[position] = self.revisions.get(position, 0) + 1
        body = json.dumps({"revision": self.revisions[position], "response": response}).encode()
        began = time.monotonic()
        for _ in range(8):
            answer = await self._send("PUT", f"{self.attempt}/items/{position}", body)
            if answer is not None and answer.status == 200:
                said = json.loads(answer.body)
                self.receipts[position] = Receipt(said["revision"], response)
                self.saves.append(time.monotonic() - began)
                return
            self.faults.append(f"save: {answer.status if answer else 'no answer in time'}")
            await asyncio.sleep(AGAIN_S)

    def _answer(self, position: int) -> Any:
        letter, number = self.rng.choice("abcd"), str(self.rng.randint(1, 99))
        return {"radio": letter, "checkbox": [letter], "text": number}[self.items[position]]

    async def hand_in(self) -> bool:
        """Press Hand in; say whether the site says that it has it."""
        for _ in range(8):
            answer = await self._send("POST", f"{self.attempt}/submit", b"", HAND_IN_PATIENCE_S)
            if answer is not None and answer.status == 200 and json.loads(answer.body).get("state") != "open":
                return True
            self.faults.append(f"hand in: {answer.status if answer else 'no answer in time'}")
            await asyncio.sleep(AGAIN_S)
        return False

    async def _send(self, method: str, path: str, body: bytes, patience_s: float = SEND_PATIENCE_S) -> Answer | None:
        head = self._sending + ("Content-Type: application/json\r\n" if body else "")
        try:
            return await self.connection.ask(method, path, head, body, patience_s)
        except (OSError, EOFError, TimeoutError):
            return None

    async def close(self) -> None:
        """Close the page."""
        self.connection.close()
        tasks = [task for task in (self._stream, self._look) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
