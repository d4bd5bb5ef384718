"""A first deployment: its administrator, and what it is warned of."""

import contextlib
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from cli import cautions, schema
from cli.users import create_admin, list_users
from config import ROOT
from services.accounts import profiles
from tests.engines import SECRET, Engines, site_settings
from tests.sites import free_port

RELEASE = ["-m", "cli.release"]
COMMAND = ["-m", "flask", "users", "list"]


@pytest.fixture
def empty_database(engines: Engines) -> Iterator[str]:
    """A database without tables, as a platform hands it out."""
    name = f"empty_{secrets.token_hex(4)}"
    engines.postgresql.create_database(name)
    yield engines.postgresql.url(name)
    engines.drop(name)


def run(arguments: list[str], database_url: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    environ = {"DATABASE_URL": database_url, "SECRET_KEY": SECRET, "YURT_VAR": str(tmp_path), "LOG_FORMAT": "json"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("arguments", [RELEASE, COMMAND])
def test_database_that_is_away_is_one_line(tmp_path: Path, arguments: list[str]) -> None:
    told = run(arguments, f"postgresql://yurt:hidden-word@127.0.0.1:{free_port()}/yurt", tmp_path)

    assert told.returncode == 1
    assert len(told.stderr.splitlines()) == 1, told.stderr
    assert "PostgreSQL (DATABASE_URL) can't be reached: connection to server at" in told.stderr
    assert "Traceback" not in told.stderr
    assert "hidden-word" not in told.stderr


def test_command_before_the_release_says_so(tmp_path: Path, empty_database: str) -> None:
    told = run(COMMAND, empty_database, tmp_path)

    assert told.returncode == 1
    assert "this version's tables: run the release (python -m cli.release)" in told.stderr.splitlines()[-1]
    assert "Traceback" not in told.stderr


def test_site_says_at_its_start_that_the_release_has_not_run(empty_database: str, engines: Engines) -> None:
    assert "no tables" in str(schema.caution(empty_database))

    name = f"old_{secrets.token_hex(4)}"
    url = engines.copy(name)
    assert schema.caution(url) is None
    with contextlib.closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("UPDATE alembic_version SET version_num = '0002'")
    assert "the version 0002" in str(schema.caution(url))
    engines.drop(name)


def test_first_administrator_is_made_with_a_password_from_standard_input(app, db) -> None:
    told = app.test_cli_runner().invoke(
        create_admin, ["Dana@Example.org", "--name", "Dana"], input="a-long-passphrase\n"
    )

    user = profiles.find_by_email("dana@example.org")
    assert told.exit_code == 0, told.output
    assert user.is_admin
    assert user.verify_and_update_password("a-long-passphrase")


def test_generated_password_is_the_only_line_on_standard_output(app, db) -> None:
    told = app.test_cli_runner().invoke(create_admin, ["dana@example.org", "--generate"])

    assert profiles.find_by_email("dana@example.org").verify_and_update_password(told.stdout.strip())


def test_account_that_is_there_becomes_administrator_and_keeps_its_password(app, db) -> None:
    runner = app.test_cli_runner()
    runner.invoke(create_admin, ["dana@example.org"], input="a-long-passphrase\n")
    dana = profiles.find_by_email("dana@example.org")
    dana.roles.clear()
    db.session.commit()

    told = runner.invoke(create_admin, ["dana@example.org"])

    assert told.exit_code == 0
    assert profiles.find_by_email("dana@example.org").is_admin
    assert "dana@example.org" in runner.invoke(list_users).output


@pytest.mark.parametrize(("email", "password"), [("dana", "a-long-passphrase"), ("dana@example.org", "short")])
def test_what_makes_no_account_is_one_line(app, db, email: str, password: str) -> None:
    told = app.test_cli_runner().invoke(create_admin, [email], input=password + "\n")

    assert told.exit_code == 1
    assert told.output.startswith("Error: ")
    assert len(told.output.splitlines()) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"public_url": "http://127.0.0.1:2026"}, ["cookies aren't secure"]),
        ({"public_url": "http://learn.example.org"}, ["without TLS"]),
        ({"public_url": "https://learn.example.org"}, []),
        ({"public_url": "https://learn.example.org", "mail_url": ""}, ["MAIL_URL"]),
        ({"public_url": "http://127.0.0.1:2026", "is_demo": True, "mail_url": ""}, []),
    ],
)
def test_operators_are_warned_of_what_a_site_runs_without(tmp_path: Path, changes: dict, words: list[str]) -> None:
    usual = {"is_demo": False, "mail_url": "smtps://mail.example.org"}
    settings = site_settings("postgresql://localhost/yurt", "redis://localhost", tmp_path, **{**usual, **changes})

    told = cautions.cautions(settings)

    assert len(told) == len(words)
    assert all(word in line for word, line in zip(words, told, strict=True))


def test_missing_front_end_files_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cautions, "VENDOR", tmp_path)

    assert "xterm.js" in cautions.missing_files()
    monkeypatch.undo()
    assert cautions.missing_files() == []
