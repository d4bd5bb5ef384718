"""The audit log itself: nobody changes it, it goes with the act, and who may read what of it."""

import ast
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from blueprints.audit.words import WORDS
from config import ROOT
from extensions import db
from models import AuditEntry, Enrolment, utcnow
from services import audit
from services.accounts import profiles
from services.audit import ACTS, Wanted
from services.courses import members
from services.errors import Conflict
from services.quizzes import taking_breaks
from tests.api.conftest import Program, alice, documented, program
from tests.factories import Cast
from tests.people import post, sign_in
from tests.quizzes.test_breaks import NOW, attempt

__all__ = ["alice", "attempt", "documented", "program"]


def newest() -> AuditEntry:
    return db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()


def count() -> int:
    return db.session.scalar(select(func.count()).select_from(AuditEntry)) or 0


@pytest.mark.parametrize("change", [update(AuditEntry).values(actor_id=7), delete(AuditEntry)])
def test_nobody_changes_or_deletes_a_row(cast: Cast, change: object) -> None:
    members.set_role(cast.course, cast.bob.id, "assistant", now=utcnow())
    db.session.flush()

    with pytest.raises(IntegrityError, match="rows of audit_entries are never changed"):
        db.session.execute(change)


def test_an_act_that_is_taken_back_leaves_no_row(cast: Cast) -> None:
    before = count()

    with pytest.raises(Conflict):
        members.set_role(cast.course, cast.alice.id, "student", now=utcnow())
    members.set_role(cast.course, cast.bob.id, "assistant", now=utcnow())
    db.session.flush()
    assert count() == before + 1
    db.session.rollback()

    assert count() == before


def test_what_changes_nothing_leaves_no_row(cast: Cast) -> None:
    before = count()

    members.set_role(cast.course, cast.bob.id, "student", now=utcnow())

    assert count() == before


def test_an_act_is_written_with_all_its_parameters_and_no_others(cast: Cast) -> None:
    with pytest.raises(ValueError, match="old, new"):
        audit.note("enrolment.set", cast.course.id, old="student")


def test_without_a_request_it_is_the_operators_command(cast: Cast) -> None:
    members.set_role(cast.course, cast.bob.id, "teacher", now=utcnow())
    db.session.flush()

    entry = newest()

    assert (entry.way, entry.actor_id, entry.address, entry.person_id) == ("command", None, None, cast.bob.id)
    assert entry.params == {"old": "student", "new": "teacher"}


def test_a_page_tells_who_what_whence_and_when(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "alice")
    before = utcnow()

    answer = post(client, f"/courses/shell/people/{cast.bob.id}", role="assistant")

    entry = newest()
    assert (entry.act, entry.actor_id, entry.course_id) == ("enrolment.set", cast.alice.id, cast.course.id)
    assert (entry.way, entry.address, entry.token_id) == ("page", "127.0.0.1", None)
    assert entry.request_id == answer.headers["X-Request-ID"]
    assert before <= entry.at <= utcnow()


def test_the_staffs_break_for_a_student_is_logged_and_the_students_own_is_not(cast: Cast, attempt: object) -> None:
    before = count()
    taking_breaks.begin(attempt, by_id=cast.bob.id, now=NOW)
    taking_breaks.end(attempt, by_id=cast.bob.id, now=NOW + timedelta(minutes=1))
    assert count() == before

    taking_breaks.begin(attempt, by_id=cast.alice.id, now=NOW + timedelta(minutes=2))
    db.session.flush()

    assert (newest().act, newest().person_id) == ("break.begun", cast.bob.id)


def test_the_page_says_it_in_words_to_teachers_and_keeps_addresses_for_admins(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "alice")
    post(client, f"/courses/shell/people/{cast.bob.id}", role="assistant")
    of_alice = client.get("/courses/shell/audit-log").text
    post(client, "/logout")
    sign_in(client, "dana")

    of_dana = client.get("/audit-log").text

    for text in (of_alice, of_dana):
        assert f"Changed the role of {cast.bob.display_name} from student to assistant" in text
    assert "127.0.0.1" not in of_alice
    assert "127.0.0.1" in of_dana


def test_a_program_reads_it_page_by_page_and_filtered(alice: Program, cast: Cast) -> None:
    for role in ("assistant", "student", "teacher"):
        alice.put(f"/courses/shell/enrolments/{cast.bob.id}", {"role": role})
    alice.post("/courses/shell/cohorts", {"name": "red"})

    first = alice.get("/audit-log?course=shell&per_page=3").get_json()
    rest = alice.get(f"/audit-log?course=shell&per_page=100&after={first['after']}").get_json()
    roles = alice.get(f"/audit-log?course=shell&act=enrolment.set&person={cast.bob.id}").get_json()

    assert [entry["act"] for entry in first["entries"]] == ["cohort.added", "enrolment.set", "enrolment.set"]
    assert rest["entries"][0]["params"] == {"old": "student", "new": "assistant"}
    assert rest["after"] is None
    assert [entry["params"]["new"] for entry in roles["entries"][:3]] == ["teacher", "student", "assistant"]
    told = first["entries"][0]
    assert (told["actor"]["name"], told["way"], told["address"]) == (cast.alice.display_name, "api", None)
    assert told["text"] == "Made the cohort red"


def test_the_whole_log_is_the_admins(program: Callable[..., Program]) -> None:
    assert program("alice").get("/audit-log").status_code == 403
    assert program("dana").get("/audit-log").status_code == 200


def test_who_takes_part_no_longer_as_a_teacher_reads_no_more(alice: Program, cast: Cast) -> None:
    db.session.get_one(Enrolment, (cast.course.id, cast.alice.id)).role = "assistant"
    db.session.flush()

    assert alice.get("/audit-log?course=shell").status_code == 403


def test_times_bound_what_is_read(cast: Cast) -> None:
    members.set_role(cast.course, cast.bob.id, "teacher", now=utcnow())
    db.session.flush()
    at = newest().at

    def found(**wanted: object) -> list[int]:
        return [line.entry.id for line in audit.page(cast.course, Wanted(**wanted)).rows]  # type: ignore[arg-type]

    assert newest().id in found(since=at, until=at + timedelta(seconds=1))
    assert newest().id not in found(until=at)


def test_who_makes_an_admin_or_switches_an_account_off_is_logged(app: Flask, cast: Cast) -> None:
    profiles.make_admin(cast.alice)
    db.session.flush()
    assert (newest().act, newest().person_id, newest().way) == ("account.admin_made", cast.alice.id, "command")

    app.test_cli_runner().invoke(args=["users", "deactivate", cast.bob.email])

    assert (newest().act, newest().person_id) == ("account.deactivated", cast.bob.id)


def test_every_act_has_words_and_is_written_somewhere() -> None:
    noted = {
        call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
        for path in (*Path(ROOT / "services").rglob("*.py"), *Path(ROOT / "blueprints").rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
    }

    assert set(WORDS) == set(ACTS)
    assert set(ACTS) <= noted, "an act that nobody writes"
    assert all(re.fullmatch(r"[a-z_]+\.[a-z_]+", act) for act in ACTS)
