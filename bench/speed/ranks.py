"""Ranks among a million students: read and moved in the service, without HTTP, with Redis and without."""

import time
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import text

from bench.speed.figures import Outcome, Plot, Row, in_ms
from bench.speed.ground import Ground
from extensions import db
from models import Course, utcnow
from services.leaderboards import boards, ladder, points, sets
from services.leaderboards.ladder import Window
from services.leaderboards.scopes import Scope

STUDENTS, QUICK_STUDENTS = 1_000_000, 100_000
TIMES, TIMES_WITHOUT = 300, 4
AIM_MS = 5.0
# Bulk rows: without the triggers, whose columns are written here.
BATCH = 50_000
TRIGGERS = "ALTER TABLE {table} {verb} TRIGGER USER"
PEOPLE = (
    """
    INSERT INTO users (handle, display_name, email, password, fs_uniquifier, active, confirmed_at)
    SELECT 'rank-' || n, 'Student ' || n, 'rank-' || n || '@example.org', '!', 'rank-' || n, true, now()
    FROM generate_series(:first, :last) AS n
    """,
    """
    INSERT INTO enrolments (course_id, user_id, role, enrolled_at, board)
    SELECT :course, id, 'student', now(), 'name' FROM users WHERE id > :before AND handle LIKE 'rank-%'
    """,
    """
    INSERT INTO course_totals (course_id, user_id, points, reached_at, changed_at, is_ranked, changed_in)
    SELECT :course, id, 1 + (id * 7919) % 5000, now() - (id % 86400) * interval '1 second', now(), true, 0
    FROM users WHERE id > :before AND handle LIKE 'rank-%'
    """,
    """
    INSERT INTO point_entries (user_id, course_id, source, number, kind, points, created_at)
    SELECT user_id, course_id, 'lesson:0', 1, 'lesson', points, reached_at FROM course_totals
    WHERE course_id = :course AND user_id > :before
    """,
)


def measure(at: Ground, *, quick: bool) -> Outcome:
    """Fill a course, and measure in the service."""
    students = QUICK_STUDENTS if quick else STUDENTS
    with at.app.app_context():
        began = time.monotonic()
        course_id, first = _fill(students)
        print(f"  {students:,} students with points, {time.monotonic() - began:.0f} s", flush=True)
        store, scope = at.app.extensions["yurt_redis"], Scope(course_id)
        used = store.info("memory")["used_memory"]
        began = time.monotonic()
        sets.make(store, scope)
        made_s, held = time.monotonic() - began, store.info("memory")["used_memory"] - used
        db.session.rollback()
        print(f"  sorted set made in {made_s:.1f} s, {held / 2**20:.0f} MB", flush=True)

    def somebody(number: int) -> int:
        return first + number * 7907 % students

    reads = _timed(at.app, TIMES, lambda number: boards.board(scope, Window(count=0, me=somebody(number))))
    top = _timed(at.app, TIMES, lambda number: boards.board(scope, Window(count=50, me=somebody(number))))
    moves = _timed(at.app, TIMES, lambda number: _award(course_id, somebody(number)))
    both = _timed(at.app, TIMES, lambda number: _move_and_look(scope, somebody(number + TIMES)))
    with at.app.app_context():
        given = db.session().info["given"]
        kept = given.pop("boards")
        without = _timed(
            at.app, TIMES_WITHOUT, lambda number: boards.board(scope, Window(count=50, me=somebody(number)))
        )
        given["boards"] = kept
        is_same = sets.read(store, scope, Window(count=1000)) == ladder.read(scope, Window(count=1000))
        db.session.rollback()
    many = f"{students:,} students"
    rows = [
        _row(f"own rank and ten neighbours, {many}", reads),
        Row(f"the top fifty and the same, {many}", "", _told(in_ms(top))),
        _row(f"an award that moves a rank, committed, {many}", moves),
        Row("an award, and the rank after it", "", _told(in_ms(both))),
        Row("the same from PostgreSQL alone, while Redis is gone", "", _told(in_ms(without))),
        Row("the sorted set made anew", "", f"{made_s:.1f} s, {held / 2**20:.0f} MB of Redis"),
        Row("the first thousand in Redis are PostgreSQL's", "all", "yes" if is_same else "no", is_same),
    ]
    data = {
        "students": students,
        "read": in_ms(reads),
        "top": in_ms(top),
        "award": in_ms(moves),
        "award_and_read": in_ms(both),
        "postgresql": in_ms(without),
        "made_s": made_s,
        "bytes": held,
    }
    return Outcome(rows, [Plot("Ranks", "ms", "share", {"read": _shares(reads), "award": _shares(moves)})], data)


def _fill(students: int) -> tuple[int, int]:
    course = Course(slug="bench-ranks", title="Ranks", is_published=False)
    db.session.add(course)
    db.session.flush()
    for verb in ("DISABLE", "ENABLE"):
        for table in ("enrolments", "course_totals"):
            db.session.execute(text(TRIGGERS.format(table=table, verb=verb)))
        for begin in range(1, students + 1, BATCH) if verb == "DISABLE" else ():
            values = {"course": course.id, "first": begin, "last": min(students, begin + BATCH - 1)}
            values["before"] = db.session.execute(text("SELECT coalesce(max(id), 0) FROM users")).scalar_one()
            for statement in PEOPLE:
                names = [name for name in values if f":{name}" in statement]
                db.session.execute(text(statement), {name: values[name] for name in names})
    first = int(db.session.execute(text("SELECT min(id) FROM users WHERE handle LIKE 'rank-%'")).scalar_one())
    course_id = course.id
    db.session.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE users, enrolments, course_totals, point_entries")
    return course_id, first


def _timed(app: Flask, times: int, act: Callable[[int], Any]) -> list[float]:
    """Return how long each took, to the commit."""
    took = []
    with app.app_context():
        first = min(times, 20)
        for number in range(times + first):
            began = time.perf_counter()
            act(number)
            db.session.commit()
            took.append(time.perf_counter() - began)
    return took[first:]  # those before compile statements


def _award(course_id: int, user_id: int) -> None:
    source = f"check:{time.time_ns()}"
    points.award(user_id=user_id, course_id=course_id, source=source, kind="check", points=10, now=utcnow())


def _move_and_look(scope: Scope, user_id: int) -> None:
    _award(scope.course_id, user_id)
    db.session.commit()
    boards.board(scope, Window(count=0, me=user_id))


def _row(what: str, times: list[float]) -> Row:
    summed = in_ms(times)
    return Row(what, f"p50 < {AIM_MS:.0f} ms", _told(summed), summed["p50"] < AIM_MS)


def _told(times: dict[str, float]) -> str:
    return ", ".join(f"{name} {times[name]:.1f} ms" for name in ("p50", "p95", "p99"))


def _shares(times: list[float]) -> list[tuple[float, float]]:
    ordered = sorted(times)
    return [(each * 1000, number / len(ordered)) for number, each in enumerate(ordered, start=1)]
