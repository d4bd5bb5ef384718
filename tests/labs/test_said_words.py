"""Sentences that are stored, or come from the cluster, in the reader's language."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from flask import Flask
from flask_babel import Domain

from backends.base import ENGLISH
from backends.nomad import words
from blueprints.labs import board_words, timeline_words
from blueprints.labs.said_words import capitalised, said
from reasons import text
from services.capacity import holdings
from services.capacity.positions import Place
from services.labs import lifecycle, saving

FULL = text(words.placement({"NodesEvaluated": 3, "DimensionExhausted": {"memory": 2, "disk": 1}}), ENGLISH)
STORED = [
    FULL,
    text(words.placement({"NodesEvaluated": 2, "ConstraintFiltered": {"missing drivers": 2}}), ENGLISH),
    text(words.placement({"NodesEvaluated": 2, "ConstraintFiltered": {"${attr.kernel.name} = windows": 1}}), ENGLISH),
    text(words.placement({"QuotaExhausted": ["school"]}), ENGLISH),
    text(words.placement({}), ENGLISH),
    text(words.placement({"NodePool": "labs"}), ENGLISH),
    text(words.placement({"NodesEvaluated": 4}), ENGLISH),
    holdings.DOWN,
    lifecycle.GAVE_UP,
    saving.AWAY,
    saving.GONE,
    "The machine client2 went away.",
]


@pytest.fixture
def page(app: Flask) -> Iterator[None]:
    """The request of a page, whose reader has a language."""
    with app.test_request_context():
        yield


@pytest.fixture
def catalogue(app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A catalogue in which each stored sentence has another text."""
    made = Catalog(locale="en")
    for english in (
        "%(resource)s: %(count)s of %(total)s nodes full",
        "%(count)s of %(total)s nodes lack the driver",
        "%(count)s of %(total)s nodes lack what it asks for (%(what)s)",
        "the quota is used up: %(what)s",
        "no node is ready for labs",
        "no node is ready for labs in the node pool %(pool)s",
        "none of %(total)s nodes can take it",
        "the cluster doesn't answer",
        lifecycle.GAVE_UP,
        saving.AWAY,
        saving.GONE,
        "The machine %(node)s went away.",
    ):
        made.add(english, f"<{english}>", flags=["python-format"])
    folder = tmp_path / "en" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    data = BytesIO()
    write_mo(data, made)
    (folder / "messages.mo").write_bytes(data.getvalue())
    monkeypatch.setattr(app.extensions["babel"].instance, "domain_instance", Domain([str(tmp_path)]))


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize("sentence", STORED)
def test_stored_sentence_stays_as_it_is_in_english(sentence: str) -> None:
    assert said(sentence) == sentence


@pytest.mark.usefixtures("catalogue", "page")
@pytest.mark.parametrize("sentence", STORED)
def test_stored_sentence_passes_the_catalogue(sentence: str) -> None:
    shown = said(sentence)

    assert shown == "; ".join(f"<{part}>" for part in sentence.split("; "))


@pytest.mark.usefixtures("catalogue", "page")
def test_board_and_timeline_say_it_in_the_readers_language() -> None:
    place = Place(1, 1, None, None, FULL, None)

    waits = timeline_words.words("waiting", {"reason": holdings.DOWN})
    more = timeline_words.more("lost", {"detail": "The machine client2 went away."})
    board = board_words.waits_for(place)

    assert waits == "Waits: <the cluster doesn't answer>"
    assert more == "<The machine client2 went away.>"
    assert board == "<memory: 2 of 3 nodes full>; <disk: 1 of 3 nodes full>"


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize("text", ["", "server: Exit Code: 1", "a sentence of a version to come; with a semicolon"])
def test_unknown_sentence_stays_as_it_is(text: str) -> None:
    assert said(text) == text


@pytest.mark.usefixtures("page")
def test_sentence_that_begins_a_line_is_capitalised() -> None:
    assert capitalised(FULL).startswith("Memory: 2 of 3")
