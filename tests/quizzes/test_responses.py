"""Responses of any shape come in, but bounded; what a form without scripts says is put together by its parts."""

from typing import Any

import pytest
from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from blueprints.quizzes.responses import form_of
from blueprints.quizzes.schemas import AnswerIn
from question_types.base import all_values, one_or_parts

DEEP: Any = "x"
for _ in range(60):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    "response",
    [None, "", "a", ["a", "b"], {"1": "a"}, {"a": ["b", "c"]}, [["1", "2"]], {"x": 0.25, "y": 0.5}, "x" * 100_000, 3],
)
def test_a_response_may_have_parts(response: Any) -> None:
    assert AnswerIn.model_validate({"revision": 1, "response": response}).response == response


@pytest.mark.parametrize(
    "response",
    [
        DEEP,
        ["x"] * 501,
        {str(number): "" for number in range(501)},
        "x" * 100_001,
        {"x" * 100_001: ""},
        ["x" * 60_000, "y" * 60_000],
        "a\x00",
        {"a\x00": "b"},
        ["\ud800"],
        {"\ud800": "b"},
        float("nan"),
        [float("inf")],
        10**400,
        [2**60],
    ],
)
def test_a_response_is_bounded(response: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        AnswerIn.model_validate({"revision": 1, "response": response})

    assert [error["loc"] for error in caught.value.errors()] == [("response",)]


def test_a_form_is_read_by_its_questions_and_their_parts() -> None:
    sent = MultiDict([("item-1", "a"), ("item-1", "b"), ("item-11", "c"), ("item-2.left", "x"), ("item-2.right", "")])

    assert form_of(sent, 1) == {"": ["a", "b"]}
    assert form_of(sent, 2) == {"left": ["x"], "right": [""]}
    assert form_of(sent, 3) == {}
    assert all_values(form_of(sent, 1)) == ["a", "b"]
    assert one_or_parts(form_of(sent, 2)) == {"left": "x"}
