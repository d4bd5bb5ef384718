"""A newcomer adds a string that people read, and `make messages` finds it."""

import shutil
import subprocess
from pathlib import Path

import pytest
from babel.support import Translations

from cli import messages
from config import ROOT
from tests.newcomer import guide

ENTRY = "A string that people read"
NAMED = {
    "Makefile",
    "blueprints/",
    "languages.py",
    "cli/messages.py",
    "reasons/",
    "services/",
    "translations/messages.pot",
    "translations/de/LC_MESSAGES/messages.po",
}
PAGE = "templates/courses/home.html"


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """The part of a checkout that holds words, with a catalogue that a German has begun."""
    for folder in ("blueprints/auth", "templates/courses", "templates/security"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    messages.bring_up_to_date(tmp_path, ["de"])
    return tmp_path


def add(root: Path, text: str) -> None:
    page = root / PAGE
    page.write_text(page.read_text() + text)


def contents(root: Path) -> dict[str, bytes]:
    folder = root / "translations"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_text_names_every_file_and_the_verb_is_there() -> None:
    assert guide.paths(ENTRY, language="de") == NAMED
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "\n  make messages " in shown


def test_a_string_lands_in_the_template_and_in_every_catalogue(words: Path) -> None:
    add(words, "<p>{{ _('%(count)s parcels wait for you.', count=2) }}</p>\n")

    lacking = messages.missing(words)
    messages.bring_up_to_date(words)

    assert lacking == {"translations/de/LC_MESSAGES/messages.po": ["%(count)s parcels wait for you."]}
    assert messages.missing(words) == {}
    for name in ("messages.pot", "de/LC_MESSAGES/messages.po"):
        text = contents(words)[name].decode()
        assert f'#: {PAGE}\n#, python-format\nmsgid "%(count)s parcels wait for you."\nmsgstr ""\n' in text


def test_a_string_without_its_underscore_is_in_no_catalogue(words: Path) -> None:
    add(words, "<p>Parcels wait for you.</p>\n")

    messages.bring_up_to_date(words)

    assert b"Parcels wait for you." not in contents(words)["messages.pot"]


def test_a_second_run_changes_nothing_and_keeps_what_is_translated(words: Path) -> None:
    catalogue = words / "translations/de/LC_MESSAGES/messages.po"
    catalogue.write_text(
        catalogue.read_text().replace('msgid "Sign in"\nmsgstr ""', 'msgid "Sign in"\nmsgstr "Anmelden"')
    )

    messages.bring_up_to_date(words)
    first = contents(words)
    said = messages.bring_up_to_date(words, ["de"])

    assert contents(words) == first
    assert said[1] == "1 of them translated in translations/de/LC_MESSAGES/messages.po"
    assert Translations.load(str(words / "translations"), ["de"]).gettext("Sign in") == "Anmelden"


def test_the_code_and_every_kind_of_template_is_read() -> None:
    found = messages.collect(ROOT)

    # From a view, from a form that is made before a request comes, a plural, from a page and from a mail.
    for text in ("Your profile is saved.", "Your registration", "%(num)d hour", "Forgot the password?"):
        assert text in found, f"{text} isn't collected"
    assert any(place.endswith(".txt") for entry in found for place, _line in entry.locations)


def test_what_is_no_language_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="xx1 isn't a language"):
        messages.begin(tmp_path, "xx1")
