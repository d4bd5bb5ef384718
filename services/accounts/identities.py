"""Who somebody is, kept in Redis for a minute, so that a request of theirs learns it together with their session.

PostgreSQL is the truth. What is kept is marked as changing in the transaction that changes it, and again after the
commit; while the mark is there, everybody asks PostgreSQL and keeps nothing. A process that dies between the two
leaves the mark, and one that can't reach Redis leaves what was kept for KEPT_S at most
(docs/adr/0039-who-somebody-is-comes-with-the-session.md).
"""

import json
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import structlog
from redis import RedisError
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session, make_transient_to_detached, object_session
from sqlalchemy.orm.attributes import set_committed_value

from extensions import WHO_PREFIX, db
from models import Role, User

# Marks everybody: who changed isn't known, because a statement changed many rows.
EVERYBODY = f"{WHO_PREFIX}*"
KEPT_S = 60
# Longer than anybody who read before the commit takes to keep what they read (FRESH_S).
MARKED_S = 30
FRESH_S = 5.0
MARK = b"-"
CHANGED = "yurt_identities_changed"
# What a request needs of a person. The password's hash and the address stay in PostgreSQL alone.
FIELDS = ("id", "fs_uniquifier", "active", "handle", "display_name", "time_zone", "language", "theme")
TIMES = ("confirmed_at", "second_factor_at")
# Whether they teach or assist anywhere; None where it isn't known. Then who has to know asks.
STAFF = "is_staff"

log = structlog.get_logger("yurt.accounts")


class Store(Protocol):
    """What is needed of a Redis client."""

    def set(self, name: str, value: Any, *, ex: int, nx: bool = False) -> Any:
        """Set a value that goes away after `ex` seconds; with `nx` only where there is none."""


def read(values: Sequence[bytes | None]) -> dict[str, Any] | None:
    """Return what is kept at the two keys of `extensions.identity_keys`, or None where PostgreSQL is to be asked."""
    own = values[0]
    if own is None or is_changing(values):
        return None
    kept: dict[str, Any] = json.loads(own)
    # An older Yurt, which is on its way out, may have kept less.
    return kept if kept.keys() >= {*FIELDS, *TIMES, STAFF} else None


def is_changing(values: Sequence[bytes | None]) -> bool:
    """Say whether somebody is changing the person, so that PostgreSQL has to be asked."""
    own, everybody = values
    return own == MARK or everybody is not None


def is_open(values: Sequence[bytes | None]) -> bool:
    """Say whether there is something to be kept: nothing is, and no change is so new that nothing may be."""
    return all(value is None for value in values)


def revive(kept: dict[str, Any]) -> User:
    """Return the person as the session of the database knows them, without asking PostgreSQL."""
    known = db.session.identity_map.get(Session.identity_key(User, kept["id"]))
    if isinstance(known, User):
        return known
    times = {name: datetime.fromisoformat(kept[name]) if kept[name] else None for name in TIMES}
    user = User(**{name: kept[name] for name in FIELDS}, **times)
    make_transient_to_detached(user)
    roles = [_role(*role) for role in kept["roles"]]
    set_committed_value(user, "roles", roles)
    db.session.add(user)
    return user


def _role(role_id: int, name: str, permissions: list[str] | None) -> Role:
    known = db.session.identity_map.get(Session.identity_key(Role, role_id))
    if isinstance(known, Role):
        return known
    role = Role(id=role_id, name=name, permissions=permissions)
    make_transient_to_detached(role)
    db.session.add(role)
    return role


def keep(store: Store, user: User, began: float, *, is_staff: bool | None = None) -> bytes | None:
    """Keep who somebody is, as it was read from `began` (time.monotonic) on; not where that is long ago.

    Return what is kept, or None where nothing was.
    """
    value = {name: getattr(user, name) for name in FIELDS}
    for name in TIMES:
        at: datetime | None = getattr(user, name)
        value[name] = at.isoformat() if at else None
    value[STAFF] = is_staff
    value["roles"] = [(role.id, role.name, role.permissions) for role in user.roles]
    if time.monotonic() - began > FRESH_S:
        return None
    text = json.dumps(value)
    try:
        is_kept = store.set(f"{WHO_PREFIX}{user.id}", text, ex=KEPT_S, nx=True)
    except RedisError as error:
        log.warning("identity not kept", error=type(error).__name__)
        return None
    return text.encode() if is_kept else None


def changed(user_id: int) -> None:
    """Have PostgreSQL asked who this is, from now on; after the commit it is said again."""
    _note(db.session(), f"{WHO_PREFIX}{user_id}")


def _note(session: Session, key: str) -> None:
    session.info.setdefault(CHANGED, set()).add(key)
    _mark(session, [key])


def _mark(session: Session, marked: Sequence[str]) -> None:
    store: Store = session.info["given"]["identities"]
    try:
        for key in marked:
            # Everybody's mark outlives all that was kept before it.
            store.set(key, MARK, ex=KEPT_S + MARKED_S if key == EVERYBODY else MARKED_S)
    except RedisError as error:
        log.warning("change of a person not told", error=type(error).__name__)


def _on_row(_mapper: Any, _connection: Any, user: User) -> None:
    session = object_session(user)
    if session is not None:
        _note(session, f"{WHO_PREFIX}{user.id}")


for _what in ("after_update", "after_delete"):
    event.listen(User, _what, _on_row)


def _on_role(_mapper: Any, _connection: Any, role: Role) -> None:
    session = object_session(role)
    if session is not None:
        _note(session, EVERYBODY)


for _what in ("after_update", "after_delete"):
    event.listen(Role, _what, _on_role)


@event.listens_for(Session, "do_orm_execute")
def _on_statement(state: ORMExecuteState) -> None:
    is_change = state.is_update or state.is_delete
    if is_change and state.bind_mapper is not None and state.bind_mapper.class_ in (User, Role):
        _note(state.session, EVERYBODY)


@event.listens_for(Session, "after_commit")
def _say_again(session: Session) -> None:
    if not session.in_nested_transaction() and (marked := session.info.pop(CHANGED, None)):
        _mark(session, sorted(marked))


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop(CHANGED, None)
