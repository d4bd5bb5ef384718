"""Samples of short texts."""

from fractions import Fraction

from question_types.samples import Samples

SAMPLES = Samples(
    raw={"accept": ["ls -a", "ls --all"], "patterns": [r"ls\s+-\w*a\w*"]},
    more=[{"accept": ["PATH"], "is_case_sensitive": True}, {"accept": ["don’t"], "exact": True}],
    right="ls -a",
    wrong="ls",
    partly=[("ls -la", Fraction(1)), ("LS  -lA", Fraction(1))],
    secrets=("ls -a", "ls --all", "patterns"),
    bad_raw=[
        ({}, "accept"),
        ({"accept": []}, "accept"),
        ({"accept": "ls"}, "accept"),
        ({"accept": [3]}, "accept[1]"),
        ({"accept": ["ls", " "]}, "accept[2]"),
        ({"accept": ["a"], "is_case_sensitive": 1}, "is_case_sensitive"),
        ({"accept": ["a"], "exact": "yes"}, "exact"),
        ({"accept": ["a"], "answers": ["b"]}, "answers"),
        ({"accept": ["a"], "patterns": "a+"}, "patterns"),
        ({"accept": ["a"], "patterns": []}, "patterns"),
        ({"accept": ["a"], "patterns": ["a+", "("]}, "patterns[2]"),
        ({"accept": ["a"], "patterns": ["[z-a]"]}, "patterns[1]"),
        ({"accept": ["a"], "patterns": ["(a|aa)+$x"]}, "patterns[1]"),
        ({"accept": ["a"], "patterns": ["x" * 301]}, "patterns[1]"),
    ],
    bad_responses=[3, "x" * 501, "\x00", "\ud800", ["ls"], {"a": "ls"}, True],
)
