"""The change feed: what is told, in an order in which nothing is missed, although transactions commit as they like."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from fractions import Fraction
from typing import Any, get_args

import pytest
from sqlalchemy import delete, select, text, update

from blueprints.events.schemas import Kind
from extensions import db
from models import Attempt, Course, CourseEvent, Enrolment, EventCounter, utcnow
from scheduler.ticks import feed
from services import events
from services.courses import members
from services.errors import Refused
from services.quizzes import attempts
from tests.api.conftest import Program, alice, documented, problem, program
from tests.conftest import CommittedDatabase
from tests.factories import Cast, run_lab
from tests.kept_cast import find_cast

__all__ = ["alice", "documented", "program"]


def begin() -> None:
    """Forget what the cast's own making told."""
    db.session.flush()
    db.session.execute(delete(CourseEvent))
    db.session.execute(delete(EventCounter))


def told(course: Course) -> list[tuple[str, int | None, dict[str, Any]]]:
    db.session.flush()
    events.place()
    return [(row.kind, row.user_id, row.detail) for row in events.page(course, after=None).rows]


def test_handing_in_and_grading_are_told_in_their_order(cast: Cast) -> None:
    begin()
    attempt = attempts.start(cast.bob.id, cast.quiz, now=utcnow())

    attempts.submit(attempt, now=utcnow())

    whole = {"attempt": attempt.id, "quiz": "first-quiz", "number": 1}
    most = float(attempt.max_score)
    assert told(cast.course) == [
        ("attempt.submitted", cast.bob.id, {**whole, "closed_by": "student"}),
        ("attempt.graded", cast.bob.id, {**whole, "score": 0.0, "max_score": most}),
    ]


def test_another_score_is_told_again_and_the_same_one_is_not(cast: Cast) -> None:
    attempt = attempts.start(cast.bob.id, cast.quiz, now=utcnow())
    attempts.submit(attempt, now=utcnow())
    begin()

    def rescore(score: Fraction) -> None:
        db.session.execute(update(Attempt).where(Attempt.id == attempt.id).values(score=score))

    rescore(Fraction(1, 2))
    rescore(Fraction(1, 2))

    assert [(kind, detail["score"]) for kind, _user, detail in told(cast.course)] == [("attempt.graded", 0.5)]


def test_a_lab_that_ends_and_people_who_come_and_go_are_told(cast: Cast) -> None:
    begin()
    lab_session = run_lab(cast.bob, cast.lab, utcnow())

    db.session.execute(
        text("UPDATE lab_sessions SET state = 'ended', ended_at = now(), reason = 'user' WHERE id = :id"),
        {"id": lab_session.id},
    )
    members.set_role(cast.course, cast.charlie.id, "student", now=utcnow())
    members.set_role(cast.course, cast.charlie.id, "assistant", now=utcnow())
    members.set_role(cast.course, cast.charlie.id, None, now=utcnow())

    assert told(cast.course) == [
        ("lab.ended", cast.bob.id, {"session": str(lab_session.id), "lab": "first-lab", "reason": "user"}),
        ("enrolment.created", cast.charlie.id, {"role": "student"}),
        ("enrolment.deleted", cast.charlie.id, {"role": "assistant"}),
    ]


def test_what_no_trigger_sees_is_told_by_a_call(cast: Cast) -> None:
    begin()

    events.note("certificate.issued", cast.course.id, cast.bob.id, certificate="c-1")

    assert told(cast.course) == [("certificate.issued", cast.bob.id, {"certificate": "c-1"})]
    with pytest.raises(ValueError, match="says certificate"):
        events.note("certificate.issued", cast.course.id, cast.bob.id)


def test_what_is_taken_back_is_not_told(cast: Cast) -> None:
    begin()
    inner = db.session.begin_nested()
    events.note("certificate.issued", cast.course.id, cast.bob.id, certificate="c-1")
    inner.rollback()

    assert told(cast.course) == []


@pytest.fixture
def site(committed_cast: CommittedDatabase) -> Iterator[CommittedDatabase]:
    """A database with the cast, whose own making is told and forgotten."""
    with committed_cast.app.app_context():
        begin()
        db.session.commit()
        db.session.remove()
        yield committed_cast


def elsewhere(site: CommittedDatabase, do: Callable[[], Any]) -> Any:
    """Do something on another connection, committed, and return what came of it."""
    found: list[Any] = []

    def run() -> None:
        with site.app.app_context():
            found.append(do())
            db.session.commit()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    return found[0]


def read(after: int | None) -> tuple[list[str], int]:
    page = events.page(find_cast().course, after=after)
    return [row.detail["certificate"] for row in page.rows], page.after


def issue(number: str) -> int:
    events.note("certificate.issued", find_cast().course.id, None, certificate=number)
    return db.session.scalar(select(CourseEvent.id).where(CourseEvent.detail["certificate"].astext == number)) or 0


def test_an_event_that_commits_late_is_read_after_those_that_came_behind_it(site: CommittedDatabase) -> None:
    early = issue("early")  # stays open
    late = elsewhere(site, lambda: issue("late"))
    elsewhere(site, feed.work)
    first, position = elsewhere(site, lambda: read(None))

    db.session.commit()
    elsewhere(site, feed.work)
    second, _after = elsewhere(site, lambda: read(position))

    assert early < late, "its number says nothing of when it is seen"
    assert (first, second) == (["late"], ["early"])


