"""Samples of code."""

from question_types.samples import Samples

TESTS = {
    "lab": "first-lab",
    "file": "count.sh",
    "run": "bash count.sh",
    "cases": [{"input": "a\nb\n", "output": "2"}, {"name": "nothing", "is_hidden": True, "output": "zero-of-them"}],
}
MORE = {
    **TESTS,
    "time_limit": 5,
    "scoring": "all",
    "trial": "input",
    "cases": [{"run": "bash count.sh x; echo $?", "output": "2\n", "weight": 3, "name": "a file"}],
}
SAMPLES = Samples(
    raw={"language": "bash", "starter": "#!/bin/bash\n", "model_answer": 'wc -l "$1"\n'},
    more=[
        {},
        {"language": "bash", "tests": TESTS},
        {"tests": MORE},
        {"language": "python", "starter": "    def f(x):\n        return x\n"},
    ],
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
        ({"tests": {}}, "tests.file"),
        ({"tests": {**TESTS, "lab": "No lab"}}, "tests.lab"),
        ({"tests": {**TESTS, "file": "../up"}}, "tests.file"),
        ({"tests": {**TESTS, "run": 3}}, "tests.run"),
        ({"tests": {**TESTS, "time_limit": 61}}, "tests.time_limit"),
        ({"tests": {**TESTS, "scoring": "some"}}, "tests.scoring"),
        ({"tests": {**TESTS, "trial": "always"}}, "tests.trial"),
        ({"tests": {**TESTS, "trial": True}}, "tests.trial"),
        ({"tests": {**TESTS, "cases": []}}, "tests.cases"),
        ({"tests": {**TESTS, "cases": [{}] * 21}}, "tests.cases"),
        ({"tests": {**TESTS, "cases": [{"weight": 26}, {}]}}, "tests.cases"),
        ({"tests": {**TESTS, "cases": [{"output": ["x"]}]}}, "tests.cases[1].output"),
        ({"tests": {**TESTS, "cases": [{"hidden": True}]}}, "tests.cases[1].hidden"),
        ({"tests": {**TESTS, "run": "", "cases": [{}]}}, "tests.cases[1].run"),
    ],
    bad_responses=[3, ["a"], {"a": "b"}, "x" * 50_001, "\x00", "\ud800", True],
)
