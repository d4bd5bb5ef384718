"""Samples of code."""

from question_types.samples import Samples

SAMPLES = Samples(
    raw={"language": "bash", "starter": "#!/bin/bash\n", "model_answer": 'wc -l "$1"\n'},
    more=[{}, {"language": "python", "starter": "    def f(x):\n        return x\n"}],
    right='#!/bin/bash\nwc -l "$1"\n',
    wrong="#!/bin/bash\nls\n",
    is_graded_later=True,
    secrets=("wc -l",),
    bad_raw=[
        ({"language": "a b"}, "language"),
        ({"language": 3}, "language"),
        ({"starter": ["x"]}, "starter"),
        ({"starter": "x" * 50_001}, "starter"),
        ({"model_answer": 3}, "model_answer"),
        ({"model_answer": "\x00"}, "model_answer"),
        ({"tests": "x"}, "tests"),
    ],
    bad_responses=[3, ["a"], {"a": "b"}, "x" * 50_001, "\x00", "\ud800", True],
)
