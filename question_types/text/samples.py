"""Samples of short texts."""

from question_types.samples import Samples

SAMPLES = Samples(
    raw={"accept": ["ls -a", "ls --all"]},
    more=[{"accept": ["PATH"], "is_case_sensitive": True}, {"accept": ["don’t"], "exact": True}],
    right="ls -a",
    wrong="ls",
    secrets=("ls -a", "ls --all"),
    bad_raw=[
        ({}, "accept"),
        ({"accept": []}, "accept"),
        ({"accept": "ls"}, "accept"),
        ({"accept": [3]}, "accept[1]"),
        ({"accept": ["ls", " "]}, "accept[2]"),
        ({"accept": ["a"], "is_case_sensitive": 1}, "is_case_sensitive"),
        ({"accept": ["a"], "exact": "yes"}, "exact"),
        ({"accept": ["a"], "answers": ["b"]}, "answers"),
    ],
    bad_responses=[3, "x" * 501, "\x00", "\ud800", ["ls"], {"a": "ls"}, True],
)
