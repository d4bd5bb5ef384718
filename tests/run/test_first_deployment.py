"""A first deployment: its administrator, and what it is warned of."""

from pathlib import Path

import pytest

from cli import cautions
from cli.users import create_admin, list_users
from services import accounts
from tests.engines import site_settings


def test_first_administrator_is_made_with_a_password_from_standard_input(app, db) -> None:
    told = app.test_cli_runner().invoke(
        create_admin, ["Dana@Example.org", "--name", "Dana"], input="a-long-passphrase\n"
    )

    user = accounts.find_by_email("dana@example.org")
    assert told.exit_code == 0, told.output
    assert user.is_admin
    assert user.verify_and_update_password("a-long-passphrase")


def test_generated_password_is_the_only_line_on_standard_output(app, db) -> None:
    told = app.test_cli_runner().invoke(create_admin, ["dana@example.org", "--generate"])

    assert accounts.find_by_email("dana@example.org").verify_and_update_password(told.stdout.strip())


def test_account_that_is_there_becomes_administrator_and_keeps_its_password(app, db) -> None:
    runner = app.test_cli_runner()
    runner.invoke(create_admin, ["dana@example.org"], input="a-long-passphrase\n")
    dana = accounts.find_by_email("dana@example.org")
    dana.roles.clear()
    db.session.commit()

    told = runner.invoke(create_admin, ["dana@example.org"])

    assert told.exit_code == 0
    assert accounts.find_by_email("dana@example.org").is_admin
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
