"""Boards of now as sorted sets in Redis, which give a rank, and what stands around it, without looking at everybody.

A set's score is the points, negated, so that the first is first; among equal scores Redis orders by the member, which
is the time at which they were reached and the person's ID, both of fixed length. So ties are exact, and no number is
larger than a double holds. A hash says which member is whose.

Beside them stands the state of the database that they show (`changes.State`). Each read asks PostgreSQL what changed
since, applies it, and reads, both in one step of Redis: nobody sees less than was committed, and what a process that
died left undone is done by the next read. Where the state isn't that on which the changes build, somebody else was
faster, and the read begins again. Where the sets are missing or incomplete they are made anew, by the scheduler where
they are large, and PostgreSQL answers meanwhile.
"""

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog
from prometheus_client import Counter
from redis import RedisError
from sqlalchemy import select

from extensions import db
from services import live
from services.leaderboards import changes, scopes
from services.leaderboards import set_members as members
from services.leaderboards.changes import State
from services.leaderboards.ladder import NEAR, Part, Window, part
from services.leaderboards.scopes import Scope
from services.leaderboards.set_script import SCRIPT

PREFIX = "yurt:board:"
WANTED = "yurt:boards:wanted"
TOPIC = "boards"
# A board that nobody looks at for so long goes.
KEPT_S = 14 * 86400
LOCK_S = 300
TRIES = 4
# Larger boards are made by the scheduler.
INLINE = 2_000
CHUNK = 5_000

READS = Counter("yurt_board_reads_total", "Reads of leaderboards, by who answered.", ["by"])
log = structlog.get_logger("yurt.boards")


class Store(Protocol):
    """What is needed of a Redis client."""

    def get(self, name: str) -> Any:
        """Return a value."""

    def set(self, name: str, value: str, *, nx: bool = False, ex: int | None = None) -> Any:
        """Keep a value."""

    def delete(self, *names: str) -> Any:
        """Drop keys."""

    def eval(self, script: str, numkeys: int, *keys_and_args: Any) -> Any:
        """Run a script."""

    def sadd(self, name: str, *values: str) -> Any:
        """Add to a set."""

    def spop(self, name: str) -> Any:
        """Take from a set."""

    def publish(self, channel: str, message: str) -> Any:
        """Send a hint."""

    def pipeline(self, transaction: bool = True) -> Any:
        """Collect commands, to send them together."""

    def scan_iter(self, match: str) -> Iterable[bytes]:
        """Return the keys like a pattern."""


def read(store: Store, scope: Scope, window: Window) -> Part | None:
    """Return a part of a board of now; None where PostgreSQL has to answer."""
    try:
        return _read(store, scope, window)
    except RedisError as error:
        log.warning("board not read from redis", error=type(error).__name__)
        return None


def _read(store: Store, scope: Scope, window: Window) -> Part | None:
    for _try in range(TRIES):
        stored = store.get(_keys(scope)[2])
        before = _state(stored)
        found = changes.since(scope, before)
        if found.is_private:
            return None
        is_right = before is not None and before.epoch == found.state.epoch and before.next <= found.state.next
        if not is_right or found.is_too_much:
            if not _want(store, scope):
                return None
            continue
        shown = _apply(store, scope, stored, found, window)
        if shown is not None:
            return shown
    return None


def _apply(store: Store, scope: Scope, stored: bytes, found: changes.Changes, window: Window) -> Part | None:
    """Apply changes and read, in one step; None where the board isn't what the changes build on any more."""
    kind, at, member = "first", str(window.first), ""
    for name, key in (("after", window.after), ("before", window.before)):
        if key is not None:
            kind, at, member = name, str(-key.points), members.member(key.user_id, key.reached_at)
    # A state is written again where it moved, or somebody would take their own older one for the same.
    state = stored.decode() if not found.standings else _written(found.state)
    arguments: list[Any] = [stored, state, KEPT_S, kind, at, member, window.count]
    arguments += ["" if window.me is None else window.me, NEAR, len(found.standings)]
    for standing in found.standings:
        arguments += [
            standing.user_id,
            -standing.points if standing.points else "",
            members.member(standing.user_id, standing.reached_at),
        ]
    answer = store.eval(SCRIPT, 3, *_keys(scope), *arguments, *window.users)
    if answer[0] == b"stale":
        return None
    total, first, rows, low, around, told = answer
    people = told[0::3], told[1::3], told[2::3]
    places = {
        place.rank: place
        for place in [
            *members.places(first, rows),
            *members.places(low, around),
            *(members.place(int(rank), member, score) for rank, member, score in zip(*people, strict=True)),
        ]
    }
    shown = part([places[rank] for rank in sorted(places)], total, window)
    return Part(members.places(first, rows), total, shown.own, shown.around, shown.found)


