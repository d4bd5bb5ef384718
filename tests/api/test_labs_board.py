"""The labs board and help in labs, through the API."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from extensions import db as database
from models import LabSession, utcnow
from tests.api.conftest import Program, problem
from tests.factories import Cast

BOARD = "/courses/shell/labs-board"


@pytest.fixture
def session(bob: Program) -> str:
    """Bob's running lab."""
    found: str = bob.post("/courses/shell/labs/first-lab/sessions").get_json()["id"]
    now = utcnow()
    values = {"state": "running", "started_at": now, "last_active_at": now, "expires_at": now + timedelta(hours=8)}
    database.session.execute(update(LabSession).values(values))
    database.session.commit()
    return found


def test_a_raised_hand_stands_on_the_board_until_it_is_lowered(alice: Program, bob: Program, session: str) -> None:
    raised = bob.put(f"/lab-sessions/{session}/hand", {"note": "step 2"}).get_json()
    board = alice.get(BOARD).get_json()
    lowered = alice.delete(f"/lab-sessions/{session}/hand").get_json()

    (row,) = board["rows"]
    assert raised["note"] == "step 2"
    assert (row["name"], row["hand_note"], row["reasons"][0]["kind"]) == ("Bob", "step 2", "hand")
    assert row["reasons"][0]["words"].endswith(": step 2")
    assert (board["running"], board["needing"], board["total"]) == (1, 1, 1)
    assert lowered == {"raised_at": None, "note": ""}


def test_messages_go_both_ways(alice: Program, bob: Program, session: str) -> None:
    first = bob.post(f"/lab-sessions/{session}/messages", {"text": "Help?"})
    alice.post(f"/lab-sessions/{session}/messages", {"text": "On my way"})

    listed = bob.get(f"/lab-sessions/{session}/messages").get_json()["messages"]
    later = bob.get(f"/lab-sessions/{session}/messages?after={listed[0]['id']}").get_json()["messages"]

    assert first.status_code == 201
    assert [(row["text"], row["is_mine"], row["is_staff"]) for row in listed] == [
        ("Help?", True, False),
        ("On my way", False, True),
    ]
    assert later == listed[1:]
    assert alice.get(BOARD).get_json()["rows"][0]["unread"] == 1


def test_all_labs_are_kept_saved_and_stopped_once(alice: Program, session: str) -> None:
    counts = [
        [alice.post(f"{BOARD}/{action}", body).get_json()["count"] for _ in range(2)]
        for action, body in (("extend", {"minutes": 30}), ("save", {}), ("stop", {"lab": "first-lab"}))
    ]

    assert counts == [[1, 0], [1, 0], [1, 0]]
    row = database.session.scalars(select(LabSession)).one()
    assert (row.state, row.reason) == ("stopping", "course")


def test_what_cannot_be_is_refused(alice: Program, bob: Program, session: str) -> None:
    problem(alice.post(f"{BOARD}/extend", {"minutes": 0}), 422)
    problem(alice.post(f"{BOARD}/stop", {"lab": "nowhere"}), 404)
    problem(alice.get(f"{BOARD}?lab=nowhere"), 404)
    problem(bob.post(f"/lab-sessions/{session}/messages", {"text": "\x1b[2J"}), 422)
    for _ in range(10):
        bob.post(f"/lab-sessions/{session}/messages", {"text": "again"})
    problem(bob.post(f"/lab-sessions/{session}/messages", {"text": "again"}), 429)


def test_students_and_strangers_have_no_board(
    bob: Program, charlie: Program, program: Callable[..., Any], cast: Cast, session: str
) -> None:
    problem(bob.get(BOARD), 403)
    problem(charlie.get(BOARD), 403)
    problem(bob.post(f"{BOARD}/stop", {}), 403)
    problem(program("alice", "read").post(f"{BOARD}/stop", {}), 403)
    problem(charlie.get(f"/lab-sessions/{session}/messages"), 404)
    problem(charlie.delete(f"/lab-sessions/{session}/hand"), 404)
