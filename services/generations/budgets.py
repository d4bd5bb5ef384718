"""What a day's calls to the model have used, for a person, a course and the site; and what is left of the budgets.

The rows of the calls are the truth. Redis holds their sums, so that pages needn't add them up. Whoever reserves holds
a lock until their call is committed, and compares the newest call that Redis has counted with that of the table:
where Redis lost something, or counted a call that never came to be, the sums are made anew. Between two of these
Redis may count too much, never too little.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from redis import Redis, RedisError
from sqlalchemy import func, select

from extensions import db
from models import GenerationCall
from reasons import Code, Reason
from services.errors import LimitReached
from services.generations.terms import SCOPES, Budget, Scope, Terms

# Adds to sums that are still those of a name.
CORRECT = """
if ARGV[1] == '' or redis.call('HGET', KEYS[1], 'made') ~= ARGV[1] then return 0 end
for place = 4, #ARGV do
    redis.call('HINCRBY', KEYS[1], ARGV[place] .. ':tokens', ARGV[2])
    redis.call('HINCRBY', KEYS[1], ARGV[place] .. ':cost', ARGV[3])
end
return 1
"""
LOCK = "generation-budgets"
KEPT_S = 2 * 86_400
NEWEST = "newest"
# Names the sums since they were last made of the rows.
MADE = "made"

log = structlog.get_logger("yurt.generations")


@dataclass(frozen=True)
class Spender:
    """Whose budgets a call is counted in."""

    user_id: int | None
    course_id: int

    def key(self, scope: Scope) -> str:
        """Return the name of a scope's sums."""
        whose = {"user": self.user_id or 0, "course": self.course_id, "total": 0}
        return f"{scope}:{whose[scope]}"


class BudgetUsed(LimitReached):
    """The budget of the day is used up."""

    def __init__(self, scope: Scope, *, retry_after_s: int) -> None:
        super().__init__(retry_after_s=retry_after_s, reason=Reason(Code.BUDGET_USED, whose=scope))


def lock() -> None:
    """Be the one who reserves, until the transaction ends."""
    db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(LOCK, 0))))


def require(redis: Redis, spender: Spender, terms: Terms, wanted: Budget, *, now: datetime) -> None:
    """Raise BudgetUsed where so much isn't left. The caller who reserves has the lock, and calls `count` afterwards."""
    for scope, spent in spent_of(redis, spender, now=now, is_exact=True).items():
        most = terms.budgets[scope]
        if spent.tokens + wanted.tokens > most.tokens or spent.cost + wanted.cost > most.cost:
            raise BudgetUsed(scope, retry_after_s=_left_of_day_s(now))


def left(redis: Redis, spender: Spender, terms: Terms, *, now: datetime) -> dict[Scope, Budget]:
    """Return what is left of each budget today."""
    return {
        scope: Budget(
            max(0, terms.budgets[scope].tokens - spent.tokens), max(0, terms.budgets[scope].cost - spent.cost)
        )
        for scope, spent in spent_of(redis, spender, now=now).items()
    }


def spent_of(redis: Redis, spender: Spender, *, now: datetime, is_exact: bool = False) -> dict[Scope, Budget]:
    """Return what was used today; `is_exact` also looks whether Redis has counted every call."""
    try:
        kept = _kept(redis, now, is_exact=is_exact)
    except RedisError as error:
        log.warning("budgets are added up without redis", error=type(error).__name__)
        kept = _sums(now)
    return {
        scope: Budget(*(int(kept.get(f"{spender.key(scope)}:{what}", 0)) for what in ("tokens", "cost")))
        for scope in SCOPES
    }


def count(redis: Redis, call: GenerationCall, *, now: datetime) -> None:
    """Count a call that was just written, before it is committed. The caller has the lock."""
    try:
        with redis.pipeline() as together:
            _add(together, call, call.tokens, call.cost)
            together.hset(_key(now), NEWEST, call.id)
            together.execute()
    except RedisError as error:
        # The next one who reserves finds that the newest call isn't counted.
        log.warning("call not counted in redis", call=call.id, error=type(error).__name__)


