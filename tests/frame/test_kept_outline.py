"""The outline is rendered once for everybody; what is one's own, and what changes, is seen at once."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from blueprints import pages
from models import utcnow
from services.courses import progress
from tests.factories import Cast
from tests.people import sign_in

LESSON = "/courses/shell/lessons/first-words"
DONE = 'class="mark mark-done"'


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The courses whose outline was rendered."""
    courses: list[str] = []
    context = pages.outline_context

    def note(course: Any, outline: Any) -> Any:
        courses.append(course.slug)
        return context(course, outline)

    monkeypatch.setattr(pages, "outline_context", note)
    return courses


def seen_by(app: Any, name: str, path: str) -> str:
    client: FlaskClient = app.test_client()
    sign_in(client, name)
    response = client.get(path)
    assert response.status_code == 200
    return response.text


def test_one_rendering_serves_everybody_with_their_own_marks(app: Any, cast: Cast, drawn: list[str]) -> None:
    progress.complete_lesson(cast.bob.id, cast.lesson, now=utcnow())

    bobs, alices = (seen_by(app, name, LESSON) for name in ("bob", "alice"))

    assert (bobs.count(DONE), alices.count(DONE)) == (1, 0)
    assert (bobs.count('class="mark "'), alices.count('class="mark "')) == (2, 3)
    assert drawn == ["shell"]


def test_the_open_page_is_marked_and_no_other(app: Any, cast: Cast) -> None:
    lesson, quiz = (seen_by(app, "bob", path) for path in (LESSON, "/courses/shell/quizzes/first-quiz"))

    assert f'href="{LESSON}" aria-current="page"' in lesson
    assert 'quizzes/first-quiz" aria-current="page"' in quiz
    assert 'lessons/first-words" aria-current' not in quiz


@pytest.mark.parametrize("path", ["/courses/shell", LESSON])
def test_a_change_of_the_course_is_seen_with_the_next_request(app: Any, cast: Cast, path: str) -> None:
    before = seen_by(app, "bob", path)
    cast.quiz.title = "Another & better quiz"
    cast.course.version += 1

    after = seen_by(app, "bob", path)

    assert "Another &amp; better quiz" not in before
    assert "Another &amp; better quiz" in after


def test_who_is_not_in_the_course_gets_no_links_from_what_its_people_saw(app: Any, cast: Cast) -> None:
    bobs, charlies = (seen_by(app, name, "/courses/shell") for name in ("bob", "charlie"))

    assert f'href="{LESSON}"' in bobs
    assert f'href="{LESSON}"' not in charlies and 'class="outline-locked"' in charlies


def test_an_author_cannot_write_more_than_a_mark(app: Any, cast: Cast) -> None:
    cast.quiz.title = "Odd \x01mark7\x02 \x01else<b>\x02"
    cast.course.version += 1

    page = seen_by(app, "bob", LESSON)

    assert "<b>\x02" not in page


def test_a_course_without_anything_says_so(app: Any, cast: Cast) -> None:
    for activity in (cast.lesson, cast.quiz, cast.lab):
        activity.module.is_archived = True
    cast.course.version += 1

    assert "Nothing here yet" in seen_by(app, "bob", "/courses/shell")
