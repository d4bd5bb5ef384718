"""Samples of single choice."""

from question_types.samples import Samples

SAMPLES = Samples(
    raw={"choices": [{"text": "right", "is_correct": True}, {"text": "wrong", "feedback": "Not that one"}]},
    right="a",
    wrong="b",
    secrets=("is_correct", "feedback", "Not that one"),
    bad_raw=[
        ({}, "choices"),
        ({"choices": [{"text": "a", "is_correct": True}]}, "choices"),
        ({"choices": [{"text": "a"}, {"text": "b"}]}, "choices"),
        ({"choices": [{"text": "a", "is_correct": True}, {"text": "b", "is_correct": True}]}, "choices"),
        ({"choices": [{"text": "a", "is_correct": True}, {"text": 3}]}, "choices[2].text"),
        ({"choices": [{"text": "a", "is_correct": True}, "b"]}, "choices[2]"),
        ({"choices": [{"text": "a", "is_correct": "yes"}, {"text": "b"}]}, "choices[1].is_correct"),
        ({"choices": [{"text": "a", "is_correct": True}, {"text": "b", "feedback": 1}]}, "choices[2].feedback"),
    ],
    bad_responses=["z", ["a"], {"a": "a"}, 1, True, "A", "a "],
)
