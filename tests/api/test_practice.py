"""Practice by a program: the next question, an answer with its solution, one's own rating, figures."""

from models import Question
from tests.api.conftest import Program, problem
from tests.factories import RIGHT, Cast
from tests.quizzes.test_draws import add_to_bank

PRACTICE = "/courses/shell/practice"


def offer(cast: Cast, kind: str = "single") -> Question:
    cast.course.offers_practice = True
    return add_to_bank(cast.course.id, kind, "practice", kind=kind)


def test_a_question_is_asked_answered_and_comes_again(bob: Program, cast: Cast) -> None:
    question = offer(cast)
    asked = bob.get(f"{PRACTICE}/next").get_json()["question"]
    assert "is_correct" not in str(asked)
    answer = {"version": asked["version"], "revision": asked["revision"], "response": RIGHT["single"]}

    review = bob.post(f"{PRACTICE}/questions/{question.id}/answer", answer).get_json()

    assert (review["share"], review["rating"]) == (1, "good")
    assert review["due_at"] > review["answered_at"]
    assert bob.get(f"{PRACTICE}/next").get_json()["question"] is None
    assert bob.get(f"{PRACTICE}/next?ahead=true").get_json()["question"]["revision"] == 1
    assert problem(bob.post(f"{PRACTICE}/questions/{question.id}/answer", answer), 409)
    figures = bob.get(PRACTICE).get_json()
    assert (figures["total"], figures["new"], figures["learning"]) == (1, 0, 1)


def test_what_no_machine_grades_is_rated_once(bob: Program, cast: Cast) -> None:
    question = offer(cast, "essay")
    answer = {"version": 1, "revision": 0, "response": "Words"}
    review = bob.post(f"{PRACTICE}/questions/{question.id}/answer", answer).get_json()
    rating = f"{PRACTICE}/reviews/{review['id']}/rating"

    assert (review["share"], review["rating"], review["due_at"]) == (None, None, None)
    assert bob.put(rating, {"rating": "easy"}).get_json()["rating"] == "easy"
    assert problem(bob.put(rating, {"rating": "hard"}), 409)
    assert problem(bob.put(rating, {"rating": "perfect"}), 422)


def test_teachers_offer_it_and_questions_of_open_quizzes_stay_out(alice: Program, bob: Program, cast: Cast) -> None:
    question = cast.quiz.questions[0]

    assert problem(bob.get(f"{PRACTICE}/next"), 409)
    assert alice.put(PRACTICE, {"is_offered": True}).get_json()["is_offered"]
    assert bob.get(f"{PRACTICE}/next").get_json()["question"] is None
    answer = {"version": 1, "revision": 0, "response": "a"}
    assert problem(bob.post(f"{PRACTICE}/questions/{question.id}/answer", answer), 404)
