"""Reasons, stored once, in the language of each reader: on pages, in the API, on the board and in mail."""

import re
from datetime import timedelta
from pathlib import Path

import flask_babel
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import Domain
from sqlalchemy import select

import languages
from blueprints.labs import board_words, timeline_words
from config import ROOT
from extensions import db as database
from models import LabSession, Mail, User, utcnow
from reasons import Code, Reason, words
from services.accounts import tokens
from services.capacity import holdings
from services.capacity.positions import Place
from services.idleness import mail
from services.idleness.rules import Verdict
from services.labs import hopeless, lifecycle
from tests.catalogues import bracketed
from tests.factories import Cast, run_lab
from tests.people import PASSWORD, post, token

FULL = Reason.all_of(
    [
        Reason(Code.NODES_FULL, resource="memory", count=2, total=3),
        Reason(Code.NODES_FULL, resource="disk", count=1, total=3),
    ]
)
AWAY = Reason(Code.MACHINE_AWAY, node="client2")


@pytest.fixture
def german(app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A site that also speaks German, of a kind."""
    folder = bracketed(tmp_path, "de", mail.LAST_SUBJECT, hopeless.SUBJECT)
    monkeypatch.setattr(languages, "SUPPORTED_LOCALES", ["en", "de"])
    monkeypatch.setattr(words, "FOLDER", folder)
    monkeypatch.setattr(app.extensions["babel"].instance, "domain_instance", Domain([str(folder)]))
    return folder


@pytest.mark.usefixtures("german")
def test_a_reader_gets_the_best_language_that_there_is() -> None:
    said = [
        languages.best_of_header(accepted)
        for accepted in ("de-AT,de;q=0.9,en;q=0.8", "de-AT,en;q=0.8", "de;q=0,en", "fr,en;q=0.5", "fr", "", "\x00;q=x")
    ]

    assert said == ["de", "de", "en", "en", "en", "en", "en"]


@pytest.mark.usefixtures("german")
def test_board_and_timeline_say_it_in_the_readers_language(app: Flask) -> None:
    place = Place(1, 1, None, None, FULL, None)

    with app.test_request_context(headers={"Accept-Language": "de"}):
        waits = timeline_words.words("waiting", {"reason": holdings.DOWN.as_json()})
        more = timeline_words.more("lost", {"detail": AWAY.as_json()})
        board = board_words.waits_for(place)
        unsaved = board_words.unsaved(Reason(Code.HOME_NOT_PACKED))

    assert waits == "Waits: <the cluster doesn't answer>"
    assert more == "<the machine client2 went away>."
    assert board == "<<memory>: 2 of 3 nodes full>; <<disk>: 1 of 3 nodes full>"
    assert unsaved == "not saved: <The machine couldn't pack the home.>"


@pytest.fixture
def bearer(cast: Cast) -> dict[str, str]:
    _row, secret = tokens.issue(cast.bob.id, name="test", scopes=["read"], days=1, now=utcnow())
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.usefixtures("german")
def test_the_api_gives_code_parameters_and_the_callers_words(
    client: FlaskClient, cast: Cast, bearer: dict[str, str]
) -> None:
    found = run_lab(cast.bob, cast.lab, utcnow())
    lifecycle.lost(found, utcnow(), detail=AWAY)
    database.session.commit()

    english, german = (
        client.get(f"/api/v1/lab-sessions/{found.id}", headers={**bearer, "Accept-Language": language}).json
        for language in ("en", "de")
    )
    timeline = client.get(f"/api/v1/lab-sessions/{found.id}/timeline", headers=bearer).json

    fact = {"code": "machine_away", "params": {"node": "client2"}}
    assert english["detail"] == "The machine client2 went away."
    assert english["detail_reason"] == {**fact, "text": "The machine client2 went away."}
    assert german["detail_reason"] == {**fact, "text": "<the machine client2 went away>."}
    assert (english["save_error"], english["save_error_reason"]) == ("", None)
    lost = timeline["events"][-1]
    assert lost["reason"] == {**fact, "text": "the machine client2 went away"}
    assert lost["detail"]["detail"] == "The machine client2 went away."


@pytest.mark.usefixtures("german")
def test_a_reason_of_a_later_release_is_no_fault(client: FlaskClient, cast: Cast, bearer: dict[str, str]) -> None:
    found = run_lab(cast.bob, cast.lab, utcnow())
    later = Reason.from_json({"code": "of_a_release_to_come", "params": {"weeks": 3}})
    lifecycle.lost(found, utcnow(), detail=later)
    database.session.commit()
    database.session.expire_all()

    told = client.get(f"/api/v1/lab-sessions/{found.id}", headers=bearer).json

    assert told["detail_reason"] == {
        "code": "of_a_release_to_come",
        "params": {"weeks": 3},
        "text": "This version of the site has no words for the reason.",
    }
    assert database.session.get_one(LabSession, found.id).detail == later


@pytest.mark.usefixtures("german")
def test_mail_is_in_the_language_in_which_its_reader_signed_in(client: FlaskClient, cast: Cast) -> None:
    soon, found = utcnow(), run_lab(cast.bob, cast.lab, utcnow())
    database.session.commit()
    for name in ("bob", "alice"):
        form = {"email": f"{name}@example.org", "password": PASSWORD, "csrf_token": token(client, "/login")}
        assert client.post("/login", data=form, headers={"Accept-Language": "de"}).status_code == 302
        post(client, "/logout")

    bob = database.session.scalars(select(User).where(User.email == "bob@example.org")).one()
    warning = mail.warn(
        found,
        Verdict("warn", "idle", soon + timedelta(minutes=9), is_last=True),
        {"input_min": 118, "page": "closed"},
        "https://yurt.example.org",
        soon,
    )
    hopeless.tell_teachers(cast.lab, "size", "https://yurt.example.org", soon)
    told = hopeless.tell_teachers(cast.lab, "size", "https://yurt.example.org", soon)
    database.session.flush()

    assert bob.language == "de"
    assert warning is not None and warning.subject.startswith("<Last warning: your lab “")
    assert "(<no input 118 min>, <CPU unknown>, <page closed>)" in warning.body_text
    (of_teachers,) = database.session.scalars(select(Mail).where(Mail.about == f"hopeless:{cast.lab.id}"))
    assert (told, of_teachers.recipient) == (1, "alice@example.org")
    assert of_teachers.subject.startswith("<The lab “")
    assert "\n<It needs " in of_teachers.body_text


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize(("accepted", "language"), [("de-AT,de;q=0.9,en;q=0.8", "de"), ("fr", "en"), ("en-GB", "en")])
@pytest.mark.parametrize("address", ["/login", "/courses", "/no-such-page"])
def test_a_page_names_the_language_that_it_is_in(
    client: FlaskClient, address: str, accepted: str, language: str
) -> None:
    html = client.get(address, headers={"Accept-Language": accepted, "Accept": "text/html"}).text

    # WCAG 3.1.1: screen readers pronounce the page by it.
    assert re.findall(r'<html lang="([^"]*)"', html) == [language]


def test_no_template_names_a_language_itself() -> None:
    named = [
        path.name for path in (ROOT / "templates").rglob("*.html") if re.search('<html lang="(?!{{)', path.read_text())
    ]

    assert named == []


def test_every_language_that_the_site_offers_has_its_catalogue() -> None:
    assert languages.SUPPORTED_LOCALES[0] == languages.DEFAULT
    for language in languages.SUPPORTED_LOCALES[1:]:
        assert (ROOT / "translations" / language / "LC_MESSAGES" / "messages.mo").exists(), language


def test_who_speaks_none_of_the_sites_languages_reads_english(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(languages, "SUPPORTED_LOCALES", [languages.DEFAULT])

    with app.test_request_context(headers={"Accept-Language": "de"}):
        said = words.sentence(AWAY, flask_babel)

    assert said == "The machine client2 went away."