def made(redis: Redis, *, now: datetime) -> str:
    """Return the name of the sums as they are, for who is about to commit what a call did cost; empty without any."""
    try:
        kept: Any = redis.hget(_key(now), MADE)
    except RedisError:
        return ""
    return _text(kept) if kept else ""


def correct(redis: Redis, call: GenerationCall, before: Budget, since: str) -> None:
    """Count what a call did cost, instead of what was reserved, once that is committed.

    Where the sums were made anew after `since`, they may hold the price already: taking off the difference then would
    count too little, so they stay.
    """
    tokens, cost = call.tokens - before.tokens, call.cost - before.cost
    fields = [Spender(call.user_id, call.course_id).key(scope) for scope in SCOPES]
    script: Any = redis.eval
    try:
        script(CORRECT, 1, _key(call.made_at), since, tokens, cost, *fields)
    except RedisError as error:
        log.warning("call not corrected in redis", call=call.id, error=type(error).__name__)


def forget(redis: Redis, now: datetime) -> None:
    """Have the sums made anew by who reserves next: somebody died between two steps.

    They stay until then: who reserves at this moment has read them, and adds to them.
    """
    try:
        redis.hdel(_key(now), NEWEST)
    except RedisError as error:
        log.warning("sums not forgotten", error=type(error).__name__)


def _add(together: Any, call: GenerationCall, tokens: int, cost: int) -> None:
    spender, key = Spender(call.user_id, call.course_id), _key(call.made_at)
    for scope in SCOPES:
        together.hincrby(key, f"{spender.key(scope)}:tokens", tokens)
        together.hincrby(key, f"{spender.key(scope)}:cost", cost)
    together.expire(key, KEPT_S)


def _kept(redis: Redis, now: datetime, *, is_exact: bool) -> dict[str, Any]:
    found: dict[Any, Any] = redis.hgetall(_key(now))
    kept = {_text(name): value for name, value in found.items()}
    if NEWEST in kept and not (is_exact and int(kept[NEWEST]) != _newest(now)):
        return kept
    # A reader without the lock may read sums that somebody is about to change: only who has it writes them.
    sums = _sums(now)
    if is_exact:
        with redis.pipeline() as together:
            together.delete(_key(now))
            mapping: dict[Any, Any] = {**sums, NEWEST: _newest(now), MADE: secrets.token_hex(8)}
            together.hset(_key(now), mapping=mapping)
            together.expire(_key(now), KEPT_S)
            together.execute()
    return sums


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def _newest(now: datetime) -> int:
    return db.session.scalar(select(func.max(GenerationCall.id)).where(*_today(now))) or 0


def _sums(now: datetime) -> dict[str, int]:
    used = func.sum(GenerationCall.tokens), func.sum(GenerationCall.cost)
    query = select(GenerationCall.user_id, GenerationCall.course_id, used[0], used[1]).where(*_today(now))
    sums: dict[str, int] = {}
    grouped = query.group_by(GenerationCall.user_id, GenerationCall.course_id)
    for user_id, course_id, tokens, cost in db.session.execute(grouped).tuples():
        for scope in SCOPES:
            key = Spender(user_id, course_id).key(scope)
            sums[f"{key}:tokens"] = sums.get(f"{key}:tokens", 0) + int(tokens)
            sums[f"{key}:cost"] = sums.get(f"{key}:cost", 0) + int(cost)
    return sums


def _today(now: datetime) -> tuple[Any, ...]:
    begin = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return GenerationCall.made_at >= begin, GenerationCall.made_at < begin + timedelta(days=1)


def _key(now: datetime) -> str:
    return f"yurt:generations:{now:%Y-%m-%d}"


def _left_of_day_s(now: datetime) -> int:
    end = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return max(1, int((end - now).total_seconds()))
