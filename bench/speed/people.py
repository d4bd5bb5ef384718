"""The people of the speed benches, made by bulk SQL: students with points, signed in, each with a token of the API."""

import random
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask_login import login_user
from flask_security import hash_password
from flask_wtf.csrf import generate_csrf
from sqlalchemy import insert, select

from bench.speed import course as course_files
from extensions import db
from models import ApiToken, Course, CourseTotal, Enrolment, PointEntry, User, utcnow
from services import archive
from services.accounts import tokens

PASSWORD = "bench-students-2026"
COOKIE = "yurt_session"


@dataclass(frozen=True)
class Student:
    """Somebody who is signed in: by a browser with its cookie and CSRF token, by a program with its token."""

    id: int
    email: str
    cookie: str
    csrf: str
    token: str


def arrange(app: Flask, folder: Path, students: int, events: int) -> tuple[int, list[Student]]:
    """Import the course, and fill it; return its id and its students. The rows are the same each time."""
    course_files.write(folder)
    rng, now = random.Random(13), utcnow()
    with app.app_context():
        archive.import_course(folder, now=now)
        course_id = int(db.session.scalars(select(Course.id).where(Course.slug == course_files.SLUG)).one())
        with app.test_request_context():
            secret = hash_password(PASSWORD)
        db.session.execute(insert(User), [_user(number, secret) for number in range(students)])
        found = db.session.execute(
            select(User.id, User.email).where(User.handle.like("speed-%")).order_by(User.id)
        ).all()
        ids = [row.id for row in found]
        rows: list[dict[str, Any]] = [{"course_id": course_id, "user_id": each, "role": "student"} for each in ids]
        db.session.execute(insert(Enrolment), rows)
        totals: dict[int, int] = dict.fromkeys(ids, 0)
        entries = []
        for number in range(events):
            user_id, points = ids[number % students], rng.randint(1, 10)
            totals[user_id] += points
            at = now - timedelta(seconds=events - number)
            entry = {"user_id": user_id, "course_id": course_id, "source": f"bench:{number // students}"}
            entries.append({**entry, "kind": "lesson", "points": points, "created_at": at})
        db.session.execute(insert(PointEntry), entries)
        sums = [{"course_id": course_id, "user_id": each, "points": totals[each], "reached_at": now} for each in ids]
        db.session.execute(insert(CourseTotal), sums)
        plain = {each: f"{tokens.PREFIX}bench-{each:012}-{rng.getrandbits(128):032x}" for each in ids}
        until = now + timedelta(days=30)
        db.session.execute(
            insert(ApiToken),
            [
                {
                    "user_id": each,
                    "name": "bench",
                    "digest": tokens.digest(plain[each]),
                    "scopes": ["read", "write"],
                    "created_at": now,
                    "expires_at": until,
                    # Its use is noted once a minute, which isn't what is measured.
                    "last_used_at": now,
                }
                for each in ids
            ],
        )
        db.session.commit()
        # Bulk rows leave the planner without an idea of their tables.
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
    # Each in a context of its own, which remembers one CSRF token.
    signed_in = [(row.id, row.email, *_sign_in(app, row.id)) for row in found]
    return course_id, [Student(*each, plain[each[0]]) for each in signed_in]


def _user(number: int, secret: str) -> dict[str, Any]:
    handle = f"speed-{number:05}"
    return {
        "handle": handle,
        "display_name": f"Student {number}",
        "email": f"{handle}@example.org",
        "password": secret,
        "fs_uniquifier": handle,
        "active": True,
        "confirmed_at": utcnow(),
    }


def _sign_in(app: Flask, user_id: int) -> tuple[str, str]:
    """Begin a session as the sign-in form does, without the password; return its cookie and CSRF token."""
    # From the address that the requests come from: Flask-Login notes in a session that it has moved.
    here = {"REMOTE_ADDR": "127.0.0.1"}
    with app.test_request_context("/", base_url=app.extensions["yurt"].public_url, environ_overrides=here):
        login_user(db.session.get(User, user_id))
        csrf = generate_csrf()
        response = app.process_response(app.make_response(""))
        db.session.rollback()
    cookie = next(value for value in response.headers.getlist("Set-Cookie") if value.startswith(f"{COOKIE}="))
    return cookie.partition(";")[0], csrf
