"""Samples of texts with blanks."""

from fractions import Fraction

from question_types.samples import Samples

TEXT = "Bytes are shown by `{show}`, and the folder changed by {go}."
SAMPLES = Samples(
    raw={"text": TEXT, "blanks": {"show": ["od -x", "hexdump"], "go": ["cd"]}},
    more=[
        {"text": "![a map](files/map.svg) shows {a}", "blanks": {"a": ["x"]}},
        {"text": "```sh\nls {1} | wc {2}\n```", "blanks": {1: ["-a"], "2": ["-l"]}, "is_case_sensitive": True},
    ],
    right={"show": "HEXDUMP ", "go": "cd"},
    wrong={"show": "ls", "go": "dir"},
    partly=[({"go": "cd"}, Fraction(1, 2)), ({"show": "x", "go": "cd"}, Fraction(1, 2))],
    secrets=("od -x", "hexdump", '"cd"'),
    bad_raw=[
        ({}, "text"),
        ({"text": TEXT}, "blanks"),
        ({"text": TEXT, "blanks": {}}, "blanks"),
        ({"text": TEXT, "blanks": ["cat"]}, "blanks"),
        ({"text": TEXT, "blanks": {"show": ["cat"], "run": ["x"]}}, "blanks.run"),
        ({"text": TEXT, "blanks": {"show": []}}, "blanks.show"),
        ({"text": TEXT, "blanks": {"show": "cat"}}, "blanks.show"),
        ({"text": TEXT, "blanks": {"show": [3]}}, "blanks.show[1]"),
        ({"text": "{Go}", "blanks": {"Go": ["cd"]}}, "blanks.Go"),
        ({"text": "{a} {a}", "blanks": {"a": ["x"]}}, "blanks.a"),
        ({"text": "[a](https://example.org/{a})", "blanks": {"a": ["x"]}}, "text"),
        ({"text": "![{a}](files/a.png)", "blanks": {"a": ["x"]}}, "text"),
        ({"text": "yurtblank0x {a}", "blanks": {"a": ["x"]}}, "text"),
    ],
    bad_responses=["cat", ["cat"], {"other": "x"}, {"go": 3}, {"go": ["cd"]}, {"go": "x" * 201}, {"go": "\x00"}],
)
