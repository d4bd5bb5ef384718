"""Samples of numeric questions."""

from question_types.samples import Samples

SAMPLES = Samples(
    raw={"answer": 3.14, "tolerance": 0.01},
    more=[
        {"answer": 9.81, "unit": "m/s²"},
        {"answer": 250, "tolerance_percent": 2, "unit": "m", "asks_unit": True},
        {"answer": "0.0120", "figures": 3},
    ],
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
        ({"answer": 1, "tolerance_percent": -1}, "tolerance_percent"),
        ({"answer": 1, "tolerance": 1, "tolerance_percent": 1}, "tolerance_percent"),
        ({"answer": 1, "unit": 3}, "unit"),
        ({"answer": 1, "asks_unit": True}, "unit"),
        ({"answer": 1, "unit": "no such unit", "asks_unit": True}, "unit"),
        ({"answer": 1, "unit": "m**99999", "asks_unit": True}, "unit"),
        ({"answer": 1, "asks_unit": "yes"}, "asks_unit"),
        ({"answer": 1, "figures": 0}, "figures"),
        ({"answer": 1.234, "figures": 3}, "figures"),
    ],
    bad_responses=[True, "9" * 61, {}, ["1"], "1\x00", "1\ud800"],
)