def test_nobody_reads_behind_a_transaction_that_gives_positions(site: CommittedDatabase) -> None:
    elsewhere(site, lambda: issue("one"))
    assert len(events.place()) == 1  # stays open
    elsewhere(site, lambda: issue("two"))
    seen, position = elsewhere(site, lambda: read(None))
    placing: list[list[str]] = []
    other = threading.Thread(
        target=lambda: placing.append(
            elsewhere(site, lambda: [row.detail["certificate"] for row in events.place()]),
        )
    )

    other.start()
    db.session.commit()
    other.join(60)

    assert seen == [], "nothing is in the feed before it is committed"
    assert placing == [["two"]], "it waited for its turn, and gave nothing a second place"
    assert elsewhere(site, lambda: read(position))[0] == ["one", "two"]


def test_a_reader_who_polls_while_many_write_and_two_place_misses_nothing_and_reads_nothing_twice(
    site: CommittedDatabase,
) -> None:
    db.session.commit()
    writers, each = 4, 15
    done = threading.Event()

    def write(number: int) -> None:
        with site.app.app_context():
            for count in range(each):
                issue(f"{number}-{count}")
                # Every other one stays open while others commit.
                if count % 2:
                    db.session.commit()
            db.session.commit()

    def place() -> None:
        with site.app.app_context():
            while not done.is_set():
                feed.work()

    found: list[str] = []
    position: int | None = None
    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    placers = [threading.Thread(target=place) for _ in range(2)]
    for thread in (*threads, *placers):
        thread.start()
    while any(thread.is_alive() for thread in threads) or len(found) < writers * each:
        new, position = read(position)
        found += new
        db.session.rollback()
    done.set()
    for thread in (*threads, *placers):
        thread.join()

    assert sorted(found) == sorted(f"{number}-{count}" for number in range(writers) for count in range(each))


def test_pages_go_on_where_the_one_before_ended(cast: Cast) -> None:
    begin()
    for number in range(5):
        events.note("certificate.issued", cast.course.id, None, certificate=str(number))
    events.note("lab.ended", cast.course.id, None, session="s", lab="l", reason="user")
    events.place()

    first = events.page(cast.course, after=None, per_page=4)
    rest = events.page(cast.course, after=first.after, per_page=4)

    assert [row.position for row in first.rows] == [1, 2, 3, 4]
    assert ([row.position for row in rest.rows], rest.after, rest.last) == ([5, 6], 6, 6)
    only = events.page(cast.course, after=0, kinds=["lab.ended"], per_page=4)
    assert ([row.kind for row in only.rows], only.after) == (["lab.ended"], 6)


def test_a_quiet_courses_reader_goes_on_behind_what_others_did(cast: Cast) -> None:
    begin()
    events.note("certificate.issued", cast.course.id + 1, None, certificate="another course's")
    events.place()

    page = events.page(cast.course, after=0)

    assert (list(page.rows), page.after) == ([], 1)


def test_old_events_are_pruned_and_who_missed_some_is_told(cast: Cast) -> None:
    begin()
    for number in range(3):
        events.note("certificate.issued", cast.course.id, None, certificate=str(number))
    events.place()
    old = utcnow() - timedelta(days=40)
    db.session.execute(update(CourseEvent).where(CourseEvent.position <= 2).values(at=old))

    assert events.prune(utcnow() - timedelta(days=30)) == 2

    assert [row.position for row in events.page(cast.course, after=None).rows] == [3]
    assert [row.position for row in events.page(cast.course, after=2).rows] == [3]
    with pytest.raises(Refused) as refusal:
        events.page(cast.course, after=1)
    assert refusal.value.reason.code == "events_pruned"
    with pytest.raises(Refused) as refusal:
        events.page(cast.course, after=4)
    assert refusal.value.reason.code == "events_ahead"


def test_positions_go_on_when_all_was_pruned(cast: Cast) -> None:
    begin()
    events.note("certificate.issued", cast.course.id, None, certificate="1")
    events.place()
    assert events.prune(utcnow() + timedelta(days=1)) == 1

    events.note("certificate.issued", cast.course.id, None, certificate="2")

    assert [row.position for row in events.place()] == [2]


def test_the_staffs_programs_follow_a_course(alice: Program, cast: Cast) -> None:
    begin()
    alice.post("/courses/shell/enrolments", {"email": cast.charlie.email, "role": "student"})
    feed.work()

    first = alice.get("/courses/shell/events").get_json()

    (event,) = first["events"]
    assert (event["type"], event["position"]) == ("enrolment.created", first["after"])
    assert event["data"] == {"course": "shell", "user_id": cast.charlie.id, "role": "student"}
    assert alice.get(f"/courses/shell/events?after={first['after']}").get_json()["events"] == []
    assert problem(alice.get("/courses/shell/events?after=99"), 409)["reason"]["code"] == "events_ahead"


def test_an_enrolment_and_its_event_come_together_or_not_at_all(site: CommittedDatabase) -> None:
    cast = find_cast()
    members.set_role(cast.course, cast.charlie.id, "student", now=utcnow())
    db.session.rollback()

    assert elsewhere(site, feed.work) is False
    assert db.session.scalar(select(CourseEvent.id)) is None
    assert db.session.get(Enrolment, (cast.course.id, cast.charlie.id)) is None


def test_every_kind_is_one_that_the_documents_name() -> None:
    assert get_args(Kind) == tuple(events.KINDS)
