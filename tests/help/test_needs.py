"""Who needs help first, and why."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from blueprints.labs.board_words import FULL, in_words, reason, waits_for
from models.lab_session import QUEUED, RUNNING
from reasons import Code, Reason
from services.capacity.placement import Full, Kind
from services.capacity.positions import Place
from services.help.needs import AWAY, FAILS, STUCK, Facts, Failing, order, reasons, worst

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def facts(**changes: object) -> Facts:
    values = {"queued_at": ago(60), "started_at": ago(60), "last_active_at": ago(1), "done": 1, "total": 8}
    return Facts(**{"state": RUNNING, "passed_at": ago(5), **values, **changes})


HAND = {"hand_raised_at": ago(4)}
FAILING = {"failing": [Failing("Rename it", 3, ago(6))]}
STUCK_SINCE = {"passed_at": ago(25)}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, []),
        (HAND, ["Hand up for 4 minutes"]),
        ({**HAND, "hand_note": "step 2"}, ["Hand up for 4 minutes: step 2"]),
        ({"hand_raised_at": ago(0.5)}, ["Hand up for less than a minute"]),
        (FAILING, ["“Rename it” failed 3 times"]),
        (STUCK_SINCE, ["No check passed for 25 minutes"]),
        ({"passed_at": ago(19.9)}, []),
        ({"passed_at": None}, ["No check passed for 60 minutes"]),
        ({"passed_at": None, "started_at": ago(150)}, ["No check passed for 2 hours"]),
        # Who is away, has passed everything, or has no machine isn't stuck.
        ({**STUCK_SINCE, "last_active_at": ago(11)}, []),
        ({**STUCK_SINCE, "done": 8}, []),
        ({**STUCK_SINCE, "total": 0, "done": 0}, []),
        ({**STUCK_SINCE, "state": QUEUED, "started_at": None, "last_active_at": None}, []),
        # A pass on the machine before the reset says nothing about this one.
        ({"passed_at": ago(50), "started_at": ago(10)}, []),
        (
            {**HAND, **FAILING, **STUCK_SINCE},
            ["Hand up for 4 minutes", "“Rename it” failed 3 times", "No check passed for 25 minutes"],
        ),
    ],
)
def test_why_somebody_needs_help_is_said_in_words(app: Flask, changes: dict[str, object], words: list[str]) -> None:
    with app.test_request_context():
        said = [reason(why, NOW) for why in reasons(facts(**changes), NOW)]

    assert said == words


def test_hands_go_first_then_failing_then_stuck_then_others_each_by_who_waits_longest() -> None:
    class_ = {
        "first in": facts(queued_at=ago(90)),
        "stuck": facts(**STUCK_SINCE),
        "stuck longer": facts(passed_at=ago(40)),
        "failing": facts(**FAILING),
        "hand": facts(**HAND),
        "hand longer": facts(hand_raised_at=ago(9)),
        "last in": facts(queued_at=ago(1), state=QUEUED, started_at=None, last_active_at=None),
    }

    shown = sorted(class_, key=lambda name: order(class_[name], reasons(class_[name], NOW)))

    assert shown == ["hand longer", "hand", "failing", "stuck longer", "stuck", "first in", "last in"]


def test_a_check_that_failed_twice_is_no_reason_and_the_worst_is_named() -> None:
    found = worst([Failing("two", 2, ago(30)), Failing("three", 3, ago(20)), Failing("nine", 9, ago(10))])

    assert [streak.title for streak in found] == ["nine", "three"]


TIMES = st.integers(0, 2000).map(ago)
STREAKS = st.lists(st.builds(Failing, st.text(max_size=5), st.integers(1, 9), TIMES), max_size=3)
FACTS = st.builds(
    Facts,
    state=st.sampled_from([QUEUED, "starting", RUNNING, "stopping"]),
    queued_at=TIMES,
    started_at=st.none() | TIMES,
    last_active_at=st.none() | TIMES,
    passed_at=st.none() | TIMES,
    hand_raised_at=st.none() | TIMES,
    hand_note=st.text(max_size=9),
    done=st.integers(0, 3),
    total=st.integers(0, 3),
    failing=STREAKS.map(worst),
)


@given(st.lists(FACTS, max_size=12))
def test_nobody_with_a_more_urgent_reason_stands_behind_somebody_else(found: list[Facts]) -> None:
    ranks = {"hand": 0, "failing": 1, "stuck": 2}

    shown = sorted(found, key=lambda one: order(one, reasons(one, NOW)))

    urgency = [ranks[why[0].kind] if (why := reasons(one, NOW)) else 3 for one in shown]
    assert urgency == sorted(urgency)
    hands = [one.hand_raised_at for one in shown if one.hand_raised_at is not None]
    assert hands == sorted(hands)
    assert [one.hand_raised_at is None for one in shown] == [False] * len(hands) + [True] * (len(shown) - len(hands))


@given(FACTS)
def test_each_reason_has_its_facts(one: Facts) -> None:
    for why in reasons(one, NOW):
        assert why.since <= NOW
        if why.kind == "failing":
            assert why.times >= FAILS
        if why.kind == "stuck":
            assert one.state == RUNNING and one.done < one.total
            assert NOW - why.since >= STUCK
            assert one.last_active_at is not None and NOW - one.last_active_at <= AWAY


def test_lengths_of_time_are_read_as_words(app: Flask) -> None:
    with app.test_request_context():
        said = [in_words(timedelta(seconds=seconds)) for seconds in (-5, 59, 60, 3599, 7199, 7200, 90000)]

    assert said == ["less than a minute", "less than a minute", "1 minute", "59 minutes", "119 minutes"] + [
        "2 hours",
        "25 hours",
    ]


@pytest.mark.parametrize("kind", get_args(Kind))
def test_what_a_student_waits_for_is_told_of_them_and_not_to_them(app: Flask, kind: Kind) -> None:
    full = Full(kind, 2, 3)

    with app.test_request_context():
        said = waits_for(Place(1, 1, reason=full.reason, full=asdict(full)))

    assert set(FULL) == set(get_args(Kind))
    assert said and not said[0].islower()
    assert "you" not in said.lower().split() and "your" not in said.lower().split()


FULL_NODES = Reason(Code.NODES_FULL, resource="memory", count=3, total=3)


def test_the_clusters_own_words_stand_on_the_board_as_they_are(app: Flask) -> None:
    with app.test_request_context():
        said = [waits_for(place) for place in (Place(1, 1, reason=FULL_NODES), None, Place(1, 1))]

    assert said == ["Memory: 3 of 3 nodes full", "", ""]
