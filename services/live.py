"""Tells other processes that something happened, through Redis, once it is committed.

Only hints travel here. A lost one costs a moment: the scheduler polls, and a page that reconnects gets the whole state.
"""

import json
import uuid
from typing import Any, Protocol

import structlog
from redis import RedisError
from sqlalchemy import event, inspect, select
from sqlalchemy.orm import ORMExecuteState, Session, object_session

from extensions import db
from models import Course, Enrolment, LabSession, User
from models.lab_session import QUEUED

NUDGE_CHANNEL = "yurt:nudge"
# Counts the changes of the queue: places that were computed before the newest change are out of date.
QUEUE_KEY = "yurt:queue"
HINTS = "yurt_hints"
QUEUE = "yurt_queue_changed"
PLACES = "yurt_places_changed"
LABS = "yurt_labs"
# Hints for more people at once would only make a rush of the pages that ask.
MOST_TOLD = 500
# Tells the gateway that somebody may have lost the right to a connection: their account, session, role, or the course.
ACCESS_CHANNEL = "yurt:live:access"
ALLOWING: dict[type[Any], tuple[str, ...]] = {
    User: ("active", "fs_uniquifier", "roles"),
    Enrolment: ("role",),
    Course: ("is_published",),
}

log = structlog.get_logger("yurt.live")


class Publisher(Protocol):
    """What publishing needs of a Redis client."""

    def publish(self, channel: str, message: str) -> Any:
        """Send `message` to everybody who listens on `channel` now."""

    def incr(self, name: str) -> Any:
        """Count."""


def lab_channel(session_id: uuid.UUID | str) -> str:
    """Return the channel of a lab session's state."""
    return f"yurt:live:lab:{session_id}"


def board_channel(course_id: int) -> str:
    """Return the channel of a course's leaderboard."""
    return f"yurt:live:board:{course_id}"


def labs_channel(course_id: int) -> str:
    """Return the channel of all labs of a course."""
    return f"yurt:live:labs:{course_id}"


def attempt_channel(attempt_id: int) -> str:
    """Return the channel of an attempt at a quiz."""
    return f"yurt:live:attempt:{attempt_id}"


def attempt_terms_channel(attempt_id: int) -> str:
    """Return the channel of an attempt's deadline."""
    return f"yurt:live:attempt-terms:{attempt_id}"


def generation_channel(generation_id: int) -> str:
    """Return the channel of questions that a model writes."""
    return f"yurt:live:generation:{generation_id}"


def nudge(tick: str) -> None:
    """Wake the scheduler for `tick` after the commit."""
    _after_commit(NUDGE_CHANNEL, tick)


def lab_changed(session_id: uuid.UUID | str) -> None:
    """Tell the open pages of the lab, and of its course's labs, after the commit, to load the state anew."""
    _after_commit(lab_channel(session_id), json.dumps({"changed": str(session_id)}))
    db.session().info.setdefault(LABS, set()).add(uuid.UUID(str(session_id)))


def queue_changed() -> None:
    """Let everybody's place in the queue be computed anew, after the commit."""
    db.session().info[QUEUE] = True


def places_changed() -> None:
    """Tell the pages of all waiting sessions, at the commit, that their place may have changed. Once a transaction."""
    queue_changed()
    db.session().info[PLACES] = True


def board_changed(course_id: int) -> None:
    """Tell the open pages of the leaderboard, after the commit, that it changed."""
    _after_commit(board_channel(course_id), json.dumps({"course": course_id}))


def attempt_changed(attempt_id: int, **what: Any) -> None:
    """Tell the open pages of an attempt, after the commit, what changed: one answer, or that it is closed."""
    _after_commit(attempt_channel(attempt_id), json.dumps(what))


def attempt_terms_changed(attempt_id: int) -> None:
    """Tell the open pages of an attempt, after the commit, that it ends at another time."""
    _after_commit(attempt_terms_channel(attempt_id), json.dumps({"attempt": attempt_id}))


def generation_changed(generation_id: int) -> None:
    """Tell the open pages of a generation, after the commit, that something of it changed."""
    _after_commit(generation_channel(generation_id), json.dumps({"generation": generation_id}))


def access_changed() -> None:
    """Have the gateway look who may still be connected, after the commit. Changes of rows are noticed by themselves."""
    _note_access(db.session())


def _after_commit(channel: str, message: str) -> None:
    # A dict keeps the order and drops repetitions.
    db.session().info.setdefault(HINTS, {})[(channel, message)] = True


def _note_access(session: Session) -> None:
    session.info.setdefault(HINTS, {})[(ACCESS_CHANNEL, "{}")] = True


def _on_row(_mapper: Any, _connection: Any, row: Any) -> None:
    session, attributes = object_session(row), inspect(row).attrs
    is_gone = row in session.deleted if session is not None else False
    if session is not None and (is_gone or any(attributes[name].history.has_changes() for name in ALLOWING[type(row)])):
        _note_access(session)


for _kind in ALLOWING:
    event.listen(_kind, "after_update", _on_row)
    event.listen(_kind, "after_delete", _on_row)


@event.listens_for(Session, "do_orm_execute")
def _on_statement(state: ORMExecuteState) -> None:
    is_change = state.is_update or state.is_delete
    if is_change and state.bind_mapper is not None and state.bind_mapper.class_ in ALLOWING:
        _note_access(state.session)


@event.listens_for(Session, "before_commit")
def _name_places(session: Session) -> None:
    if not session.in_nested_transaction() and session.info.pop(PLACES, False):
        waiting = select(LabSession.id).where(LabSession.state == QUEUED).order_by(LabSession.queued_at)
        for session_id in session.scalars(waiting.limit(MOST_TOLD)):
            lab_changed(session_id)


@event.listens_for(Session, "before_commit")
def _name_courses(session: Session) -> None:
    if session.in_nested_transaction():
        return
    changed = session.info.pop(LABS, None)
    if changed:
        query = select(LabSession.course_id).where(LabSession.id.in_(changed)).distinct()
        for course_id in session.scalars(query):
            _after_commit(labs_channel(course_id), json.dumps({"course": course_id}))


@event.listens_for(Session, "after_commit")
def _send(session: Session) -> None:
    if session.in_nested_transaction():
        return
    is_queue_changed = session.info.pop(QUEUE, False)
    hints = session.info.pop(HINTS, {})
    if not (is_queue_changed or hints):
        return
    publisher: Publisher = session.info["given"]["publisher"]
    channel = QUEUE_KEY
    try:
        if is_queue_changed:
            # Before the hints: a page that gets one then reads the new places.
            publisher.incr(QUEUE_KEY)
        for channel, message in hints:
            publisher.publish(channel, message)
    except RedisError as error:
        log.warning("hint lost", channel=channel, error=type(error).__name__)


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop(HINTS, None)
        session.info.pop(QUEUE, None)
        session.info.pop(PLACES, None)
        session.info.pop(LABS, None)
