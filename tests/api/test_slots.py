"""What a quiz asks, read and changed by a program."""

from tests.api.conftest import Program, problem
from tests.factories import Cast
from tests.quizzes.test_draws import add_to_bank

SLOTS = "/courses/shell/quizzes/first-quiz/slots"


def test_places_are_read_and_replaced_once_a_version(alice: Program, bob: Program, cast: Cast) -> None:
    question = add_to_bank(cast.course.id, "more", "files")
    before = alice.get(SLOTS).get_json()
    wanted = {"based_on": before["version"], "slots": [{"question_id": question.id, "points": 2}]}

    after = alice.put(SLOTS, wanted).get_json()

    assert (len(before["slots"]), before["attempts"]) == (4, 0)
    assert after["slots"] == [
        {
            "question_id": question.id,
            "slug": "more",
            "state": "ready",
            "tag": None,
            "difficulty": None,
            "count": 1,
            "points": 2,
        }
    ]
    assert problem(alice.put(SLOTS, wanted), 409)
    assert problem(bob.put(SLOTS, wanted), 403)
    drawn = {"based_on": after["version"], "slots": [{"tag": "files", "count": 2}]}
    assert problem(alice.put(SLOTS, drawn), 422)["errors"][0]["field"] == "slots.0.count"
    for bad in ({"tag": "Not A Tag"}, {"question_id": question.id, "tag": "files"}, {}, {"tag": "files", "points": 0}):
        assert problem(alice.put(SLOTS, {"based_on": after["version"], "slots": [bad]}), 422)
