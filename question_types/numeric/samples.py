"""Samples of numeric questions."""

from question_types.samples import Samples

SAMPLES = Samples(
    raw={"answer": 3.14, "tolerance": 0.01},
    more=[{"answer": 9.81, "unit": "m/s²"}],
    right="3.14",
    wrong="2.72",
    secrets=("3.14", "0.01"),
    bad_raw=[
        ({}, "answer"),
        ({"answer": float("nan")}, "answer"),
        ({"answer": float("inf")}, "answer"),
        ({"answer": "1,000"}, "answer"),
        ({"answer": True}, "answer"),
        ({"answer": [1]}, "answer"),
        ({"answer": 1, "tolerance": -1}, "tolerance"),
        ({"answer": 1, "tolerance": "wide"}, "tolerance"),
        ({"answer": 1, "unit": 3}, "unit"),
    ],
    bad_responses=[True, "9" * 41, {}, ["1"], "1\x00", "1\ud800"],
)
