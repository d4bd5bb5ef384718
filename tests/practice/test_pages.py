"""Practice at a browser without JavaScript: a question, the answer at once, one's own rating, and the end."""

import re
from json import dumps

import pytest
from flask.testing import FlaskClient

from extensions import db
from models import PointEntry, PracticeReview
from question_types import TYPES
from question_types.samples import samples_of
from tests.factories import RIGHT, Cast
from tests.people import post, sign_in
from tests.quizzes.test_draws import add_to_bank

PRACTICE = "/courses/shell/practice"


@pytest.fixture
def bob(client: FlaskClient, cast: Cast) -> FlaskClient:
    cast.course.offers_practice = True
    db.session.flush()
    sign_in(client, "bob")
    return client


def sent(page: str) -> tuple[str, dict[str, str]]:
    """Return where a question's form goes, and what is hidden in it."""
    action = re.search(r'id="practice"[^>]* action="([^"]+)"', page)
    assert action
    hidden = dict(re.findall(r'type="hidden" name="(version|revision|kind)" value="([^"]*)"', page))
    return action.group(1), hidden


def test_a_wrong_answer_is_told_at_once_and_earns_nothing(bob: FlaskClient, cast: Cast) -> None:
    add_to_bank(cast.course.id, "one", "practice", kind="text")
    assert 'id="due">0<' in bob.get(PRACTICE).text
    action, hidden = sent(bob.get(f"{PRACTICE}/next").text)

    empty = post(bob, action, **hidden)
    told = bob.get(post(bob, action, **hidden, **{"item-1": "wrong"}).location).text

    assert (empty.status_code, "nothing is chosen or typed" in empty.text) == (422, True)
    assert "Not right" in told and "Right, for example:" in told and "Comes again" in told
    assert "1 answer, 0 remembered." in bob.get(PRACTICE).text
    assert "Nothing is due" in bob.get(PRACTICE).text
    assert db.session.query(PointEntry).count() == 0


def test_every_type_is_asked_and_shown_with_its_answer(bob: FlaskClient, cast: Cast) -> None:
    asked = [kind for kind in TYPES if samples_of(kind).is_typed]
    for kind in asked:
        question = add_to_bank(cast.course.id, kind, "practice", kind=kind)
        action, hidden = sent(bob.get(f"{PRACTICE}/next").text)

        for extra in ({"is_unknown": "1"}, {"response": dumps(RIGHT[kind])}):
            address = post(bob, action, **hidden, **extra).location
            assert bob.get(address).status_code == 200, (kind, extra)
            if "reviews/" in address and "How well did you" in bob.get(address).text:
                post(bob, address, rating="again")
            hidden["revision"] = "1"
        question.is_archived = True
        db.session.flush()
    found = {review.question.slug: review.share for review in db.session.query(PracticeReview).filter_by(number=2)}
    assert set(found) == set(asked)
    assert {share for share in found.values() if share is not None} == {1}


def test_a_page_of_another_tab_counts_nothing(bob: FlaskClient, cast: Cast) -> None:
    add_to_bank(cast.course.id, "one", "practice", kind="text")
    action, hidden = sent(bob.get(f"{PRACTICE}/next").text)
    for response in ("wrong", RIGHT["text"]):
        answered = post(bob, action, **hidden, **{"item-1": response})

    assert answered.location.endswith("/practice/next")
    assert "in another tab meanwhile" in bob.get(PRACTICE).text
    assert db.session.query(PracticeReview).count() == 1


def test_an_essay_is_rated_by_its_author(bob: FlaskClient, cast: Cast) -> None:
    add_to_bank(cast.course.id, "long", "practice", kind="essay")
    action, hidden = sent(bob.get(f"{PRACTICE}/next").text)
    address = post(bob, action, **hidden, **{"item-1": "My words"}).location
    assert "How well did you know it?" in bob.get(address).text

    told = bob.get(post(bob, address, rating="good").location).text

    assert "Remembered" in told and "Comes again" in told
    assert post(bob, address, rating="perfectly").status_code == 422


def test_teachers_offer_practice_and_students_see_where_it_is(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "alice")
    assert "This course offers no practice" in client.get(PRACTICE).text

    post(client, f"{PRACTICE}/offer", offer="1")

    assert "There is nothing to practise yet" in client.get(PRACTICE).text
    post(client, "/logout")
    sign_in(client, "bob")
    assert f'href="{PRACTICE}"' in client.get("/courses/shell").text
