"""Samples of matching."""

from fractions import Fraction

from question_types.matching import id_of
from question_types.samples import Samples

LS, CD, RM = id_of("lists"), id_of("changes the folder"), id_of("removes")
PAIRS = [{"left": "ls", "right": "lists"}, {"left": "cd", "right": "changes the folder"}]
SAMPLES = Samples(
    raw={"pairs": PAIRS, "extra": ["removes"]},
    more=[{"pairs": [*PAIRS, {"left": "dir", "right": "lists"}]}],
    right={"1": LS, "2": CD},
    wrong={"1": CD, "2": RM},
    partly=[({"1": LS}, Fraction(1, 2)), ({"1": LS, "2": LS}, Fraction(1, 2))],
    secrets=('"pairs":', '"left": "ls", "right": "lists"'),
    bad_raw=[
        ({}, "pairs"),
        ({"pairs": PAIRS[:1]}, "pairs"),
        ({"pairs": ["ls", "cd"]}, "pairs[1]"),
        ({"pairs": [{"left": "ls"}, PAIRS[1]]}, "pairs[1].right"),
        ({"pairs": [PAIRS[0], PAIRS[0]]}, "pairs[2].left"),
        ({"pairs": [PAIRS[0], {"left": "x", "right": "y", "is_correct": True}]}, "pairs[2].is_correct"),
        ({"pairs": PAIRS, "extra": []}, "extra"),
        ({"pairs": PAIRS, "extra": ["lists"]}, "extra[1]"),
        ({"pairs": PAIRS, "extra": ["a", "a"]}, "extra[2]"),
    ],
    bad_responses=["1", ["1"], {"3": LS}, {"1": "lists"}, {"1": [LS]}, {"1": 1}, {"left": LS}],
)
