"""Samples of multiple choice."""

from fractions import Fraction

from question_types.samples import Samples

CHOICES = [
    {"text": "one", "is_correct": True},
    {"text": "two", "is_correct": True},
    {"text": "three", "feedback": "Not that one"},
]
SAMPLES = Samples(
    raw={"choices": CHOICES},
    more=[{"scoring": "all", "choices": CHOICES}],
    right=["a", "b"],
    wrong=["c"],
    partly=[(["a"], Fraction(1, 2)), (["a", "b", "c"], Fraction(1, 2)), (["a", "c"], Fraction(0))],
    secrets=("is_correct", "feedback", "Not that one"),
    bad_raw=[
        ({"choices": [{"text": "a"}, {"text": "b"}]}, "choices"),
        ({"choices": [{"text": "a", "is_corect": True}, {"text": "b"}]}, "choices[1].is_corect"),
        ({"choices": CHOICES, "scoring": "some"}, "scoring"),
        ({"choices": CHOICES, "scoring": ["all"]}, "scoring"),
    ],
    bad_responses=["a", ["a", "z"], [{}], [["a"]], {"a": "b"}, 1, True, [None]],
)
