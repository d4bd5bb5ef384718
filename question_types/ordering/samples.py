"""Samples of ordering."""

from fractions import Fraction

from question_types.ordering import id_of
from question_types.samples import Samples

THINGS = ["first", "second", "third"]
A, B, C = (id_of(text) for text in THINGS)
SAMPLES = Samples(
    raw={"items": THINGS},
    more=[{"scoring": "all", "items": ["one", "two"]}],
    right=[A, B, C],
    wrong=[C, B, A],
    partly=[([B, A, C], Fraction(1, 2)), ([A, B], Fraction(1, 2)), ([B], Fraction(0)), ([B, C, A], Fraction(1, 2))],
    # As the tests draw it, "first" stands last.
    keys=[(f'[data-id="{A}"] [data-move="-1"]', "Enter Enter")],
    bad_raw=[
        ({}, "items"),
        ({"items": ["one"]}, "items"),
        ({"items": "one, two"}, "items"),
        ({"items": ["one", 2]}, "items[2]"),
        ({"items": ["one", "one"]}, "items[2]"),
        ({"items": ["one", " "]}, "items[2]"),
        ({"items": [str(number) for number in range(16)]}, "items"),
        ({"items": THINGS, "scoring": "half"}, "scoring"),
    ],
    bad_responses=[A, {"1": A}, [A, A], [A, "x"], [[A]], [1], {A: "1"}],
)
