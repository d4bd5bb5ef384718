"""Answers who asks the API again for the top of a course's board, before Flask.

Flask has judged the same question of the same token before, and noted what its judgement depends on; while that holds,
the board is taken from the process, with one message to Redis, for the limit, and one statement of PostgreSQL.
"""

import hashlib
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from flask import Flask, Response, current_app, g, request

from blueprints import kept_entries, limits
from blueprints.bearer import COUNTED
from blueprints.kept_lane import ASKS, SLOTS, Fill, Filling
from blueprints.leaderboards import kept
from blueprints.leaderboards.admissions import KEPT_S, Admissions, Admitted
from blueprints.together import TOGETHER, Answer, Environ, Message, Note, Talk
from config import Settings
from extensions import db
from models import ApiToken, Course, utcnow
from services import kept_versions
from services.accounts import tokens
from services.kept_versions import Depends
from services.leaderboards import scopes
from services.leaderboards.whole import Boards, Whole

ADMITTED, BOARDS = "yurt_boards_admitted", "yurt_boards_kept"
ROUTE = "leaderboards_api.read_leaderboard"
PATH = re.compile(r"/api/v1/courses/[a-z0-9-]+/leaderboard")
BEARER = re.compile(r"Bearer (yurt_[A-Za-z0-9_-]+)")


def init_app(app: Flask, settings: Settings) -> None:
    """Stand in front of the application, where pages are kept."""
    if settings.kept_pages_s:
        app.extensions[ADMITTED] = Admissions(app.extensions["yurt_redis"])
        boards = app.extensions[BOARDS] = app.extensions["yurt_given"]["whole_boards"] = Boards(app.extensions[ASKS])

        def fill(made_by: Callable[[Whole, int, dict[str, Any]], bytes]) -> Fill:
            def part(on: Depends, user_id: int, slot: dict[str, Any]) -> Filling[bytes | None]:
                whole = yield from boards.looking(slot["course_id"], on)
                return None if whole is None else made_by(whole, user_id, slot)

            return part

        app.extensions[SLOTS] = {"rank": fill(kept.rank), "board": fill(partial(kept.table, app))}
        app.extensions[TOGETHER].lanes.append(BoardLane(app))
        app.after_request(_remember)


def admit(token: ApiToken, course: Course, per_page: int) -> None:
    """Remember that this request's question may be answered to this token."""
    keys = [kept_versions.person(token.user_id), kept_versions.course(course.id)]
    on = kept_versions.depends(db.session(), keys)
    if on is None or token.last_used_at is None:
        return
    ends: list[datetime] = [token.expires_at, *scopes.freezes(course)]
    now = time.time()
    until = min([now + KEPT_S, *(at.timestamp() for at in ends if at.timestamp() > now)])
    used_at = token.last_used_at.timestamp()
    g.board_admitted = Admitted(token.id, token.user_id, course.id, per_page, on, until, used_at)


def _remember(response: Response) -> Response:
    admitted: Admitted | None = g.get("board_admitted")
    if admitted is not None and response.status_code == 200 and _is_for_a_board(request.environ):
        own = {*kept_entries.OWN_HEADERS, *(name.lower() for name in limits.HEADERS)}
        headers = tuple((name, value) for name, value in response.headers if name.lower() not in own)
        admissions: Admissions = current_app.extensions[ADMITTED]
        admissions.remember(_key(request.environ), replace(admitted, headers=headers))
    return response


def _is_for_a_board(environ: Environ) -> bool:
    return (
        environ["REQUEST_METHOD"] == "GET"
        and "HTTP_ORIGIN" not in environ
        and BEARER.fullmatch(environ.get("HTTP_AUTHORIZATION", "")) is not None
        and PATH.fullmatch(environ["PATH_INFO"]) is not None
    )


def _key(environ: Environ) -> str:
    asked = (environ.get("SCRIPT_NAME", ""), environ["PATH_INFO"], environ.get("QUERY_STRING", ""))
    return hashlib.sha256("\n".join([environ["HTTP_AUTHORIZATION"], *asked]).encode("utf-8", "replace")).hexdigest()


class BoardLane:
    """Answers for boards that a process keeps whole."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._admissions: Admissions = app.extensions[ADMITTED]
        self._boards: Boards = app.extensions[BOARDS]
        self._engine = self._boards.engine

    def is_for(self, environ: Environ) -> bool:
        """Say whether the request is for a board, with a token."""
        return _is_for_a_board(environ)

    def talk(self, environ: Environ) -> Talk:
        """Answer whom Flask has admitted, within the token's limit."""
        key = _key(environ)
        admitted = self._admissions.known(key)
        if admitted is None:
            [judged] = yield Message([self._admissions.asking(key)])
            admitted = self._admissions.told(key, judged)
        if admitted is None:
            return None
        spending = limits.spending(self._app.extensions["yurt"].limit_api, "api", admitted.token_id)
        if spending is None:
            return None
        standing = spending.told((yield Message(spending.commands)))
        if standing is None:
            return None
        environ[COUNTED] = True
        whole = yield from self._boards.looking(admitted.course_id, admitted.on)
        if whole is None:
            return None
        now = time.time()
        if now - admitted.used_at >= tokens.USED_EVERY.total_seconds():
            yield Note(self._note_uses, admitted.token_id)
            self._admissions.used(key, now)
        body = kept.document(whole, admitted.course_id, admitted.user_id, admitted.per_page)
        return Answer(ROUTE, admitted.headers, tuple(standing.items()), body)

    def _note_uses(self, token_ids: Sequence[int]) -> None:
        tokens.note_uses(self._engine, token_ids, now=utcnow())
