"""The gateway in the test's own event loop, on a database with real commits and the local backend."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientWebSocketResponse, WSMsgType
from aiohttp.test_utils import TestClient, TestServer

from backends import LabSpec
from backends.local import LocalBackend
from extensions import SESSION_PREFIX, db, session_digest
from gateway.__main__ import build
from models import LabSession, User, utcnow
from services import tickets
from services.help import visits
from services.idleness import activity
from services.labs import lifecycle, moves
from services.tickets import Holder, Issuer
from tests.backends.conftest import ESCAPES
from tests.conftest import CommittedDatabase
from tests.gateway.file_panels import Panel
from tests.kept_cast import find_cast

PATIENCE_S = 60.0
Browser = TestClient[Any, Any]


@pytest.fixture
def anyio_backend() -> str:
    """The gateway's event loop."""
    return "asyncio"


class Stage:
    """Bob's lab session, and what the web application would do with it."""

    def __init__(self, committed: CommittedDatabase) -> None:
        self.app, self.settings = committed.app, committed.settings
        self.redis = committed.app.extensions["yurt_redis"]
        self.uniquifiers: dict[int, str] = {}
        self.backend = LocalBackend(committed.settings.var_dir.resolve())
        with self.app.app_context():
            cast = find_cast()
            self.alice, self.bob, self.charlie, self.dana = (
                one.id for one in (cast.alice, cast.bob, cast.charlie, cast.dana)
            )
            self.uniquifiers = {one.id: one.fs_uniquifier for one in (cast.alice, cast.bob, cast.charlie, cast.dana)}
            self.course = cast.course.id
            self.session = lifecycle.queue(cast.bob, cast.lab, cast.course, now=utcnow()).id
            self.job_id = db.session.get_one(LabSession, self.session).job_id
            db.session.commit()

    def change(self, question: Callable[[LabSession], Any]) -> None:
        """Change the session as a service does, and commit."""
        with self.app.app_context():
            question(db.session.get_one(LabSession, self.session))
            db.session.commit()

    def run(self) -> None:
        """Give the session a real machine."""
        self.backend.start(
            LabSpec(self.job_id, "test", str(self.session), "shell", "first-lab", "bob", f"{self.bob}-1")
        )
        now = utcnow()
        times = {"started_at": now, "last_active_at": now, "expires_at": now.replace(year=2100)}
        self.change(lambda found: moves.move(found, "queued", "starting", claimed_at=now))
        self.change(lambda found: moves.move(found, "starting", "running", **times))

    def holder(self, user_id: int | None = None) -> Holder:
        """Return the person at a browser, signed in; bob, where nobody is named."""
        named = user_id or self.bob
        digest = session_digest(f"browser-{named}")
        self.redis.set(SESSION_PREFIX + digest, "")
        return Holder(named, digest, tickets.account_digest(self.uniquifiers[named]))

    def issuer(self, user_id: int | None = None) -> Issuer:
        """Return the issuer of tickets in the name of that person at a browser."""
        return Issuer(self.settings.secret_key, self.redis, self.holder(user_id))

    def watch(self, topic: str = "", user_id: int | None = None) -> str:
        """Return a ticket for live streams."""
        named = topic or f"lab:{self.session}"
        kind, *ids = named.split(":")
        return self.issuer(user_id).live(kind, *ids)

    def visit(self) -> int:
        """Let alice look in; return the visit's ID."""
        made: list[int] = []
        self.change(
            lambda found: made.append(visits.begin(found, db.session.get_one(User, self.alice), now=utcnow()).id)
        )
        return made[0]

    def give(self, visit_id: int) -> None:
        """Let alice ask for the keyboard, and bob give it."""
        self.change(lambda found: visits.ask(found, db.session.get_one(User, self.alice), now=utcnow()))
        self.change(lambda found: visits.give(found, visit_id, now=utcnow()))

    def visitor_terminal(self, visit_id: int) -> str:
        """Return a ticket for alice that opens one terminal."""
        return self.issuer(self.alice).terminal(self.session, visit_id)

    def terminal(self, user_id: int | None = None, session: uuid.UUID | None = None) -> str:
        """Return a ticket that opens one terminal."""
        return self.issuer(user_id).terminal(session or self.session)


