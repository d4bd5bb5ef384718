"""The demo labs in the real sandbox: another user, a read-only system, no network, and the limits of a lab.

This is what `flask labs test linux-from-the-shell` does on a site's own backend.
"""

import pytest

from cli.capsules import prove
from cli.reports import table
from scheduler.backends.local import LocalBackend
from tests.archive.test_demo_course import COURSE, LABS


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.slug)
def test_lab_can_be_solved_in_the_sandbox_and_only_by_solving_it(lab, tmp_path):
    backend = LocalBackend(tmp_path, keeps_homes=False)

    report = prove(backend, "test", COURSE.slug, lab)

    assert report.is_proven, "\n".join(table(report))
    assert all(run.output for check in report.checks for run in (check.untouched, check.solved)), "a check says nothing"
    assert backend.observe() == []
