"""Regrades that are refused, with the field and the reason; and that every type has one that is not."""

from typing import Any

import pytest

from models import Quiz, User
from question_types import TYPES
from reasons import Code
from services.errors import InvalidInput, NotFound, Refused
from services.quizzes import attempts, uploads
from services.regrades import applying, asking
from services.regrades.asking import Asked
from tests.factories import RIGHT, Cast, QuizFactory, add_question
from tests.regrades.classes import NOW, WHY, from_scratch, hand_in, kept, new_version, regrade, score_of, undo


def test_a_preview_that_has_grown_stale_is_not_applied(cast: Cast, quiz: Quiz, victor: User) -> None:
    attempt = hand_in(cast.bob, quiz, {1: "b"})
    made = asking.draft(quiz, quiz.questions[0].id, Asked("accept", response="b"), WHY, by_id=cast.alice.id, now=NOW)
    digest = applying.preview(made).digest
    hand_in(victor, quiz, {1: "b"})

    with pytest.raises(Refused) as refusal:
        applying.apply(made, digest=digest, by_id=cast.alice.id, now=NOW)

    assert refusal.value.reason.code is Code.REGRADE_STALE
    assert (score_of(attempt), made.state) == ((0, 3), "draft")
    applying.apply(made, digest=applying.preview(made).digest, by_id=cast.alice.id, now=NOW)
    assert score_of(attempt) == (2, 3)


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("kind", {"kind": "wish"}),
        ("version", {"kind": "key", "version": 1}),
        ("version", {"kind": "key", "version": 9}),
        ("response", {"kind": "accept", "response": "z"}),
        ("response", {"kind": "accept"}),
        ("attempt_id", {"kind": "accept", "attempt_id": 2**70}),
        ("points", {"kind": "points", "points": 0}),
        ("points", {"kind": "points", "points": 0.001}),
        ("points", {"kind": "points", "points": float("nan")}),
        ("how", {"kind": "drop", "how": "away"}),
    ],
)
def test_what_cannot_be_asked_names_its_field(cast: Cast, quiz: Quiz, field: str, asked: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        asking.draft(quiz, quiz.questions[0].id, Asked(**asked), WHY, by_id=cast.alice.id, now=NOW)

    assert refusal.value.field == field


def test_a_reason_is_needed_and_a_question_of_the_course(cast: Cast, quiz: Quiz) -> None:
    with pytest.raises(InvalidInput):
        asking.draft(quiz, quiz.questions[0].id, Asked("drop", how="out"), "  ", by_id=cast.alice.id, now=NOW)
    with pytest.raises(NotFound):
        asking.draft(quiz, 2**70, Asked("drop", how="out"), WHY, by_id=cast.alice.id, now=NOW)


def test_a_question_of_another_quiz_is_not_this_ones(cast: Cast, quiz: Quiz) -> None:
    other = QuizFactory(module=quiz.module, slug="another", position=99)
    question = add_question(other, "single")

    with pytest.raises(NotFound):
        asking.draft(quiz, question.id, Asked("drop", how="out"), WHY, by_id=cast.alice.id, now=NOW)


def test_a_key_whose_choices_moved_is_refused(cast: Cast, quiz: Quiz) -> None:
    hand_in(cast.bob, quiz, {1: "b"})
    question = quiz.questions[0]
    assert question.current is not None
    moved = [
        {**each, "text": other["text"]}
        for each, other in zip(
            question.current.spec["choices"], reversed(question.current.spec["choices"]), strict=True
        )
    ]
    version = new_version(question, spec={"choices": moved})

    with pytest.raises(InvalidInput, match="order"):
        regrade(quiz, question, "key", cast.alice, version=version.number)


def test_every_type_can_be_regraded(cast: Cast) -> None:
    for number, (kind, response) in enumerate(RIGHT.items()):
        if TYPES[kind].check_of is not None:
            continue  # no student sends its answer
        quiz = QuizFactory(module=cast.quiz.module, slug=f"of-{kind}", position=20 + number, points=10)
        question = add_question(quiz, kind)
        if TYPES[kind].takes_files:
            opened = attempts.start(cast.bob.id, quiz, now=NOW)
            file = uploads.add(opened.id, 1, "tree.pdf", b"%PDF-1.7", now=NOW)
            response = [{"id": str(file.id), "name": file.name, "size": file.size}]
        attempt = hand_in(cast.bob, quiz, {1: response})
        done = [regrade(quiz, question, "accept", cast.alice, attempt_id=attempt.id)]
        assert score_of(attempt) == (1, 1), kind
        done.append(regrade(quiz, question, "drop", cast.alice, how="out"))
        assert score_of(attempt) == (0, 0), kind
        for each in done:
            undo(each, cast.alice)
        assert kept(quiz) == from_scratch(quiz), kind