@pytest.fixture
def stage(committed_cast: CommittedDatabase) -> Iterator[Stage]:
    made = Stage(committed_cast)
    yield made
    made.backend.stop_all()


@pytest.fixture
async def gateway(stage: Stage) -> AsyncIterator[TestClient[Any, Any]]:
    """A browser at a running gateway."""
    async with TestClient(TestServer(build(stage.settings))) as client:
        yield client


class Events:
    """What a stream of server-sent events says, one at a time."""

    def __init__(self, response: ClientResponse) -> None:
        self.response = response

    async def next(self) -> tuple[str, dict[str, Any]]:
        """Wait for the next event; return its name and data."""
        name = ""
        async with asyncio.timeout(PATIENCE_S):
            while line := (await self.response.content.readline()).decode():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ").strip()
                elif line.startswith("data: "):
                    return name, json.loads(line.removeprefix("data: "))
        raise AssertionError("the stream ended")

    async def end(self) -> None:
        """Wait until the gateway ends the stream."""
        async with asyncio.timeout(PATIENCE_S):
            await self.response.content.read()


class Shell:
    """A terminal in a browser: binary frames are the screen and the keyboard, text frames are commands."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self.raw = b""
        self.said: list[dict[str, Any]] = []

    @property
    def text(self) -> str:
        return ESCAPES.sub("", self.raw.decode(errors="replace"))

    async def type(self, text: str) -> None:
        await self.socket.send_bytes(text.encode())

    async def see(self, words: str) -> None:
        """Read until the screen shows the words."""
        async with asyncio.timeout(PATIENCE_S):
            while words not in self.text:
                await self._read()

    async def end(self) -> int | None:
        """Read until the gateway closes; return the close code."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.socket.closed:
                await self._read(is_ending=True)
        return self.socket.close_code

    async def _read(self, *, is_ending: bool = False) -> None:
        message = await self.socket.receive()
        if message.type is WSMsgType.BINARY:
            self.raw += message.data
        elif message.type is WSMsgType.TEXT:
            self.said.append(json.loads(message.data))
        else:
            assert is_ending, f"the gateway closed with {self.socket.close_code}: {self.text[-500:]}"


async def open_shell(client: TestClient[Any, Any], stage: Stage, ticket: str | None = None, query: str = "") -> Shell:
    """Open a terminal as the lab page does."""
    ticket = stage.terminal() if ticket is None else ticket
    origin = str(client.make_url("/")).rstrip("/")
    path = f"/live/terminals/{stage.session}?ticket={ticket}{query}"
    return Shell(await client.ws_connect(path, headers={"Origin": origin}))


async def noted(stage: Stage, kind: activity.Kind) -> bytes:
    """Wait until the kind of activity is written, and return when it was."""
    async with asyncio.timeout(PATIENCE_S):
        while (at := stage.redis.hget(activity.key(kind), str(stage.session))) is None:
            await asyncio.sleep(0.05)
    return at


@pytest.fixture
async def panel(gateway: Browser, stage: Stage) -> AsyncIterator[Panel]:
    """The panel of bob's lab, which runs."""
    await asyncio.to_thread(stage.run)
    yield Panel(gateway, stage)


@pytest.fixture
async def shell(gateway: Browser, stage: Stage) -> AsyncIterator[Shell]:
    """A terminal of a running lab, at its prompt."""
    await asyncio.to_thread(stage.run)
    opened = await open_shell(gateway, stage, query="&columns=100&rows=30")
    await opened.see("bob@lab:~$ ")
    yield opened
    await opened.socket.close()


async def trickle() -> AsyncIterator[bytes]:
    """A body that never ends: its sender gives a byte now and then."""
    while True:
        yield b"x"
        await asyncio.sleep(0.1)
