"""Visits: begun, seen by the student, given the keyboard, ended."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from extensions import db as database
from models import Enrolment, LabSession, LabVisit
from models.lab_session import ENDED, RUNNING
from services import timelines
from services.errors import Conflict, NotFound
from services.help import visits
from services.labs import document, lifecycle, moves
from tests.factories import Cast


def visitors(lab: LabSession, now: datetime) -> list[tuple[str, bool, bool]]:
    shown = document.describe(lab, now)["visitors"]
    return [(visitor["name"], visitor["has_asked"], visitor["is_driving"]) for visitor in shown]


def kinds(lab: LabSession) -> list[str]:
    return [line.kind for line in timelines.of(lab.id)]


def test_the_student_sees_who_looks_in(cast: Cast, lab: LabSession, now: datetime) -> None:
    before = visitors(lab, now)

    visits.begin(lab, cast.alice, now=now)
    visits.begin(lab, cast.dana, now=now)

    assert before == []
    assert visitors(lab, now) == [("Alice", False, False), ("Dana", False, False)]
    assert kinds(lab)[-2:] == ["visit_began", "visit_began"]


def test_a_visitor_recognises_themselves(cast: Cast, lab: LabSession, now: datetime) -> None:
    visits.begin(lab, cast.alice, now=now)
    visits.begin(lab, cast.dana, now=now)

    shown = document.describe(lab, now, cast.dana.id)["visitors"]

    assert [visitor["is_me"] for visitor in shown] == [False, True]


def test_a_second_page_goes_on_with_the_same_visit(cast: Cast, lab: LabSession, now: datetime) -> None:
    first = visits.begin(lab, cast.alice, now=now)

    second = visits.begin(lab, cast.alice, now=now + timedelta(seconds=5))

    assert second.id == first.id
    assert second.seen_at == now + timedelta(seconds=5)
    assert kinds(lab).count("visit_began") == 1


def test_the_keyboard_is_asked_for_given_and_taken_back(cast: Cast, lab: LabSession, now: datetime) -> None:
    visit = visits.begin(lab, cast.alice, now=now)

    visits.ask(lab, cast.alice, now=now)
    asked = visitors(lab, now)
    visits.give(lab, visit.id, now=now)
    given = visitors(lab, now)
    visits.take_back(lab, visit.id, now=now)

    assert (asked, given) == ([("Alice", True, False)], [("Alice", False, True)])
    assert visitors(lab, now) == [("Alice", False, False)]
    assert kinds(lab)[-3:] == ["visit_began", "keyboard_given", "keyboard_returned"]


def test_a_refused_visitor_may_ask_again(cast: Cast, lab: LabSession, now: datetime) -> None:
    visit = visits.begin(lab, cast.alice, now=now)
    visits.ask(lab, cast.alice, now=now)

    visits.take_back(lab, visit.id, now=now)
    refused = visitors(lab, now)
    visits.ask(lab, cast.alice, now=now)

    assert refused == [("Alice", False, False)]
    assert visitors(lab, now) == [("Alice", True, False)]
    assert "keyboard_returned" not in kinds(lab)


def test_nobody_gets_the_keyboard_without_asking(cast: Cast, lab: LabSession, now: datetime) -> None:
    visit = visits.begin(lab, cast.alice, now=now)

    with pytest.raises(Conflict):
        visits.give(lab, visit.id, now=now)

    assert visitors(lab, now) == [("Alice", False, False)]


def test_each_click_again_is_harmless(cast: Cast, lab: LabSession, now: datetime) -> None:
    visit = visits.begin(lab, cast.alice, now=now)

    for _ in range(2):
        visits.ask(lab, cast.alice, now=now)
    for _ in range(2):
        visits.give(lab, visit.id, now=now)
    for _ in range(2):
        visits.give_back(lab, cast.alice, now=now)
    for _ in range(2):
        visits.end(lab.id, cast.alice.id, now=now)

    assert kinds(lab)[-4:] == ["visit_began", "keyboard_given", "keyboard_returned", "visit_ended"]


def test_the_end_of_a_visit_takes_the_keyboard_back(cast: Cast, lab: LabSession, now: datetime) -> None:
    visit = visits.begin(lab, cast.alice, now=now)
    visits.ask(lab, cast.alice, now=now)
    visits.give(lab, visit.id, now=now)

    visits.end(lab.id, cast.alice.id, now=now)
    again = visits.begin(lab, cast.alice, now=now)

    assert again.id != visit.id
    assert visitors(lab, now) == [("Alice", False, False)]
    with pytest.raises(Conflict):
        visits.give(lab, visit.id, now=now)


def test_a_visitor_whose_page_is_gone_is_gone_after_a_minute(cast: Cast, lab: LabSession, now: datetime) -> None:
    visits.begin(lab, cast.alice, now=now)
    visits.begin(lab, cast.dana, now=now)
    visits.touch(lab.id, cast.dana.id, now=now + timedelta(seconds=15))

    early = visits.end_gone(now + timedelta(seconds=60))
    late = visits.end_gone(now + timedelta(seconds=61))

    assert (early, late) == (0, 1)
    assert visitors(lab, now) == [("Dana", False, False)]


def test_whoever_leaves_the_staff_has_no_visit_any_more(cast: Cast, lab: LabSession, now: datetime) -> None:
    visits.begin(lab, cast.alice, now=now)
    found = visits.load(lab, cast.alice)

    database.session.get_one(Enrolment, (cast.course.id, cast.alice.id)).role = "student"
    database.session.flush()

    assert found.user_id == cast.alice.id
    with pytest.raises(NotFound):
        visits.load(lab, cast.alice)


def test_an_ended_lab_takes_no_visits(cast: Cast, lab: LabSession, now: datetime) -> None:
    moves.move(lab, RUNNING, ENDED, reason="user", ended_at=now)

    with pytest.raises(Conflict):
        visits.begin(lab, cast.alice, now=now)

    assert database.session.scalars(select(LabVisit)).all() == []


def test_a_visit_of_another_lab_is_not_given_anything(cast: Cast, lab: LabSession, now: datetime) -> None:
    other = lifecycle.queue(cast.charlie, cast.lab, cast.course, now=now)
    visit = visits.begin(other, cast.alice, now=now)
    visits.ask(other, cast.alice, now=now)

    with pytest.raises(Conflict):
        visits.give(lab, visit.id, now=now)

    assert visitors(other, now) == [("Alice", True, False)]