def _want(store: Store, scope: Scope) -> bool:
    """See to it that the board is made; return whether it is there already."""
    query = select(scopes.ranked(scope).limit(INLINE + 1).subquery())
    if len(db.session.execute(query).all()) <= INLINE:
        return make(store, scope)
    store.sadd(WANTED, scope.name)
    store.publish(live.NUDGE_CHANNEL, TOPIC)
    return False


def make(store: Store, scope: Scope) -> bool:
    """Make the sets of a board; return whether this call did it. Somebody else may be at it."""
    lock, draft = f"{PREFIX}{scope.name}:lock", f"{PREFIX}{scope.name}:draft"
    if not store.set(lock, "1", nx=True, ex=LOCK_S):
        return False
    try:
        # The state is read first: what changes while the rows are read is applied once more by the next read.
        state = changes.since(scope, None).state
        drafts = [f"{draft}:z", f"{draft}:h"]
        store.delete(*drafts)
        count = 0
        rows = db.session.execute(scopes.ranked(scope))
        for chunk in rows.partitions(CHUNK):
            pipe = store.pipeline(transaction=False)
            made = {row.user_id: (members.member(row.user_id, row.reached_at), -int(row.points)) for row in chunk}
            pipe.zadd(drafts[0], dict(made.values()))
            pipe.hset(drafts[1], mapping={user_id: member for user_id, (member, _score) in made.items()})
            pipe.execute()
            count += len(made)
        _replace(store, scope, drafts, state, count)
        log.info("board made", board=scope.name, rows=count)
        return True
    finally:
        store.delete(lock)


def _replace(store: Store, scope: Scope, drafts: list[str], state: State, count: int) -> None:
    keys = _keys(scope)
    pipe = store.pipeline(transaction=True)
    if count:
        for draft, key in zip(drafts, keys, strict=False):
            pipe.rename(draft, key)
    else:
        pipe.delete(*keys[:2])
    pipe.set(keys[2], _written(state))
    for key in keys:
        pipe.expire(key, KEPT_S)
    pipe.execute()


def make_wanted(store: Store, now: datetime) -> bool:
    """Make one of the boards that somebody waits for; return whether there was one."""
    name = store.spop(WANTED)
    if name is None:
        return False
    course, cohort, begin = name.decode().split(":")
    since = None if begin == "all" else datetime.strptime(begin, "%Y%m%d").replace(tzinfo=UTC)
    scope = Scope(int(course), None if cohort == "all" else int(cohort), since)
    if since is None or now - since < timedelta(days=32):
        make(store, scope)
    return True


def forget(store: Store) -> None:
    """Have every board made anew by its next read."""
    try:
        for key in store.scan_iter(match=f"{PREFIX}*:state"):
            store.delete(key.decode())
    except RedisError as error:
        log.warning("boards not forgotten", error=type(error).__name__)


def _keys(scope: Scope) -> tuple[str, str, str]:
    return f"{PREFIX}{scope.name}:z", f"{PREFIX}{scope.name}:h", f"{PREFIX}{scope.name}:state"


def _written(state: State) -> str:
    return f"{state.epoch}|{state.snapshot}|{secrets.token_hex(4)}"


def _state(stored: bytes | None) -> State | None:
    if stored is None:
        return None
    epoch, snapshot, _nonce = stored.decode().split("|")
    return State(int(epoch), snapshot)
