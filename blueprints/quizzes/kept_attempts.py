"""The page of an attempt that nobody has touched since it was begun, put together before Flask from what is kept.

Who presses Start is led to that page, and a class does it within a second. The press notes for its session of which
kept parts the page is made, and what of it is the student's own (`note`); the request that follows puts them together
(`page`), as long as PostgreSQL says that nothing changed. The frame around the questions is rendered when Flask makes
such a page (`keep_frame`). docs/adr/0054-a-fresh-attempts-page-is-put-together.md.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from flask import Flask, Response, current_app, g, session, url_for
from flask_wtf.csrf import generate_csrf
from redis import RedisError
from sqlalchemy import select

from blueprints import kept_entries, kept_lane, kept_pages, live_tickets
from blueprints.kept_entries import Entry
from blueprints.kept_parts import PARTS, Parts
from blueprints.pages import me
from blueprints.quizzes import attempt_frames, kept_questions
from blueprints.shown import countdown
from extensions import db
from models import Attempt, Course, QuestionVersion, Quiz, utcnow
from services import kept_versions
from services.quizzes import draws

NAME, ROUTE = "attempt", "quizzes.attempt"
# Where a session has messages that its next page shows.
MESSAGES = "_flashes"


def init_app(app: Flask) -> None:
    """Put such pages together, where pages are kept."""
    if kept_lane.ASKS in app.extensions:
        app.extensions[kept_lane.MAKERS] = {NAME: partial(page, app)}
        app.extensions["yurt_given"]["slots"] = {}
        app.after_request(_store_frame)


def note(course: Course, quiz: Quiz, attempt: Attempt, drawn: Sequence[draws.Item]) -> None:
    """Note how the page of a new attempt is put together, once this request is answered."""
    on = _depends(course)
    is_plain = bool(drawn) and not attempt.break_s and all(_is_plain(one.kind, one.has_hints) for one in drawn)
    if on is None or not is_plain or MESSAGES in session:
        return
    moved = on.versions[kept_versions.course(course.id)]
    user, kinds, is_timed = me(), {one.kind for one in drawn}, attempt.deadline_at is not None
    keys = _questions(course, drawn)
    frame = attempt_frames.key_of(course, moved, quiz.id, kinds, len(drawn), is_timed=is_timed)
    kept_questions.parts().share([frame, *keys])
    own = {
        "csrf": generate_csrf(),
        "person": str(user.id),
        "name": user.display_name,
        "initial": user.display_name[:1].upper(),
        "theme": user.theme,
        "attempt": str(attempt.id),
        "number": str(attempt.number),
        "live": live_tickets.of_attempt(attempt.id),
        "deadline": attempt.deadline_at.isoformat() if attempt.deadline_at else "",
    }
    slot = {"name": NAME, "attempt": attempt.id, "frame": frame, "questions": keys, "own": own}
    until = attempt.deadline_at.timestamp() if attempt.deadline_at else None
    kept_pages.keep_at(url_for(ROUTE, attempt_id=attempt.id), on, slot, ROUTE, until)


def keep_frame(attempt: Attempt) -> None:
    """Keep the frame of an open attempt's page, which is being made as one that nobody has touched."""
    course, quiz = attempt.quiz.course, attempt.quiz
    on = _depends(course)
    is_plain = not attempt.break_s and all(_is_plain(item.version.kind, item.version.hints) for item in attempt.items)
    if on is None or not attempt.items or not is_plain or MESSAGES in session:
        return
    kinds, is_timed = {item.version.kind for item in attempt.items}, attempt.deadline_at is not None
    moved, total = on.versions[kept_versions.course(course.id)], len(attempt.items)
    key = attempt_frames.key_of(course, moved, quiz.id, kinds, total, is_timed=is_timed)
    if kept_questions.parts().near(key) is None:
        g.attempt_frame = key, attempt_frames.render(course, quiz, kinds, total, is_timed=is_timed)


def page(app: Flask, entry: Entry) -> kept_lane.Filling[Entry | None]:
    """Put a page together; None where something changed, or isn't there."""
    slot: dict[str, Any] = entry.slot or {}
    parts: Parts = app.extensions[PARTS]
    try:
        found = parts.all([slot["frame"], *slot["questions"]])
    except RedisError:
        return None
    if found is None:
        return None
    changed = yield replace(entry.on, attempt=slot["attempt"])
    if changed:
        return None
    at, frame, own = utcnow(), found[slot["frame"]], slot["own"]
    questions = [
        kept_questions.at_position(found[key], position) for position, key in enumerate(slot["questions"], start=1)
    ]
    deadline = own["deadline"]
    left = countdown((datetime.fromisoformat(deadline) - at).total_seconds()) if deadline else ""
    html = attempt_frames.filled(frame["pieces"], {**own, "now": at.isoformat(), "left": left}, questions)
    # Here it is cheaper than at the door, which compresses all that comes to it plain.
    return replace(entry, slot=None, headers=frame["headers"], body=kept_entries.compressed(html.encode()))


def _store_frame(response: Response) -> Response:
    made: tuple[str, list[str]] | None = g.get("attempt_frame")
    if made is not None and response.status_code == 200:
        headers = [[name, value] for name, value in response.headers if name.lower() not in kept_entries.OWN_HEADERS]
        parts, (key, pieces) = kept_questions.parts(), made
        parts.put(key, {"headers": headers, "pieces": pieces})
        parts.share([key])
    return response


def _depends(course: Course) -> kept_versions.Depends | None:
    """Return what such a page depends on beside its attempt; None where pages aren't kept."""
    if kept_lane.ASKS not in current_app.extensions:
        return None
    return kept_versions.depends(db.session(), [kept_versions.course(course.id)])


def _is_plain(kind: str, hints: object) -> bool:
    return not hints and kept_questions.is_kind_kept(kind)


def _questions(course: Course, drawn: Sequence[draws.Item]) -> list[str]:
    """Return the keys of the questions, all of which are kept then."""
    of_all = ((one.version_id, one.prompt_html, one.points, one.frozen) for one in drawn)
    keys, parts = kept_questions.keys_of(course, of_all), kept_questions.parts()
    missing = {key: one for key, one in zip(keys, drawn, strict=True) if parts.near(key) is None}
    if missing:
        # Another process may have rendered them: a class that starts is served by all of them.
        with contextlib.suppress(RedisError):
            parts.some(missing)
        missing = {key: one for key, one in missing.items() if parts.near(key) is None}
    if missing:
        ids = {one.version_id for one in missing.values()}
        rows = db.session.scalars(select(QuestionVersion).where(QuestionVersion.id.in_(ids)))
        versions = {version.id: version for version in rows}
        for key, one in missing.items():
            kept_questions.render(key, course, versions[one.version_id], one.points, one.frozen)
    return keys
