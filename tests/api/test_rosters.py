"""A class that is brought in from a list through the API: looked at first, then all at once."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event, func, select, update

from extensions import db as database
from models import Cohort, Enrolment, ExpectedPlace, User, utcnow
from services.accounts import unconfirmed
from tests.api.conftest import API, Program, problem
from tests.factories import Cast, UserFactory

IMPORT = f"{API}/courses/shell/enrolments/imports"


def send(program: Program, text: str, digest: str | None = None) -> Any:
    query = {"digest": digest} if digest else None
    return program.client.post(IMPORT, data=text.encode(), headers=program.headers, query_string=query)


def bring(program: Program, text: str) -> dict[str, Any]:
    """Look at a list, and agree to what it does."""
    seen = send(program, text).get_json()
    done = send(program, text, seen["digest"])
    assert done.status_code == 200, done.text
    found: dict[str, Any] = done.get_json()
    return found


@pytest.fixture
def counted() -> Iterator[Callable[[], int]]:
    """Count the statements since the last call."""
    statements = [0]

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements[0] += not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK"))

    def since() -> int:
        counted_now, statements[0] = statements[0], 0
        return counted_now

    event.listen(database.engine, "before_cursor_execute", note)
    yield since
    event.remove(database.engine, "before_cursor_execute", note)


def place(cast: Cast, user: User) -> Enrolment | None:
    return database.session.get(Enrolment, (cast.course.id, user.id), populate_existing=True)


def test_a_preview_says_what_each_line_does_and_changes_nothing(alice: Program, cast: Cast) -> None:
    text = (
        "email,role,group\ncharlie@example.org,,7b\nbob@example.org,assistant,\nalice@example.org,teacher,\n"
        "new@example.org,,7b\nnobody,,\n"
    )

    seen = send(alice, text).get_json()

    assert [line["does"] for line in seen["lines"]] == ["new", "changed", "same", "expected", "wrong"]
    assert (seen["new"], seen["expected"], seen["cohorts"], seen["is_applied"]) == (1, 1, ["7b"], False)
    assert (seen["lines"][1]["name"], seen["lines"][0]["name"]) == (cast.bob.display_name, None)
    assert seen["lines"][4]["reason"]["code"] == "roster_no_address"
    assert place(cast, cast.charlie) is None
    assert database.session.scalar(select(func.count()).select_from(ExpectedPlace)) == 0


def test_a_list_that_was_agreed_to_gives_all_places_and_again_changes_nothing(alice: Program, cast: Cast) -> None:
    text = "email,role,group\ncharlie@example.org,,7b\nbob@example.org,assistant,\nnew@example.org,,7b\n"

    done = bring(alice, text)
    charlie, bob = place(cast, cast.charlie), place(cast, cast.bob)

    assert done["is_applied"]
    assert charlie is not None and bob is not None
    assert (charlie.role, bob.role) == ("student", "assistant")
    assert database.session.get_one(Cohort, charlie.cohort_id).name == "7b"
    again = send(alice, text).get_json()
    assert (again["same"], again["cohorts"]) == (3, [])
    # Who has a cohort keeps it where the list says none.
    bring(alice, "email,role\ncharlie@example.org,assistant\n")
    charlie = place(cast, cast.charlie)
    assert charlie is not None and charlie.cohort_id is not None


def test_what_came_between_is_told_and_nothing_is_done(alice: Program, cast: Cast) -> None:
    text = "email\ncharlie@example.org\nbob@example.org\n"
    seen = send(alice, text).get_json()
    database.session.execute(update(Enrolment).where(Enrolment.user_id == cast.bob.id).values(role="assistant"))
    database.session.commit()

    refused = problem(send(alice, text, seen["digest"]), 409)

    assert refused["reason"]["code"] == "roster_stale"
    assert place(cast, cast.charlie) is None


def test_a_course_keeps_a_teacher(alice: Program, cast: Cast) -> None:
    text = "email,role\nalice@example.org,student\ncharlie@example.org,\n"
    seen = send(alice, text).get_json()

    problem(send(alice, text, seen["digest"]), 409)

    assert place(cast, cast.charlie) is None


@pytest.mark.parametrize("is_made_confirmed", [True, False])
def test_a_place_is_taken_by_the_account_that_shows_that_the_address_is_its_own(
    alice: Program, cast: Cast, is_made_confirmed: bool
) -> None:
    bring(alice, "email,role,group\nnew@example.org,assistant,7b\n")

    person = UserFactory(email="New@example.org", confirmed_at=utcnow() if is_made_confirmed else None)
    if not is_made_confirmed:
        # Whoever registers with another's address has nothing of it.
        assert place(cast, person) is None
        unconfirmed.confirm(person, now=utcnow())
    taken = place(cast, person)

    assert taken is not None
    assert (taken.role, database.session.get_one(Cohort, taken.cohort_id).name) == ("assistant", "7b")
    assert alice.get("/courses/shell/expected-places").get_json() == {"places": []}


def test_places_that_are_kept_are_listed_and_given_up(alice: Program, cast: Cast) -> None:
    bring(alice, "email,group\nnew@example.org,7b\n")

    (kept,) = alice.get("/courses/shell/expected-places").get_json()["places"]

    assert (kept["email"], kept["role"], kept["cohort"]) == ("new@example.org", "student", "7b")
    assert alice.delete("/courses/shell/expected-places/new@example.org").status_code == 204
    problem(alice.delete("/courses/shell/expected-places/new@example.org"), 404)
    assert place(cast, UserFactory(email="new@example.org")) is None


def test_an_account_that_isnt_confirmed_gets_its_place_only_then(alice: Program, cast: Cast) -> None:
    person = UserFactory(email="new@example.org", confirmed_at=None)
    database.session.commit()

    done = bring(alice, "email\nnew@example.org\n")

    assert (done["expected"], place(cast, person)) == (1, None)
    unconfirmed.confirm(person, now=utcnow())
    assert place(cast, person) is not None


def test_three_hundred_people_come_in_a_few_statements(alice: Program, cast: Cast, counted: Callable[[], int]) -> None:
    for number in range(20):
        UserFactory(email=f"known-{number}@example.org")
    few = "email,group\n" + "".join(f"known-{n}@example.org,7b\n" for n in range(20))
    database.session.commit()
    bring(alice, few)
    counted()
    seen = send(alice, few + "".join(f"s-{n}@example.org,7b\n" for n in range(280)))
    looked = counted()
    done = send(alice, few + "".join(f"s-{n}@example.org,7b\n" for n in range(280)), seen.get_json()["digest"])

    assert (done.get_json()["same"], done.get_json()["expected"]) == (20, 280)
    assert looked <= 12
    assert counted() <= 24
