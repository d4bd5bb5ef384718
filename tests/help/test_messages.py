"""What is said in a lab, and hands that are raised."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import LabSession
from models.lab_session import ENDED, RUNNING
from services import plain, timelines
from services.errors import Conflict, InvalidInput
from services.help import hands, messages
from services.labs import document, moves
from tests.factories import Cast


def unread(lab: LabSession, reader_id: int, now: datetime) -> int:
    count: int = document.describe(lab, now, reader_id)["messages"]["unread"]
    return count


def test_both_sides_read_what_was_said(cast: Cast, lab: LabSession, now: datetime) -> None:
    messages.say(lab, cast.bob, "It says *permission denied*", now=now)
    messages.say(lab, cast.alice, "Look at\nits mode", now=now)

    shown = messages.of(lab, cast.bob)

    assert [(row["name"], row["is_mine"], row["is_staff"], row["text"]) for row in shown] == [
        ("Bob", True, False, "It says *permission denied*"),
        ("Alice", False, True, "Look at\nits mode"),
    ]
    assert messages.of(lab, cast.bob, after=shown[0]["id"]) == shown[1:]


def test_what_somebody_else_said_is_unread_until_it_is_read(cast: Cast, lab: LabSession, now: datetime) -> None:
    first = messages.say(lab, cast.alice, "One", now=now)
    messages.say(lab, cast.alice, "Two", now=now)
    before = unread(lab, cast.bob.id, now), unread(lab, cast.alice.id, now)

    messages.mark_read(lab.id, cast.bob, first.id)
    after = unread(lab, cast.bob.id, now)
    messages.mark_read(lab.id, cast.bob, 2**62)
    messages.mark_read(lab.id, cast.bob, first.id)

    assert before == (2, 0)
    assert (after, unread(lab, cast.bob.id, now)) == (1, 0)
    messages.say(lab, cast.alice, "Three", now=now)
    assert unread(lab, cast.bob.id, now) == 1


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("  plain  ", "plain"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("title \x1b]0;owned\x07here", "title here"),
        ("\x1bP1;2|payload\x1b\\after", "after"),
        ("\x1b]52;c;cGF5bG9hZA==", ""),
        ("half \x1b", "half"),
        ("over\rwritten", "over\nwritten"),
        ("a\x00b\x08c\x7fd", "abcd"),
        ("evil\u202etxt.exe\u2066", "eviltxt.exe"),
        ("tab\tand\r\nline\u2028end", "tab\tand\nline\nend"),
        ("\ud800lone", "lone"),
        ("Grüße 👋🏽 привет", "Grüße 👋🏽 привет"),
    ],
)
def test_a_message_is_made_plain(sent: str, kept: str) -> None:
    assert plain.clean(sent) == kept


@given(st.text())
def test_what_is_clean_stays_so_and_holds_no_controls(text: str) -> None:
    cleaned = plain.clean(text)

    assert plain.clean(cleaned) == cleaned
    assert not set(cleaned) & {"\x1b", "\x9b", "\r", "\x07", "\u202e", "\u2067"}


def test_a_message_has_words_and_an_end(cast: Cast, lab: LabSession, now: datetime) -> None:
    for text in ("", " \n ", "\x1b[2J", "x" * 2001):
        with pytest.raises(InvalidInput):
            messages.say(lab, cast.bob, text, now=now)

    messages.say(lab, cast.bob, "x" * 2000, now=now)

    assert len(messages.of(lab, cast.bob)) == 1


def test_a_conversation_is_one_line_of_the_timeline(cast: Cast, lab: LabSession, now: datetime) -> None:
    for seconds in (0, 60, 600, 1300):
        messages.say(lab, cast.bob, "Hello", now=now + timedelta(seconds=seconds))

    assert [line.kind for line in timelines.of(lab.id)].count("message") == 2


def test_a_hand_keeps_its_time_while_its_note_changes(cast: Cast, lab: LabSession, now: datetime) -> None:
    hands.raise_hand(lab, "", now=now)
    hands.raise_hand(lab, "the  second\nstep", now=now + timedelta(minutes=3))

    shown = document.describe(lab, now)["hand"]

    assert shown == {"raised_at": now.isoformat(), "note": "the second step"}


def test_a_hand_is_lowered_once(cast: Cast, lab: LabSession, now: datetime) -> None:
    hands.raise_hand(lab, "", now=now)

    for _ in range(2):
        hands.lower_hand(lab, cast.alice, now=now)

    assert document.describe(lab, now)["hand"] is None
    lines = [(line.kind, line.detail) for line in timelines.of(lab.id) if line.kind.startswith("hand")]
    assert lines == [("hand_raised", {"note": ""}), ("hand_lowered", {"name": "Alice"})]


def test_an_ended_lab_takes_no_hand_and_no_message(cast: Cast, lab: LabSession, now: datetime) -> None:
    moves.move(lab, RUNNING, ENDED, reason="user", ended_at=now)

    with pytest.raises(Conflict):
        hands.raise_hand(lab, "", now=now)
    with pytest.raises(Conflict):
        messages.say(lab, cast.bob, "Hello?", now=now)


def test_a_note_is_short(cast: Cast, lab: LabSession, now: datetime) -> None:
    with pytest.raises(InvalidInput):
        hands.raise_hand(lab, "x" * 201, now=now)
