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
from services.leaderboards.changes import Standing, State
from services.leaderboards.ladder import NEAR, Key, Part, Place, Window, part
from services.leaderboards.scopes import Scope

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
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

READS = Counter("yurt_board_reads_total", "Reads of leaderboards, by who answered.", ["by"])
log = structlog.get_logger("yurt.boards")

# KEYS: the sorted set, the hash of members, the state. ARGV: the state that the changes build on, the new state, how
# many seconds to keep it, the window (kind, number or score, member, count), me or "", NEAR, how many changes, the
# changes (person, score or "", member), the people asked for. Returns {"stale"}, or the total, the first rank and
# rows of the window, my rank and the rows around me, the rank and member of each person asked for.
SCRIPT = """
local z, h, s = KEYS[1], KEYS[2], KEYS[3]
if redis.call('GET', s) ~= ARGV[1] then return {'stale'} end
local kind, at, member, count = ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
local me, near, n = ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10])
local i = 11
for _ = 1, n do
  local who, score, new = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  i = i + 3
  local old = redis.call('HGET', h, who)
  if old and (score == '' or old ~= new) then redis.call('ZREM', z, old) end
  if score == '' then redis.call('HDEL', h, who)
  else
    redis.call('ZADD', z, score, new)
    if old ~= new then redis.call('HSET', h, who, new) end
  end
end
local total = redis.call('ZCARD', z)
if total ~= redis.call('HLEN', h) then redis.call('DEL', s) return {'stale'} end
if ARGV[2] ~= ARGV[1] then
  redis.call('SET', s, ARGV[2])
  for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[3]) end
end
local first = 0
if kind == 'first' then first = tonumber(at) - 1
else
  redis.call('ZADD', z, at, member .. '~')
  local above = redis.call('ZRANK', z, member .. '~')
  redis.call('ZREM', z, member .. '~')
  if kind == 'after' then first = above
  else
    local own = redis.call('ZSCORE', z, member)
    if own and tonumber(own) == tonumber(at) then above = above - 1 end
    first = math.max(0, above - count)
    count = above - first
  end
end
local rows = {}
if count > 0 then rows = redis.call('ZRANGE', z, first, first + count - 1, 'WITHSCORES') end
local rank, around, low = -1, {}, 0
local mine = me ~= '' and redis.call('HGET', h, me)
if mine then
  rank = redis.call('ZRANK', z, mine)
  low = math.max(0, rank - near)
  around = redis.call('ZRANGE', z, low, rank + near, 'WITHSCORES')
end
local found = {}
while ARGV[i] do
  local whose = redis.call('HGET', h, ARGV[i])
  if whose then
    found[#found + 1] = redis.call('ZRANK', z, whose)
    found[#found + 1] = whose
    found[#found + 1] = redis.call('ZSCORE', z, whose)
  end
  i = i + 1
end
return {total, first, rows, low, around, found}
"""


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
            kind, at, member = name, str(-key.points), _member(key.user_id, key.reached_at)
    # A state is written again where it moved, or somebody would take their own older one for the same.
    state = stored.decode() if not found.standings else _written(found.state)
    arguments: list[Any] = [stored, state, KEPT_S, kind, at, member, window.count]
    arguments += ["" if window.me is None else window.me, NEAR, len(found.standings)]
    for standing in found.standings:
        arguments += [standing.user_id, -standing.points if standing.points else "", _member_of(standing)]
    answer = store.eval(SCRIPT, 3, *_keys(scope), *arguments, *window.users)
    if answer[0] == b"stale":
        return None
    total, first, rows, low, around, told = answer
    people = told[0::3], told[1::3], told[2::3]
    places = {
        place.rank: place
        for place in [
            *_places(first, rows),
            *_places(low, around),
            *(_place(int(rank), member, score) for rank, member, score in zip(*people, strict=True)),
        ]
    }
    shown = part([places[rank] for rank in sorted(places)], total, window)
    return Part(_places(first, rows), total, shown.own, shown.around, shown.found)


def _want(store: Store, scope: Scope) -> bool:
    """See to it that the board is made; return whether it is there already."""
    query = select(scopes.ranked(scope).limit(INLINE + 1).subquery())
    if len(db.session.execute(query).all()) <= INLINE:
        return make(store, scope)
    store.sadd(WANTED, _wanted(scope))
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
            members = {row.user_id: (_member(row.user_id, row.reached_at), -int(row.points)) for row in chunk}
            pipe.zadd(drafts[0], dict(members.values()))
            pipe.hset(drafts[1], mapping={user_id: member for user_id, (member, _score) in members.items()})
            pipe.execute()
            count += len(members)
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


def _wanted(scope: Scope) -> str:
    return scope.name


def _written(state: State) -> str:
    return f"{state.epoch}|{state.snapshot}|{secrets.token_hex(4)}"


def _state(stored: bytes | None) -> State | None:
    if stored is None:
        return None
    epoch, snapshot, _nonce = stored.decode().split("|")
    return State(int(epoch), snapshot)


def _member_of(standing: Standing) -> str:
    return _member(standing.user_id, standing.reached_at)


def _member(user_id: int, reached_at: datetime) -> str:
    # Whole microseconds since 1970, and a person's ID, in hexadecimal digits of one length: they sort as numbers do.
    return f"{(reached_at - EPOCH) // timedelta(microseconds=1):014x}{user_id:012x}"


def _places(first: int, rows: list[bytes]) -> list[Place]:
    pairs = zip(rows[0::2], rows[1::2], strict=True)
    return [_place(first + number, member, score) for number, (member, score) in enumerate(pairs)]


def _place(index: int, member: bytes, score: bytes) -> Place:
    reached_at = EPOCH + timedelta(microseconds=int(member[:14], 16))
    return Place(int(index) + 1, int(member[14:26], 16), -int(float(score)), reached_at)


def key_of(place: Place) -> Key:
    """Return what a place is ordered by."""
    return place.key
