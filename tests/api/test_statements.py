"""Statements by program."""

import json
from collections.abc import Callable

from extensions import db
from models import utcnow
from services.courses import progress
from tests.api.conftest import Program
from tests.factories import Cast


def test_staff_download_them_and_students_do_not(cast: Cast, program: Callable[..., Program]) -> None:
    progress.complete_lesson(cast.bob.id, cast.lesson, now=utcnow())
    db.session.commit()
    alice, bob = program("alice"), program("bob")

    answer = alice.get("/courses/shell/statements?since=2026-01-01T00:00:00Z&pseudonymous=true")

    (statement,) = map(json.loads, answer.text.splitlines())
    assert statement["verb"]["display"] == {"en-US": "completed"} and "name" not in statement["actor"]
    assert (
        alice.get("/courses/shell/statements?until=2020-01-01T00:00:00Z&format=json").get_data(as_text=True) == "[\n]\n"
    )
    assert alice.get("/courses/shell/statements?since=yesterday").status_code == 422
    assert bob.get("/courses/shell/statements").status_code == 403
