"""Samples of essays."""

from question_types.samples import Samples

SAMPLES = Samples(
    raw={"min_words": 3, "max_words": 200, "model_answer": "Because it is a pipe."},
    more=[{}, {"min_words": 50}],
    right="It is a pipe.",
    wrong="No idea.",
    is_graded_later=True,
    secrets=("Because",),
    bad_raw=[
        ({"min_words": 0}, "min_words"),
        ({"min_words": "ten"}, "min_words"),
        ({"max_words": 10_001}, "max_words"),
        ({"min_words": 20, "max_words": 10}, "max_words"),
        ({"model_answer": 3}, "model_answer"),
        ({"words": 3}, "words"),
    ],
    bad_responses=[3, ["a"], {"a": "b"}, "x" * 50_001, "\x00", "\ud800", True],
)
