"""Audits: what somebody wrote past the ledger is found, and set right only where that is asked for."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from cli.points import points_group
from extensions import db as database
from models import CourseTotal, PointAudit, utcnow
from scheduler.ticks.audits import auditor
from services.leaderboards import audits, points
from tests.conftest import CommittedDatabase
from tests.factories import Cast, EnrolmentFactory, make_cast
from tests.leaderboards.test_ledger import kept, recomputed

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def earn(cast: Cast, user_id: int, amount: int = 5, source: str = "lesson:1", at: datetime = NOW) -> None:
    points.settle(user_id=user_id, course_id=cast.course.id, source=source, kind="lesson", points=amount, now=at)


def audit(cast: Cast, *, mend: bool = False) -> PointAudit:
    return audits.make(audits.ask(cast.course, mend=mend, by=None, now=NOW), now=utcnow)


def test_what_was_written_with_the_ledger_is_no_drift(cast: Cast) -> None:
    earn(cast, cast.bob.id, 5)
    earn(cast, cast.bob.id, 20, "quiz:1", NOW + timedelta(minutes=1))
    earn(cast, cast.bob.id, 7, "quiz:1", NOW + timedelta(minutes=2))

    report = audit(cast)

    assert (report.totals, report.drifts, report.mended, report.found) == (1, 0, 0, [])
    assert report.ended_at is not None


@pytest.mark.parametrize(
    ("damage", "kept_points", "added", "is_late"),
    [
        ("UPDATE course_totals SET points = 99", 99, 5, False),
        ("UPDATE course_totals SET reached_at = reached_at + interval '1 second'", 5, 5, True),
        ("UPDATE course_totals SET changed_at = changed_at + interval '1 second'", 5, 5, True),
        ("DELETE FROM course_totals", 0, 5, False),
        ("UPDATE point_entries SET points = 6", 5, 6, False),
        ("DELETE FROM point_entries", 5, 0, False),
    ],
)
def test_what_was_written_past_the_ledger_is_found_and_left(
    cast: Cast, damage: str, kept_points: int, added: int, is_late: bool
) -> None:
    earn(cast, cast.bob.id)
    database.session.execute(text(damage))
    before = kept(cast.course.id)

    report = audit(cast)

    who = {"course_id": cast.course.id, "user_id": cast.bob.id}
    assert report.found == [{**who, "kept": kept_points, "added": added, "is_late": is_late}]
    assert (report.drifts, report.mended) == (1, 0)
    assert kept(cast.course.id) == before


@pytest.mark.parametrize(
    "damage", ["UPDATE course_totals SET points = 99, reached_at = now()", "DELETE FROM course_totals"]
)
def test_a_wrong_total_is_set_right_when_asked(cast: Cast, damage: str) -> None:
    earn(cast, cast.bob.id)
    before = kept(cast.course.id)
    database.session.execute(text(damage))

    report = audit(cast, mend=True)

    assert (report.drifts, report.mended) == (1, 1)
    assert kept(cast.course.id) == before
    assert audit(cast).drifts == 0


def test_people_beyond_one_statement_are_all_looked_at(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audits, "BATCH", 2)
    for _person in range(5):
        earn(cast, EnrolmentFactory(course=cast.course).user.id)
    database.session.execute(text("UPDATE course_totals SET points = points + 1"))

    report = audit(cast)

    assert (report.totals, report.drifts) == (5, 5)


def test_the_scheduler_audits_after_each_night_and_when_asked(app: Any, cast: Cast) -> None:
    work = auditor(app.extensions["yurt_redis"], lambda: None)
    assert not work()  # nobody has points yet
    earn(cast, cast.bob.id)

    assert [work(), work()] == [True, False]  # the night after the first entry is long over
    assert database.session.scalars(select(PointAudit.course_id)).all() == [None]
    audits.ask(cast.course, mend=False, by=cast.dana, now=utcnow())
    assert [work(), work()] == [True, False]
    assert database.session.scalars(select(PointAudit.course_id)).all() == [None, cast.course.id]


def test_the_next_audit_is_due_at_three(cast: Cast) -> None:
    earn(cast, cast.bob.id)
    for ended, due in ((2, "2026-03-02T03:00"), (4, "2026-03-03T03:00"), (23, "2026-03-03T03:00")):
        at = datetime(2026, 3, 2, ended, 59, tzinfo=UTC)
        database.session.execute(text("DELETE FROM point_audits"))
        database.session.add(PointAudit(asked_at=at, ended_at=at))
        database.session.flush()

        assert database.session.scalar(select(audits.due(text("now()")))) == datetime.fromisoformat(f"{due}+00:00")  # type: ignore[arg-type]


def test_the_command_lists_what_is_wrong_and_ends_with_1_until_it_is_mended(app: Any, cast: Cast) -> None:
    earn(cast, cast.bob.id)
    database.session.execute(text("UPDATE course_totals SET points = 99"))
    database.session.commit()
    runner = app.test_cli_runner()

    found = runner.invoke(points_group, ["audit", "--course", "shell"])
    mended = runner.invoke(points_group, ["audit", "--mend"])
    fine = runner.invoke(points_group, ["audit"])

    assert (found.exit_code, mended.exit_code, fine.exit_code) == (1, 0, 0)
    assert f"user {cast.bob.id}: 99 points, the ledger adds up to 5" in found.output
    assert "1 totals looked at, 1 wrong, 1 set right." in mended.output
    assert "1 totals looked at, 0 wrong" in fine.output


def test_metrics_tell_what_the_last_audit_left_wrong(client: Any, cast: Cast) -> None:
    earn(cast, cast.bob.id)
    database.session.execute(text("UPDATE course_totals SET points = 99"))
    audits.make(audits.ask(None, mend=False, by=None, now=NOW), now=utcnow)

    told = client.get("/metrics").text

    assert "yurt_points_drifts 1.0" in told
    assert "yurt_points_audit_age_seconds " in told


@pytest.mark.parametrize("mend", [False, True])
def test_audits_beside_awards_find_nothing_and_break_nothing(committed_db: CommittedDatabase, mend: bool) -> None:
    with committed_db.app.app_context():
        cast = make_cast()
        people = [cast.bob.id, *(EnrolmentFactory(course=cast.course).user.id for _ in range(3))]
        course_id = cast.course.id
        database.session.commit()
        database.session.remove()
    is_over = threading.Event()
    reports: list[tuple[int, int]] = []

    def look() -> None:
        with committed_db.app.app_context():
            while not is_over.is_set():
                report = audits.make(audits.ask(None, mend=mend, by=None, now=utcnow()), now=utcnow)
                reports.append((report.drifts, report.mended))
                database.session.commit()

    watcher = threading.Thread(target=look)
    watcher.start()

    def write(user_id: int) -> None:
        with committed_db.app.app_context():
            for number in range(40):
                who = {"user_id": user_id, "course_id": course_id}
                points.settle(**who, source=f"quiz:{number % 3}", kind="quiz", points=number % 7, now=utcnow())
                database.session.commit()

    writers = [threading.Thread(target=write, args=(user_id,)) for user_id in people]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    is_over.set()
    watcher.join()

    assert len(reports) > 2
    assert set(reports) == {(0, 0)}
    with committed_db.app.app_context():
        assert kept(course_id) == {user_id: recomputed(course_id, user_id) for user_id in people}


def test_mending_beside_awards_loses_none(committed_db: CommittedDatabase) -> None:
    with committed_db.app.app_context():
        cast = make_cast()
        bob, course_id = cast.bob.id, cast.course.id
        earn(cast, bob)
        database.session.commit()
        for number in range(10):
            database.session.execute(update(CourseTotal).values(points=CourseTotal.points + 100))
            database.session.commit()
            line = threading.Barrier(2)

            def write(number: int = number, line: threading.Barrier = line) -> None:
                with committed_db.app.app_context():
                    line.wait()
                    who = {"user_id": bob, "course_id": course_id}
                    points.award(**who, source=f"check:{number}", kind="check", points=1, now=utcnow())
                    database.session.commit()

            writer = threading.Thread(target=write)
            writer.start()
            line.wait()
            audits.make(audits.ask(None, mend=True, by=None, now=utcnow()), now=utcnow)
            database.session.commit()
            writer.join()
            audits.make(audits.ask(None, mend=True, by=None, now=utcnow()), now=utcnow)
            database.session.commit()

            assert kept(course_id)[bob] == recomputed(course_id, bob)
            assert kept(course_id)[bob][0] == 5 + number + 1
