"""Restores a backup into an empty database, checks it, and takes out what only the site that made it may go on with.

What runs, waits or is held there must not go on here: labs on the same cluster, mail that was sent meanwhile, leases of
processes that aren't ours, sessions in Redis that name people by numbers of another database.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg2 import sql
from redis import Redis, RedisError

from config import Settings
from services import leases
from services.backups import dumps
from services.backups.archives import Manifest
from services.backups.faults import BackupFault

# Every key of ours in Redis begins so.
KEYS = "yurt:*"
KEYS_AT_ONCE = 500
PARTS_OF_A_SITE = ("yurt-web-%", "yurt-scheduler-%", "yurt-gateway-%")
OURS = """
    SELECT format('DROP %s IF EXISTS public.%s CASCADE', kind, name) FROM (
        SELECT 1 AS turn, CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                          WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, quote_ident(c.relname) AS name, c.oid
        FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
        UNION ALL
        SELECT 2, 'ROUTINE', quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')', p.oid
        FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
        UNION ALL
        SELECT 3, 'TYPE', quote_ident(t.typname), t.oid
        FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('e', 'd')
    ) AS things WHERE NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = things.oid AND d.deptype = 'e')
    ORDER BY turn
"""


@dataclass(frozen=True)
class Answers:
    """What the operator has said: the database may be emptied, and this site takes the place of the one that was."""

    may_empty: bool = False
    takes_over: bool = False


def require_allowed(settings: Settings, url: str, manifest: Manifest, known: set[str], answers: Answers) -> None:
    """Refuse what would do harm here; change nothing. `known` are the versions of the schema that this code knows."""
    if manifest.schema not in known:
        raise BackupFault(
            f"the backup has the schema {manifest.schema} of a newer version ({manifest.release}): "
            "install that version, and restore with it"
        )
    is_shared = settings.lab_backend == "nomad" and settings.instance == manifest.instance
    if is_shared and not answers.takes_over:
        raise BackupFault(
            f"both sites would be called {manifest.instance} on the cluster, and this one would end the other's labs: "
            "give a copy a YURT_INSTANCE of its own, or say --takes-over where the site that made the backup is gone"
        )
    with dumps.connected(url) as connection, connection.cursor() as cursor:
        names = " OR ".join(["application_name LIKE %s"] * len(PARTS_OF_A_SITE))
        cursor.execute(
            f"SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database() AND ({names})",
            PARTS_OF_A_SITE,
        )
        if running := sorted(row[0] for row in cursor.fetchall()):
            raise BackupFault(f"the site runs on this database ({', '.join(running)}): stop web, gateway and scheduler")
        if (there := dumps.tables(cursor)) and not answers.may_empty:
            raise BackupFault(
                f"the database isn't empty: it has {len(there)} tables. Name an empty one in DATABASE_URL, or say "
                "--empty-first to lose what is in it"
            )


def load(url: str, manifest: Manifest, dumped: Path, *, may_empty: bool, beat: Callable[[], None]) -> None:
    """Empty the database where that was said, restore the dump, and compare each table with the manifest."""
    with dumps.connected(url) as connection:
        if may_empty:
            _empty(connection)
    dumps.load(url, dumped, beat)
    with dumps.connected(url) as connection, connection.cursor() as cursor:
        require_same(manifest.rows, dumps.rows(cursor))


def require_same(wanted: dict[str, int], there: dict[str, int]) -> None:
    """Refuse where a table has other rows than the manifest says."""
    if wanted != there:
        wrong = sorted(name for name in {*wanted, *there} if wanted.get(name) != there.get(name))
        told = ", ".join(f"{name} {there.get(name)} instead of {wanted.get(name)}" for name in wrong[:5])
        raise BackupFault(f"what was restored isn't what was backed up: {told}")


def _empty(connection: Any) -> None:
    """Drop what is ours in the schema, as an ordinary role; extensions stay."""
    with connection, connection.cursor() as cursor:
        cursor.execute(OURS)
        for (statement,) in cursor.fetchall():
            cursor.execute(statement)


# What only the site that made the backup may go on with. A table that isn't there yet, or any more, is passed over.
LABS = (
    (
        "lab_sessions",
        "UPDATE lab_sessions SET state = 'ended', reason = 'lost', ended_at = %(now)s, waiting_for = NULL,"
        " leased_until = NULL, retry_at = NULL, holder = '', save_requested_at = NULL WHERE state <> 'ended'",
    ),
    ("check_runs", "UPDATE check_runs SET state = 'error', finished_at = %(now)s WHERE state IN ('queued', 'running')"),
    ("warm_labs", "DELETE FROM warm_labs"),
    ("cluster_states", "DELETE FROM cluster_states"),
)
MAIL = ("mails", "UPDATE mails SET given_up_at = %(now)s WHERE sent_at IS NULL AND given_up_at IS NULL")
ALWAYS = (
    *LABS,
    MAIL,
    *(
        (kind.__tablename__, f"UPDATE {kind.__tablename__} SET leased_until = NULL, holder = '' WHERE holder <> ''")
        for kind in leases.KINDS
    ),
    ("grading_holds", "DELETE FROM grading_holds"),
    ("ended_sessions", "DELETE FROM ended_sessions"),
    ("backups", "DELETE FROM backups WHERE ended_at IS NULL"),
)


# A copy must not tell learning platforms and receivers of events what the site itself has told them since.
COPY = (
    ("lti_scores", "UPDATE lti_scores SET sent = wanted WHERE sent < wanted"),
    (
        "webhook_deliveries",
        "UPDATE webhook_deliveries SET state = 'failed', ended_at = %(now)s WHERE state = 'waiting'",
    ),
)


def settle(url: str, redis: Redis, *, takes_over: bool, now: datetime) -> dict[str, int]:
    """Take out what must not go on here; return how many rows of each kind that were."""
    counts: dict[str, int] = {}
    with dumps.connected(url) as connection, connection, connection.cursor() as cursor:
        there = set(dumps.tables(cursor))
        for name, statement in ALWAYS if takes_over else (*ALWAYS, *COPY):
            if name in there:
                cursor.execute(sql.SQL(statement), {"now": now})
                counts[name] = counts.get(name, 0) + cursor.rowcount
    counts["sessions and caches in Redis"] = forget(redis)
    return {name: count for name, count in counts.items() if count}


def forget(redis: Redis) -> int:
    """Remove every key of ours from Redis: sessions name people by numbers that are others' now."""
    gone = 0
    try:
        batch: list[Any] = []
        for key in redis.scan_iter(match=KEYS, count=KEYS_AT_ONCE):
            batch.append(key)
            if len(batch) == KEYS_AT_ONCE:
                gone += int(redis.unlink(*batch))
                batch = []
        return gone + (int(redis.unlink(*batch)) if batch else 0)
    except RedisError as error:
        raise BackupFault(
            f"Redis can't be emptied ({error}), and its sessions name people by their numbers: say redis-cli FLUSHDB "
            "before the start"
        ) from None
