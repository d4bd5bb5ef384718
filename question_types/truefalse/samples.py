"""Samples of true or false."""

from question_types.samples import Samples

SAMPLES = Samples(
    raw={"is_true": False, "feedback_true": "Look again."},
    more=[{"is_true": True, "feedback_false": "It is."}],
    right="false",
    wrong="true",
    secrets=("is_true", "Look again"),
    bad_raw=[
        ({}, "is_true"),
        ({"is_true": "yes"}, "is_true"),
        ({"is_true": 1}, "is_true"),
        ({"is_true": True, "feedback_true": 3}, "feedback_true"),
        ({"is_true": True, "feedback_false": ["x"]}, "feedback_false"),
        ({"is_true": True, "feedback": "x"}, "feedback"),
    ],
    bad_responses=["yes", "True", True, 1, ["true"], {"a": "true"}],
)
