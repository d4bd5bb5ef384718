"""Samples of what is done in a lab."""

from question_types.samples import Samples

SAMPLES = Samples(
    raw={"lab": "first-lab", "check": "check-1"},
    more=[{"lab": "first-lab", "check": "check-1", "earlier": False}],
    right="passed",
    wrong="failed",
    is_given_by_site=True,
    bad_raw=[
        ({}, "lab"),
        ({"lab": "a"}, "check"),
        ({"lab": "A b", "check": "c"}, "lab"),
        ({"lab": "a", "check": "../c"}, "check"),
        ({"lab": 3, "check": "c"}, "lab"),
        ({"lab": "a", "check": ["c"]}, "check"),
        ({"lab": "a", "check": "x" * 61}, "check"),
        ({"lab": "a", "check": "c", "earlier": "yes"}, "earlier"),
        ({"lab": "a", "check": "c", "step": 1}, "step"),
    ],
    bad_responses=["yes", 3, True, ["passed"], {"a": "passed"}, "PASSED", "passed "],
)
