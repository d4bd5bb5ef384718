"""The demo labs in the real sandbox: another user, a read-only system, no network, and the limits of a lab.

This is what `flask labs test linux-from-the-shell` does on a site's own backend.
"""

from dataclasses import replace

import pytest

from backends.local import LocalBackend
from cli.capsules import prove
from cli.reports import table
from tests.archive.test_demo_course import COURSE, LABS


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.slug)
def test_lab_can_be_solved_in_the_sandbox_and_only_by_solving_it(lab, tmp_path):
    backend = LocalBackend(tmp_path, keeps_homes=False)

    report = prove(backend, "test", COURSE.slug, lab)

    assert report.is_proven, "\n".join(table(report))
    assert all(run.output for check in report.checks for run in (check.untouched, check.solved)), "a check says nothing"
    assert backend.observe() == []


VILLAGE = next(lab for lab in LABS if lab.slug == "village-library")
AWAIT = "until (exec 3<> /dev/tcp/127.0.0.1/8000) 2> /dev/null; do sleep 0.1; done\n"
PAGE = "printf '<title>T</title><h1>H</h1>' > site/index.html; "
SERVE = "printf '%s\\n' '#!/bin/bash' '{}' > bin/serve; chmod +x bin/serve\n"
SERVER = 'python3 -m http.server "$1" --directory {}'
# What a student may well do, and the checks that it passes.
ATTEMPTS = {
    "served from the home": (f"{PAGE} python3 -m http.server 8000 > server.log 2>&1 &\n{AWAIT}", {"page", "log"}),
    "stdout alone in the log": (
        f"{PAGE} python3 -m http.server 8000 --directory site > server.log 2> /dev/null &\n{AWAIT}",
        {"page", "serves", "only-site"},
    ),
    "a path of the caller's": (PAGE + SERVE.format("exec " + SERVER.format("site")), {"page", "ends"}),
    "an orphan": (PAGE + SERVE.format(SERVER.format('"$HOME/site"')), {"page", "command"}),
    "empty title": ("echo '<title> </title><h1>H</h1>' > site/index.html", set()),
    "hours from memory": ("echo '<title>T</title><h1>H</h1>Saturday: 10 to 15' > site/index.html", {"page"}),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_tempting_mistake_with_a_server_does_not_pass(attempt, tmp_path):
    solution, expected = ATTEMPTS[attempt]

    report = prove(LocalBackend(tmp_path, keeps_homes=False), "test", COURSE.slug, replace(VILLAGE, solution=solution))

    assert {check.slug for check in report.checks if check.solved.verdict == "passes"} == expected
    assert all(check.solved.output for check in report.checks)
