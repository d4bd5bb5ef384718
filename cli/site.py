"""One site on one machine: its folder for data, the lock on it, its secret, and the environment of its processes.

`config.py` reads the environment; this completes it for `make run`, where nobody has set anything.
"""

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from dotenv import dotenv_values

import environment
from cli.checks import Refusal, address_of, bind_of, require_folder
from config import ROOT, SETTING_NAMES
from environment import meant


def site_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment over the file `.env`, each setting as it was meant."""
    try:
        file = {name: value or "" for name, value in dotenv_values(ROOT / ".env").items()}
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(f"can't read {ROOT / '.env'}: {getattr(error, 'strerror', 'it is no UTF-8 text')}.") from None
    settings = {**file, **environ}
    return {name: meant(value) if name in SETTING_NAMES else value for name, value in settings.items()}


def var_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder for data, absolute."""
    try:
        return Path(environment.value(environ, "YURT_VAR") or ROOT / "var").expanduser().resolve()
    except (OSError, RuntimeError) as error:
        raise Refusal(f"YURT_VAR names no folder: {error}.") from None


@contextlib.contextmanager
def lock(var: Path, address: str) -> Iterator[None]:
    """Hold the site's lock, or refuse with who holds it. The kernel drops it when we end, however we end."""
    require_folder(var)
    with (var / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refusal(_taken(var, (var / "lock").read_text())) from None
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "address": address}))
        file.flush()
        yield


def _taken(var: Path, text: str) -> str:
    try:
        holder = json.loads(text)
        return f"it runs already, as process {holder['pid']} at {holder['address']} (with the data in {var})."
    except (ValueError, KeyError, TypeError):
        return f"it runs already, with the data in {var}."


def secret_key(var: Path) -> str:
    """Return the site's secret, made once and kept where only we may read it."""
    path = var / "secret_key"
    with contextlib.suppress(FileNotFoundError):
        if len(kept := path.read_text().strip()) >= 64:
            return kept
    draft = var / ".secret_key.draft"
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
    draft.replace(path)
    return path.read_text().strip()


def site_environ(environ: Mapping[str, str], var: Path, port: int, *, is_terminal: bool) -> dict[str, str]:
    """Return the environment, with defaults for what a trial site needs."""
    defaults = {
        "BIND": bind_of(environ),
        "PUBLIC_URL": address_of(bind_of(environ), port),
        "LAB_BACKEND": "local",
        "LAB_LOCAL_ACCEPT_RISK": "true",
        "YURT_DEMO": "true",
        "LOG_FORMAT": "console" if is_terminal else "auto",
    }
    given = {name: value for name, value in environ.items() if value or name not in defaults}
    fixed = {"PORT": str(port), "YURT_VAR": str(var), "PYTHONUNBUFFERED": "1"}
    settings = {**defaults, **given, **fixed}
    if not settings.get("SECRET_KEY"):
        settings["SECRET_KEY"] = secret_key(var)
    return settings
