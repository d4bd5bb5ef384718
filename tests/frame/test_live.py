"""Hints are sent once what they tell of is committed, and only then."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from extensions import db as database
from models import utcnow
from services import live
from services.labs import lifecycle
from tests.factories import make_cast


class Ear:
    """Hears what is published."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def publish(self, channel: str, message: str) -> None:
        """Note the hint."""
        self.heard.append((channel, message))

    def incr(self, name: str) -> None:
        """Note nothing: nobody listens to a count."""


@pytest.fixture
def ear(app: Any, db: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ear]:
    listening = Ear()
    monkeypatch.setitem(app.extensions["yurt_given"], "publisher", listening)
    yield listening


def test_a_hint_waits_for_the_commit(ear: Ear) -> None:
    live.nudge("labs")
    database.session.flush()
    assert ear.heard == []

    database.session.commit()

    assert ear.heard == [(live.NUDGE_CHANNEL, "labs")]


def test_a_hint_of_what_was_rolled_back_is_never_sent(ear: Ear) -> None:
    live.nudge("labs")
    database.session.connection()
    database.session.rollback()

    database.session.commit()

    assert ear.heard == []


def test_a_failed_savepoint_keeps_the_hints_around_it(ear: Ear) -> None:
    live.nudge("labs")
    with pytest.raises(ZeroDivisionError), database.session.begin_nested():
        raise ZeroDivisionError

    database.session.commit()

    assert ear.heard == [(live.NUDGE_CHANNEL, "labs")]


def test_a_savepoint_sends_nothing_early(ear: Ear) -> None:
    with database.session.begin_nested():
        live.nudge("labs")
    assert ear.heard == []

    database.session.commit()

    assert len(ear.heard) == 1


def test_the_same_hint_is_sent_once(ear: Ear) -> None:
    for _ in range(3):
        live.board_changed(7)

    database.session.commit()

    assert len(ear.heard) == 1


def test_who_looks_at_a_courses_labs_is_told_of_each_of_them(ear: Ear) -> None:
    cast = make_cast()
    lab_session = lifecycle.queue(cast.bob, cast.lab, cast.course, now=utcnow())

    live.lab_changed(lab_session.id)
    live.lab_changed(uuid.uuid4())
    database.session.commit()

    channels = [channel for channel, _message in ear.heard]
    assert channels.count(live.lab_channel(lab_session.id)) == 1
    assert channels.count(live.labs_channel(cast.course.id)) == 1
