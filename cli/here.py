"""Run a command as part of the site that `make run` runs here: `python -m cli.here flask token create EMAIL`.

It has the site's environment (addresses of the embedded engines, the secret), and PostgreSQL's own programs with
their connection set: `python -m cli.here pg_dump --format=custom --file=yurt.dump`.
"""

import contextlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import environment
from cli.checks import Refusal, run_main
from cli.engines.postgresql import binaries
from cli.site import var_folder
from config import SETTING_NAMES


def main() -> int:
    """Become the command."""
    command = sys.argv[1:]
    if not command:
        raise Refusal("name a command, such as: python -m cli.here flask --help")
    site = environ_of(var_folder(os.environ))
    folders = [str(Path(sys.executable).parent), str(binaries()), os.environ.get("PATH", os.defpath)]
    environ = {**os.environ, **site, **connection(site["DATABASE_URL"]), "PATH": os.pathsep.join(folders)}
    try:
        os.execvpe(command[0], command, environ)
    except OSError as error:
        raise Refusal(f"{command[0]}: {error.strerror}") from None


def remember(var: Path, environ: Mapping[str, str]) -> None:
    """Write what commands need to a file that only we may read."""
    path = var / "environ.json"
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({name: environ[name] for name in SETTING_NAMES if name in environ}, file)


def forget(var: Path) -> None:
    """Remove the file: the engines are gone."""
    (var / "environ.json").unlink(missing_ok=True)


def environ_of(var: Path) -> dict[str, str]:
    """Return the running site's part of the environment."""
    try:
        environ: dict[str, str] = json.loads((var / "environ.json").read_text())
        return environ
    except (OSError, ValueError):
        raise Refusal(f"no site runs here (with the data in {var}): start it with make run.") from None


def join_site() -> None:
    """Let a plain `flask` command reach the site that `make run` runs here, unless DATABASE_URL names another one."""
    if not environment.value(os.environ, "DATABASE_URL"):
        with contextlib.suppress(Refusal):
            os.environ.update(environ_of(var_folder(os.environ)))


def connection(url: str) -> dict[str, str]:
    """Return the variables of libpq for an address, so that psql and pg_dump need no arguments."""
    parts = urlsplit(url)
    values = {
        "PGHOST": parts.hostname or parse_qs(parts.query).get("host", [""])[0],
        "PGPORT": str(parts.port or ""),
        "PGUSER": parts.username or "",
        "PGPASSWORD": parts.password or "",
        "PGDATABASE": parts.path.lstrip("/"),
    }
    return {name: value for name, value in values.items() if value}


if __name__ == "__main__":
    run_main(main)
