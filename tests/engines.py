"""One PostgreSQL and one Valkey for a whole run of the suite, shared by every xdist worker.

The process that the user started owns them; workers only get their folder. fsync is off: the data is thrown away.
A template database is migrated once; every other database is a copy of it.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psycopg2

from cli import processes
from cli.engines.postgresql import PostgreSQL
from cli.engines.valkey import Valkey
from cli.release import release
from cli.supervise import Supervisor
from config import Settings, load_settings
from database import time_outs
from tests.nomad import remains

PREFIX = "yurt-test-"
TEMPLATE = "template_yurt"
SECRET = "only-for-tests-0123456789abcdef0123456789abcdef"
# Redis databases of one worker: its own, and those of sites that it starts.
DATABASES_A_WORKER = 8


class Engines:
    """The engines as every worker sees them, by their folder alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        no_sync = {
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "300",
        }
        self.postgresql = PostgreSQL(folder / "postgresql", folder, folder / "postgresql.log", **no_sync)
        self.valkey = Valkey(folder / "valkey", folder, folder / "valkey.log", appendonly="no")
        self.redis_taken = 0
        self.redis_held: set[str] = set()

    def redis_url(self, worker: str) -> str:
        """Return the address of a Redis database that nobody else uses now; a worker has eight, in turn.

        Those in `redis_held` are passed over.
        """
        number = int(worker.removeprefix("gw") or 0) if worker.startswith("gw") else 0
        while True:
            taken, self.redis_taken = self.redis_taken, self.redis_taken + 1
            offset = taken if taken == 0 else 1 + (taken - 1) % (DATABASES_A_WORKER - 1)
            url = self.valkey.url(number * DATABASES_A_WORKER + offset)
            if url not in self.redis_held:
                return url

    def copy(self, name: str, template: str = TEMPLATE) -> str:
        """Make a database from the template, which is migrated by who comes first; return its address."""
        with (self.folder / "template.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = self.folder / "template.done"
            if not done.exists():
                self.postgresql.create_database(TEMPLATE)
                release(site_settings(self.postgresql.url(TEMPLATE), self.valkey.url(63), self.folder, is_demo=False))
                self._leave(TEMPLATE)
                done.touch()
            self.postgresql.create_database(name, template)
            # They belong to a role in a database, and a copy doesn't take them along.
            time_outs.write(self.postgresql.url(name))
        return self.postgresql.url(name)

    def drop(self, name: str) -> None:
        """Remove a database with everybody in it."""
        self._command(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def empty(self, name: str, tables: Iterable[str]) -> None:
        """Delete the rows of tables, whatever triggers and keys would say: TRUNCATE makes all their files anew."""
        connection = psycopg2.connect(self.postgresql.url(name, "postgres"))
        with contextlib.closing(connection), connection, connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(";".join(f'DELETE FROM "{table}"' for table in tables))

    def _leave(self, name: str) -> None:
        # A template can't be copied while somebody is connected to it.
        self._command("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", name)

    def _command(self, statement: str, *values: str) -> None:
        connection = psycopg2.connect(self.postgresql.url("postgres", "postgres"))
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute(statement, values)


@contextlib.contextmanager
def running_engines() -> Iterator[Engines]:
    """Start the engines in a folder of their own, and end them with it."""
    remove_leftovers()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir="/tmp"))
    processes.write_record(folder / "owner.json", {"owner": os.getpid()})
    supervisor = Supervisor(folder / "processes.json", lambda name, line: print(f"{name}: {line}"))
    engines = Engines(folder)
    try:
        engines.postgresql.create(supervisor)
        supervisor.start(engines.postgresql.program())
        supervisor.start(engines.valkey.program())
        is_up = supervisor.pump(lambda: engines.postgresql.is_ready() and engines.valkey.is_ready(), within=60)
        assert is_up, f"the engines of the tests don't start, see {folder}"
        yield engines
    finally:
        supervisor.end(within=10)
        engines.postgresql.remove_places()
        remains.clear_all(folder)
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers() -> None:
    """End the engines of runs whose owner is gone, and remove their folders."""
    for folder in Path("/tmp").glob(f"{PREFIX}*"):
        # Another run may end meanwhile, and take its folder along.
        with contextlib.suppress(FileNotFoundError):
            if folder.stat().st_uid != os.geteuid() or not (folder / "owner.json").exists():
                continue
            if processes.living(folder / "owner.json"):
                continue
            processes.end(processes.living(folder / "processes.json"), within=5)
            Engines(folder).postgresql.remove_places()
            remains.clear_all(folder)
            shutil.rmtree(folder, ignore_errors=True)


def site_settings(database_url: str, redis_url: str, var: Path, **changes: Any) -> Settings:
    """Return settings of a whole site for tests, whatever the environment says."""
    values: dict[str, Any] = {
        "database_url": database_url,
        "redis_url": redis_url,
        "secret_key": SECRET,
        "var_dir": var,
        "public_url": "http://localhost",
        "log_level": "WARNING",
        # A test's transaction is its own: nobody else sees its versions. tests/kept has sites of its own.
        "kept_pages_s": 0,
        "lab_backend": "local",
        "lab_local_accept_risk": True,
        "is_demo": True,
    }
    # By alias, for the environment's own value would win over the field's name.
    aliases = {"var_dir": "YURT_VAR", "instance": "YURT_INSTANCE", "is_demo": "YURT_DEMO"}
    return load_settings(**{aliases.get(name, name): value for name, value in {**values, **changes}.items()})
