"""The board of a course's labs: who is on it, in which order, and what it costs."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event

from extensions import db as database
from models import Course, LabSession
from models.lab_session import ENDED, QUEUED, RUNNING, STOPPING
from reasons import Code
from reasons import Reason as Why
from services.help import board, hands, messages, visits
from services.help.needs import Reason
from services.labs import lifecycle, moves
from tests.factories import Cast, CourseFactory, LabFactory, ModuleFactory, add_check
from tests.help.classes import add_class, add_runs, add_student

TOO_LARGE = Why(Code.HOME_TOO_LARGE, limit_mb=64)


def names(cast: Cast, now: datetime, **options: object) -> list[str]:
    return [row.name for row in board.board(cast.course, cast.alice, now=now, **options).page.rows]


def test_everyone_with_a_lab_in_the_course_is_on_the_board(cast: Cast, lab: LabSession, now: datetime) -> None:
    add_student(cast, now, name="erin", state=QUEUED)
    gone = add_student(cast, now, name="frank")
    moves.move(gone, RUNNING, ENDED, reason="user", ended_at=now)
    elsewhere = LabFactory(module=ModuleFactory(course=CourseFactory()))
    lifecycle.queue(cast.charlie, elsewhere, elsewhere.course, now=now)

    assert set(names(cast, now)) == {"Bob", "Erin"}


def test_those_who_need_help_come_first_with_their_reasons(cast: Cast, now: datetime) -> None:
    add_student(cast, now, name="fine")
    add_student(cast, now, name="stuck", started_at=now - timedelta(minutes=30))
    add_runs(add_student(cast, now, name="failing"), cast, now, "failed", "failed", "failed")
    add_runs(add_student(cast, now, name="better"), cast, now, "failed", "failed", "failed", "passed", "failed")
    hands.raise_hand(add_student(cast, now, name="hand"), "step 2", now=now - timedelta(minutes=2))
    hands.raise_hand(add_student(cast, now, name="longer"), "", now=now - timedelta(minutes=9))

    shown = board.board(cast.course, cast.alice, now=now)

    minutes = timedelta(minutes=1)
    assert [(row.name, *row.reasons[:1]) for row in shown.page.rows] == [
        ("Longer", Reason("hand", now - 9 * minutes)),
        ("Hand", Reason("hand", now - 2 * minutes, note="step 2")),
        ("Failing", Reason("failing", shown.page.rows[2].reasons[0].since, title="Check 1", times=3)),
        ("Stuck", Reason("stuck", now - 30 * minutes)),
        *((name,) for name in names(cast, now)[4:]),
    ]
    assert (shown.running, shown.queued, shown.needing) == (6, 0, 4)


def test_failures_on_the_machine_before_a_reset_are_forgotten(cast: Cast, now: datetime) -> None:
    student = add_student(cast, now)
    add_runs(student, cast, now - timedelta(minutes=1), "failed", "failed", "failed")
    student.started_at = now
    database.session.flush()

    (row,) = board.board(cast.course, cast.alice, now=now).page.rows

    assert row.reasons == []


def test_a_row_tells_progress_place_visitors_and_what_is_unread(cast: Cast, lab: LabSession, now: datetime) -> None:
    add_check(cast.lab)
    add_runs(lab, cast, now, "passed", "passed")
    visits.begin(lab, cast.dana, now=now)
    messages.say(lab, cast.bob, "Hello?", now=now)
    waiting = add_student(cast, now, name="erin", state=QUEUED)

    rows = {row.name: row for row in board.board(cast.course, cast.alice, now=now).page.rows}

    bob, erin = rows["Bob"], rows["Erin"]
    assert (bob.done, bob.total, list(bob.visitors), bob.unread, bob.place) == (1, 2, ["Dana"], 1, None)
    assert (erin.done, erin.total, list(erin.visitors), erin.unread, erin.place and erin.place.position) == (
        0,
        2,
        [],
        0,
        1,
    )
    assert erin.session.id == waiting.id


def test_the_board_of_one_lab_has_that_lab_alone(cast: Cast, lab: LabSession, now: datetime) -> None:
    other = LabFactory(module=cast.lab.module)
    lifecycle.queue(cast.charlie, other, cast.course, now=now)

    assert names(cast, now, lab_id=other.id) == ["Charlie"]


def test_pages_cut_the_sorted_class(cast: Cast, now: datetime) -> None:
    add_class(cast, now, 60)
    last = add_student(cast, now, name="zoe")
    hands.raise_hand(last, "", now=now)

    pages = [board.board(cast.course, cast.alice, now=now, page=number) for number in (1, 2, 3, 4)]

    assert [len(shown.page.rows) for shown in pages] == [25, 25, 11, 0]
    assert pages[0].page.rows[0].name == "Zoe"
    ids = [row.session.id for shown in pages for row in shown.page.rows]
    assert len(set(ids)) == 61
    assert {(shown.page.total, shown.page.pages) for shown in pages} == {(61, 3)}


@pytest.mark.parametrize("size", [3, 60])
def test_the_board_costs_as_many_statements_for_any_class(cast: Cast, now: datetime, size: int) -> None:
    for student in add_class(cast, now, size):
        add_runs(student, cast, now, "failed", "failed", "failed")
        messages.say(student, cast.bob, "Hello?", now=now)
    course = database.session.get_one(Course, cast.course.id)
    statements: list[str] = []
    note = lambda _connection, _cursor, statement, *_rest: statements.append(statement)  # noqa: E731
    event.listen(database.engine, "before_cursor_execute", note)

    board.board(course, cast.alice, now=now)

    event.remove(database.engine, "before_cursor_execute", note)
    assert len(statements) <= 12, "\n\n".join(statements)


def test_the_progress_of_saving_everybody_is_told_until_it_is_done(cast: Cast, now: datetime) -> None:
    before, after = now - timedelta(minutes=1), now + timedelta(seconds=2)
    add_student(cast, now, name="quiet", saved_at=before)
    add_student(cast, now, name="done", saved_at=after)
    add_student(cast, now, name="failed", save_error=TOO_LARGE)
    add_student(cast, now, name="stops", state=STOPPING)
    waiting = add_student(cast, now, name="waits", saved_at=before, save_requested_at=now)

    during = board.board(cast.course, cast.alice, now=now)
    waiting.save_requested_at, waiting.saved_at = None, after
    database.session.flush()
    then = board.board(cast.course, cast.alice, now=now)

    assert (during.saved, during.saving, during.unsaved, during.stopping) == (2, 3, 1, 1)
    assert (then.saved, then.saving, then.unsaved) == (0, 0, 1)
