"""Two real connections at once: editors of one version, makers of one course, and a key that is sent twice."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from extensions import db
from models import Course, Lesson, utcnow
from services.accounts import repeats
from services.archive import edits, outcomes
from services.archive.read import read
from services.errors import InvalidInput, Refused
from tests.archive.folders import make_folder
from tests.conftest import CommittedDatabase
from tests.factories import make_cast
from tests.meanwhile import meanwhile
from tests.quizzes.test_races import race

RACERS = 5


@pytest.fixture
def ids(committed_db: CommittedDatabase) -> Iterator[tuple[int, int]]:
    """Return the ids of the course and of alice, committed."""
    with committed_db.app.app_context():
        cast = make_cast()
        db.session.commit()
        found = cast.course.id, cast.alice.id
    yield found


def _edit(course_id: int, title: str, version: str) -> str:
    course = db.session.get_one(Course, course_id)
    place: dict[str, Any] = {"module": "", "position": None}
    saw = version.__eq__
    edits.replace_activity(course, "lesson", "first-words", {"title": title}, **place, saw=saw, now=utcnow())
    return title


def test_of_editors_of_one_version_one_wins_and_the_others_are_told(
    committed_db: CommittedDatabase, ids: tuple[int, int]
) -> None:
    with committed_db.app.app_context():
        draft = edits.read(db.session.get_one(Course, ids[0]))
        version = edits.activity_part(draft, "lesson", "first-words").version

    ended = race(committed_db, *[lambda n=n: _edit(ids[0], f"Title {n}", version) for n in range(RACERS)])

    (won,) = [outcome for outcome in ended if isinstance(outcome, str)]
    assert sum(isinstance(outcome, Refused) for outcome in ended) == RACERS - 1
    with committed_db.app.app_context():
        assert db.session.scalars(select(Lesson.title)).one() == won


def test_edits_of_different_parts_at_once_are_all_there(committed_db: CommittedDatabase, ids: tuple[int, int]) -> None:
    def add(number: int) -> object:
        course = db.session.get_one(Course, ids[0])
        said = {"title": f"L{number}", "body": "Words."}
        place: dict[str, Any] = {"module": "basics", "position": 1}
        return edits.create_activity(course, "lesson", f"l-{number}", said, **place, now=utcnow())

    ended = race(committed_db, *[lambda n=n: add(n) for n in range(RACERS)])

    assert not [outcome for outcome in ended if isinstance(outcome, Exception)]
    with committed_db.app.app_context():
        draft = edits.read(db.session.get_one(Course, ids[0]))
        assert len(draft.content.modules[0].activities) == 3 + RACERS


def test_of_makers_of_one_course_one_wins(committed_db: CommittedDatabase, ids: tuple[int, int]) -> None:
    def make() -> Course:
        return edits.create_course("new", {"title": "New"}, by_id=ids[1], now=utcnow())

    ended = race(committed_db, *[make] * RACERS)

    assert sum(isinstance(outcome, InvalidInput) for outcome in ended) == RACERS - 1


def test_an_import_waits_for_an_edit_and_sees_it(
    committed_db: CommittedDatabase, ids: tuple[int, int], tmp_path: Any
) -> None:
    with committed_db.app.app_context():
        content = read(make_folder(tmp_path))
        first = outcomes.of(content, utcnow())
        db.session.commit()
        course = db.session.scalars(select(Course).where(Course.slug == "tiny")).one()
        edits.replace_module(
            course, "basics", {"title": "Edited"}, position=None, saw=lambda _version: True, now=utcnow()
        )
        seen: list[outcomes.Outcome] = []

        with meanwhile(committed_db, lambda: seen.append(outcomes.of(content, utcnow()))):
            db.session.commit()

    assert first.changes.created
    assert seen[0].changes.updated == ["module basics"]


def test_a_key_that_is_sent_twice_at_once_is_taken_once(committed_db: CommittedDatabase, ids: tuple[int, int]) -> None:
    def send() -> object:
        before = repeats.take(ids[1], "key", "digest", now=utcnow())
        if before is not None:
            return before.body
        edits.create_course("new", {"title": "New"}, by_id=ids[1], now=utcnow())
        repeats.answer(ids[1], "key", "digest", 201, {"made": "once"}, {}, now=utcnow())
        return "made"

    ended = race(committed_db, *[send] * RACERS)

    assert sorted(map(str, ended)) == ["made", *["{'made': 'once'}"] * (RACERS - 1)]
    with committed_db.app.app_context():
        assert db.session.scalar(select(func.count()).where(Course.slug == "new")) == 1
