"""The gateway's queries to PostgreSQL, run in threads: what may this person see or do in that lab?"""

import asyncio
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from aiohttp import web
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from extensions import db
from models import LabSession, utcnow
from reasons import Catalogue
from services.accounts import grants as account_grants
from services.accounts.grants import Grant
from services.errors import ServiceError
from services.help import visits
from services.labs import document, wording

# Snapshots are short queries; these threads share the process's one pool.
THREADS = 8

log = structlog.get_logger("yurt.gateway")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Visit:
    """Somebody's open visit to another's lab; `may_type` once the student has given them the keyboard."""

    id: int
    job_id: str
    state: str
    may_type: bool


class Database:
    """Answers streams and terminals. Of another's lab, only people with an open visit learn anything."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="database")
        # A rush of snapshots mustn't delay the end of connections that lost their right.
        self._thread_of_access = ThreadPoolExecutor(1, thread_name_prefix="access")

    async def snapshot(self, session_id: str, user_id: int, language: str) -> dict[str, Any] | None:
        """Return the state document of a lab that the person owns or visits, with words in their language."""

        def question() -> dict[str, Any] | None:
            session = _session(session_id)
            if session is None:
                return None
            is_seen = session.user_id == user_id or visits.find(session, user_id) is not None
            if not is_seen:
                return None
            return wording.worded(document.describe(session, utcnow(), user_id), Catalogue(language))

        return await self._ask(question)

    async def job_of(self, session_id: str, user_id: int) -> tuple[str, str] | None:
        """Return (job ID, state) of the person's own lab session."""

        def question() -> tuple[str, str] | None:
            session = _session(session_id)
            if session is None or session.user_id != user_id:
                return None
            return session.job_id, session.state

        return await self._ask(question)

    async def visit_of(self, session_id: str, user_id: int) -> Visit | None:
        """Return the person's open visit to the lab, if they may still help there."""

        def question() -> Visit | None:
            session = _session(session_id)
            visit = visits.find(session, user_id) if session is not None else None
            if session is None or visit is None:
                return None
            return Visit(visit.id, session.job_id, session.state, visit.consented_at is not None)

        return await self._ask(question)

    async def holding(self, grants: Iterable[Grant]) -> set[Grant]:
        """Return the grants that hold now."""
        return await self._ask(lambda: account_grants.holding(grants), self._thread_of_access)

    async def touch_visit(self, session_id: str, user_id: int) -> None:
        """Note that a visitor's page is still there."""
        await self._ask(lambda: visits.touch(uuid.UUID(session_id), user_id, now=utcnow()))

    async def end_visit(self, session_id: str, user_id: int) -> None:
        """End the visit of somebody whose page is gone."""
        await self._ask(lambda: visits.end(uuid.UUID(session_id), user_id, now=utcnow()))

    async def _ask(self, question: Callable[[], Answer], threads: ThreadPoolExecutor | None = None) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(threads or self._threads, self._in_context, question)

    def _in_context(self, question: Callable[[], Answer]) -> Answer:
        with self._app.app_context():
            try:
                answer = question()
                db.session.commit()
                return answer
            except (SQLAlchemyError, ServiceError) as error:
                log.warning("database unavailable", error=type(error).__name__)
                raise web.HTTPServiceUnavailable from error


def _session(session_id: str) -> LabSession | None:
    return db.session.get(LabSession, uuid.UUID(session_id))
