"""Runs pytest in a checkout, again and again: each time in a fork, which finds the files as they are then.

A line of JSON on standard input is a list of pytest's arguments; a line on standard output is its code and its words.
The libraries are loaded once, before the forks; of the checkout's own modules nothing is.
"""

import importlib
import json
import os
import sys
import tempfile
from pathlib import Path

import pytest

LIBRARIES = (
    "aiohttp",
    "apiflask",
    "argon2",
    "babel.messages.extract",
    "factory",
    "flask_babel",
    "flask_caching",
    "flask_cors",
    "flask_limiter",
    "flask_migrate",
    "flask_security",
    "flask_session.redis",
    "flask_sqlalchemy",
    "flask_wtf",
    "prometheus_client",
    "psycopg2",
    "pydantic",
    "pydantic_settings",
    "pygments",
    "redis.asyncio",
    "requests",
    "sentry_sdk",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.orm",
    "structlog",
)
# The conftest of the suite starts engines, and its plugins cost more than the checks.
USUAL = ["-q", "-x", "--noconftest", "--tb=short", "-o", "addopts=", "--import-mode=importlib"]
USUAL += ["-p", "no:cacheprovider", "-p", "no:faulthandler"]


def main() -> None:
    """Answer until there are no more questions."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for name in LIBRARIES:
        importlib.import_module(name)
    for line in sys.stdin:
        print(json.dumps(_judged(json.loads(line))), flush=True)


def _judged(arguments: list[str]) -> dict[str, object]:
    with tempfile.NamedTemporaryFile() as said:
        child = os.fork()
        if child == 0:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            sys.path.insert(0, os.getcwd())
            code = pytest.main([*USUAL, *arguments])
            sys.stdout.flush()
            os._exit(code)
        _pid, status = os.waitpid(child, 0)
        return {"code": os.waitstatus_to_exitcode(status), "said": Path(said.name).read_text()}


if __name__ == "__main__":
    main()
