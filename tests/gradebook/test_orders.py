"""The gradebook in any order: each column, both ways, page by page."""

import re

import pytest
from flask.testing import FlaskClient

from extensions import db
from models import Completion, Course, User, utcnow
from services.gradebook import books, marks, orders
from services.gradebook.schemes import scheme_of
from tests.analysis.classes import take
from tests.factories import Cast, EnrolmentFactory, UserFactory
from tests.gradebook.classes import SCHEME, add_students, api, counted, grade_by
from tests.people import sign_in


def named(course: Course, *names: str) -> list[User]:
    """Add students of these names, in their order."""
    made = [UserFactory(display_name=name) for name in names]
    for user in made:
        EnrolmentFactory(course=course, user=user)
    return made


def order_of(cast: Cast, sort: str, *, is_descending: bool = False) -> list[str]:
    scheme = scheme_of(cast.course)
    page = books.page(cast.course, scheme, "student-", order=orders.read(scheme, sort, is_descending=is_descending))
    return [found.name for found in page.rows]


def test_any_column_sorts_and_who_has_no_score_there_comes_last_either_way(cast: Cast) -> None:
    grade_by(cast.course, *SCHEME)
    anna, ben, cleo, dora, _emil = named(cast.course, "Anna", "Ben", "Cleo", "Dora", "Emil")
    take(ben, cast.quiz, "1000")
    take(anna, cast.quiz, "1110")
    take(cleo, cast.quiz, "1110")
    take(dora, cast.quiz, "1111")
    marks.put(dora.id, cast.quiz.id, percent=None, is_exempt=True, note="Ill", by_id=cast.alice.id, now=utcnow())
    db.session.add(Completion(user_id=ben.id, activity_id=cast.lesson.id))
    db.session.flush()

    by_item = order_of(cast, "item:first-quiz"), order_of(cast, "item:first-quiz", is_descending=True)

    assert by_item == (["Ben", "Anna", "Cleo", "Dora", "Emil"], ["Anna", "Cleo", "Ben", "Dora", "Emil"])
    assert order_of(cast, "category:2") == ["Ben", "Anna", "Cleo", "Dora", "Emil"]
    assert order_of(cast, "so_far", is_descending=True) == ["Anna", "Cleo", "Ben", "Dora", "Emil"]
    assert order_of(cast, "total") == ["Dora", "Emil", "Anna", "Cleo", "Ben"]
    assert order_of(cast, "name", is_descending=True) == ["Emil", "Dora", "Cleo", "Ben", "Anna"]


@pytest.mark.parametrize("sort", ["", "age", "category:0", "category:3", "category:x", "item:gone", "total:1", "item"])
def test_an_order_that_is_not_there_is_refused_by_programs_and_by_name_on_the_page(
    cast: Cast, client: FlaskClient, sort: str
) -> None:
    grade_by(cast.course, *SCHEME)
    named(cast.course, "Anna", "Zoe")

    answer = client.get(f"/api/v1/courses/shell/gradebook?sort={sort}", headers=api(client, cast.alice))
    sign_in(client, "alice")
    page = client.get(f"/courses/shell/gradebook?sort={sort}").text

    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "sort")
    assert page.index("Anna") < page.index("Zoe")
    assert re.findall(r'aria-sort="(\w+)"', page) == ["ascending"]


def test_the_page_says_what_it_is_sorted_by_and_keeps_that_on_its_way(cast: Cast, client: FlaskClient) -> None:
    add_students(cast.course, 120)
    sign_in(client, "alice")

    page = client.get("/courses/shell/gradebook?sort=item:first-quiz&order=desc&q=many&page=2").text

    head = re.search(r'<th [^>]*aria-sort="descending"><a class="sort" href="([^"]+)"', page)
    assert head is not None
    assert "sort=item:first-quiz&amp;order=asc" in head[1]
    assert re.findall(r'aria-sort="(\w+)"', page) == ["descending"]
    for way in ("prev", "next"):
        link = re.search(rf'rel="{way}" href="([^"]+)"', page)
        assert link is not None
        assert {"q=many", "sort=item:first-quiz", "order=desc"} <= set(re.split(r"\?|&amp;", link[1]))
    assert '<input type="hidden" name="sort" value="item:first-quiz">' in page


@pytest.mark.parametrize("sort", ["name", "so_far", "total", "category:1", "item:first-quiz"])
def test_pages_in_any_order_have_everybody_once_and_take_as_many_statements_for_any_class(
    cast: Cast, sort: str
) -> None:
    grade_by(cast.course, *SCHEME)
    scheme = scheme_of(cast.course)
    order = orders.read(scheme, sort, is_descending=True)
    take(cast.bob, cast.quiz, "1100")
    few = counted(lambda: books.page(cast.course, scheme, order=order))
    add_students(cast.course, 120)

    many = counted(lambda: books.page(cast.course, scheme, order=order))
    pages = [books.page(cast.course, scheme, number=number, order=order) for number in (1, 2, 3, 4)]

    assert few == many <= 8
    seen = [found.user_id for page in pages for found in page.rows]
    assert (len(seen), len(set(seen)), len(pages[3].rows)) == (121, 121, 0)
