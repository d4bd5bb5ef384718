"""Where somebody stands in the queue, how long it will take, and what they wait for.

All places are computed at once, and kept in Redis for a second or until the queue changes, so that five hundred
waiting pages cost one computation and not five hundred: a place is at most a second old. Without Redis each page's
own is computed.
"""

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Protocol

import structlog
from redis import RedisError
from sqlalchemy import select

from extensions import db
from models import Lab, LabSession
from models.lab_session import STOPPING
from reasons import Reason
from services import live
from services.capacity import holdings, order
from services.capacity import waits as capacity_waits
from services.capacity.order import Full, Holdings, Limits, Waiting
from services.capacity.waits import History, Machine

KEPT_S = 1
# Processes of two releases may share a Redis for a while: each reads what it wrote itself.
KEPT_AS = "reasons"
HISTORY_KEY = "yurt:queue:history"
HISTORY_KEPT_S = 60
# A machine that stops is free in a moment.
STOP_S = 10.0

log = structlog.get_logger("yurt.places")


class Store(Protocol):
    """What is needed of a Redis client."""

    def get(self, name: str) -> Any:
        """Return a value."""

    def set(self, name: str, value: str, ex: int) -> Any:
        """Keep a value for so many seconds."""

    def hget(self, name: str, key: str) -> Any:
        """Return a field of a hash."""

    def pipeline(self) -> Any:
        """Collect commands, to send them together."""


@dataclass(frozen=True)
class Place:
    """A position, from 1, of so many; the wait in seconds where it is known; what holds it up, and its figures."""

    position: int
    length: int
    likely_s: int | None = None
    latest_s: int | None = None
    reason: Reason | None = None
    full: dict[str, Any] | None = None


@dataclass(frozen=True)
class Queue:
    """How labs are limited, and where computed places are kept: what an application gives (`extensions.AppSession`)."""

    limits: Limits
    store: Store


def of(session_id: uuid.UUID, now: datetime) -> Place | None:
    """Return the session's place; None when it doesn't wait (any more)."""
    queue: Queue = db.session().info["given"]["queue"]
    limits, store = queue.limits, queue.store
    try:
        # The version is read before the tables: what is kept under it is never older than what it stands for.
        key = f"{live.QUEUE_KEY}:{KEPT_AS}:{_text(store.get(live.QUEUE_KEY))}"
        kept = store.hget(key, str(session_id))
        if kept is not None:
            return _place(json.loads(kept))
    except RedisError:
        return everybody(limits, now).get(session_id)
    places = everybody(limits, now, store)
    _keep(store, key, places)
    return places.get(session_id)


def of_all(now: datetime) -> dict[uuid.UUID, Place]:
    """Return the place of everybody who waits, by the limits of this application."""
    queue: Queue = db.session().info["given"]["queue"]
    return everybody(queue.limits, now, queue.store)


def everybody(limits: Limits, now: datetime, store: Store | None = None) -> dict[uuid.UUID, Place]:
    """Compute the place of everybody who waits."""
    held = holdings.holdings(limits.instance)
    turn = order.order(holdings.waiting(), held.by_course, limits.user)
    movable = [] if held.is_down else [entry for entry in turn if order.can_move(entry, held, limits)]
    history = _history(now, store) if movable else History()
    waits = capacity_waits.expected(movable, _machines(now), _free(movable, held, limits), history) if movable else {}
    reasons = _reasons(turn, held, limits)
    places = {}
    for position, (entry, (reason, full)) in enumerate(zip(turn, reasons, strict=True), start=1):
        wait = waits.get(entry.id)
        places[entry.id] = Place(
            position,
            len(turn),
            round(wait.likely_s) if wait else None,
            round(wait.latest_s) if wait else None,
            reason,
            asdict(full) if full else None,
        )
    return places


def _free(turn: Sequence[Waiting], held: Holdings, limits: Limits) -> int:
    """Return how many can have a machine at once: those that fit, and one for each warm machine."""
    count = sum(row.starting + row.ready + row.stopping for row in held.warm.values())
    for entry in turn:
        # Where the cluster has said no, there is no room, whatever is counted here.
        is_refused = entry.waiting_for not in (None, holdings.DOWN)
        if is_refused or order.no_room(entry.needs, held, limits) is not None:
            break
        held = held.with_one(entry.course_id, entry.needs)
        count += 1
    return count


def _reasons(turn: Sequence[Waiting], held: Holdings, limits: Limits) -> list[tuple[Reason | None, Full | None]]:
    """Return what each session waits for. One that would fit waits for what the first that doesn't fit waits for."""
    capped = order.capped_courses(turn, held, limits)
    ahead: Full | None = None
    tried: dict[int, Reason] = {}
    reasons: list[tuple[Reason | None, Full | None]] = []
    for entry in turn:
        if entry.waiting_for:
            tried.setdefault(entry.lab_id, entry.waiting_for)
        full = _own_reason(entry, held, limits, capped)
        if full is None and entry.lab_id in tried:
            reasons.append((tried[entry.lab_id], None))
            continue
        full = full or order.no_room(entry.needs, held, limits)
        if full is not None and full.kind in ("machines", "cpu", "memory"):
            ahead = ahead or full
        full = full or ahead
        reasons.append((full.reason, full) if full else (None, None))
    return reasons


def _own_reason(entry: Waiting, held: Holdings, limits: Limits, capped: set[int]) -> Full | None:
    if held.is_down:
        return Full("cluster")
    if entry.held_by_user >= limits.user:
        return Full("user", entry.held_by_user, limits.user)
    if entry.course_id in capped:
        return Full("course", held.by_course.get(entry.course_id, 0), limits.course)
    return None


def _machines(now: datetime) -> list[Machine]:
    life = Lab.__table__.c.max_life_minutes
    columns = (LabSession.lab_id, LabSession.course_id, LabSession.state, LabSession.started_at, LabSession.expires_at)
    query = (
        select(*columns, life)
        .join(Lab.__table__, Lab.__table__.c.id == LabSession.lab_id)
        .where(LabSession.state.in_(holdings.HOLDING))
    )
    machines = []
    for lab_id, course_id, state, started_at, expires_at, minutes in db.session.execute(query):
        age_s = (now - started_at).total_seconds() if started_at else 0.0
        left_s = (expires_at - now).total_seconds() if expires_at else minutes * 60.0
        machines.append(Machine(lab_id, course_id, max(0.0, age_s), STOP_S if state == STOPPING else left_s))
    return machines


def _history(now: datetime, store: Store | None) -> History:
    try:
        kept = store.get(HISTORY_KEY) if store else None
        if kept is not None:
            return _unpacked(json.loads(kept))
        past = capacity_waits.history(now)
        if store:
            store.set(HISTORY_KEY, json.dumps(asdict(past)), ex=HISTORY_KEPT_S)
    except RedisError:
        return capacity_waits.history(now)
    return past


def _unpacked(kept: dict[str, Any]) -> History:
    # JSON's keys are text.
    by_lab, by_course = ({int(key): value for key, value in kept[name].items()} for name in ("by_lab", "by_course"))
    return History(by_lab, by_course, kept["overall"], kept["starts"])


def _keep(store: Store, key: str, places: dict[uuid.UUID, Place]) -> None:
    if not places:
        return
    try:
        pipeline = store.pipeline()
        pipeline.hset(key, mapping={str(session_id): _kept(place) for session_id, place in places.items()})
        pipeline.expire(key, KEPT_S)
        pipeline.execute()
    except RedisError as error:
        log.warning("places not kept", error=type(error).__name__)


def _kept(place: Place) -> str:
    reason = place.reason.as_json() if place.reason else None
    return json.dumps({**{field.name: getattr(place, field.name) for field in fields(Place)}, "reason": reason})


def _place(kept: dict[str, Any]) -> Place:
    return Place(**{**kept, "reason": Reason.from_json(kept["reason"]) if kept["reason"] else None})


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value or 0)
