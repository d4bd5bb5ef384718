"""What an import does to labs that run, wait or are kept warm, and to what students have earned in them."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from cli.courses import import_
from extensions import db as database
from models import CheckRun, Completion, Course, CourseTotal, Lab, LabCheck, LabSession, User, WarmLab, utcnow
from models.cluster import WARM_READY, WARM_STOPPING
from models.lab_session import ENDED, QUEUED, RUNNING, STOPPING
from services import archive
from services.capacity import warm_plans
from services.capacity.warm_plans import Plan
from services.labs import checks, definitions, document, warm_stock
from tests.archive.folders import COURSE, make_folder
from tests.factories import EnrolmentFactory, UserFactory, ask_lab, run_lab

LAB = "basics/lab.lab/lab.yaml"
MODULE = "basics/module.yaml"
TWO_CHECKS = (
    COURSE[LAB]
    + """\
      - slug: more
        title: There is more
        script: checks/more.sh
        points: 5
"""
)
BOTH = {LAB: TWO_CHECKS, "basics/lab.lab/checks/more.sh": "test -e work/more\n"}
RENAMED: dict[str, Any] = {
    **{name: None for name in COURSE if name.startswith("basics/lab.lab/")},
    **{name.replace("lab.lab", "new.lab"): text for name, text in COURSE.items() if name.startswith("basics/lab.lab/")},
    MODULE: "title: Basics\nactivities: [words, quiz, new]\n",
}


def import_again(tmp_path: Path, changes: dict[str, Any]) -> archive.Changes:
    done = archive.import_course(make_folder(tmp_path / "again", changes), now=utcnow())
    database.session.commit()
    return done


@pytest.fixture
def lab(app: Flask, db: object, tmp_path: Path) -> Lab:
    """The lab of the small course, with two checks."""
    archive.import_course(make_folder(tmp_path / "first", BOTH), now=utcnow())
    database.session.commit()
    return database.session.scalars(select(Lab)).one()


@pytest.fixture
def bob(lab: Lab) -> User:
    bob = UserFactory(handle="bob")
    EnrolmentFactory(course=database.session.get_one(Course, lab.course_id), user=bob)
    return bob


def asks(lab: Lab, user: User) -> LabSession:
    return ask_lab(user, lab, utcnow())


def runs(lab: Lab, user: User) -> LabSession:
    return run_lab(user, lab, utcnow())


def passes(found: LabSession, slug: str) -> CheckRun:
    check = database.session.scalars(select(LabCheck).where(LabCheck.slug == slug)).one()
    checks.request(found, check.id, now=utcnow())
    run = checks.claim(utcnow())
    assert run is not None
    checks.finish(run, is_passed=True, output=b"", now=utcnow())
    database.session.commit()
    return run


def total(user_id: int, lab: Lab) -> int:
    found = database.session.get(CourseTotal, (lab.course_id, user_id), populate_existing=True)
    return found.points if found else 0


def is_finished(lab: Lab, user: User) -> bool:
    return database.session.get(Completion, (user.id, lab.id)) is not None


@pytest.mark.parametrize("changes", [RENAMED, {MODULE: "title: Basics\nactivities: [words, quiz]\n"}])
def test_labs_that_are_gone_are_saved_and_end_and_leave_the_queue(
    lab: Lab, bob: User, tmp_path: Path, changes: dict[str, Any]
) -> None:
    running, waiting = runs(lab, bob), asks(lab, UserFactory(handle="other"))

    done = import_again(tmp_path, {**{name: None for name in COURSE if "lab.lab" in name}, **changes})

    assert lab.is_archived and done.ended == {"lab lab": 2}
    assert (running.state, running.reason) == (STOPPING, "course")
    assert (waiting.state, waiting.reason) == (ENDED, "course")


def test_operators_read_what_ended(app: Flask, lab: Lab, bob: User, tmp_path: Path) -> None:
    runs(lab, bob)
    folder = make_folder(tmp_path / "renamed", RENAMED)

    said = app.test_cli_runner().invoke(import_, [str(folder)])

    assert said.exit_code == 0, said.output
    assert "archived lab lab" in said.output and "ended    lab lab: 1 ran or waited" in said.output


def test_a_running_lab_goes_on_as_it_began_and_a_waiting_one_gets_the_new_definition(
    lab: Lab, bob: User, tmp_path: Path
) -> None:
    running, waiting = runs(lab, bob), asks(lab, UserFactory(handle="other"))
    before = running.job_id

    changed = TWO_CHECKS.replace("title: A lab", "title: A lab\nmemory_mb: 512\nports: [8000]")
    import_again(tmp_path, {**BOTH, LAB: changed})

    assert (running.state, running.job_id, waiting.state) == (RUNNING, before, QUEUED)
    assert definitions.machine_of(lab)["memory_mb"] == 512 and lab.ports == [8000]


def test_a_removed_check_keeps_its_points_and_does_not_keep_a_lab_from_being_finished(
    lab: Lab, bob: User, tmp_path: Path
) -> None:
    found, other = runs(lab, bob), runs(lab, UserFactory(handle="other"))
    passes(found, "done")
    passes(other, "more")
    assert not is_finished(lab, bob)

    import_again(tmp_path, {LAB: COURSE[LAB]})

    assert is_finished(lab, bob) and not is_finished(lab, other.user)
    assert total(other.user_id, lab) == 5
    assert [check["points"] for check in document.describe(found, utcnow())["checks"]] == [10]


def test_a_check_that_is_removed_while_it_runs_earns_nothing(lab: Lab, bob: User, tmp_path: Path) -> None:
    found = runs(lab, bob)
    check = database.session.scalars(select(LabCheck).where(LabCheck.slug == "more")).one()
    checks.request(found, check.id, now=utcnow())
    run = checks.claim(utcnow())
    database.session.commit()
    assert run is not None

    import_again(tmp_path, {LAB: COURSE[LAB]})
    checks.finish(run, is_passed=True, output=b"", now=utcnow())

    assert total(bob.id, lab) == 0


def test_warm_machines_of_a_lab_that_is_gone_go(lab: Lab, tmp_path: Path) -> None:
    warm_plans.replace(lab, [Plan(count=1)])
    made_of = definitions.fingerprint(lab)
    kept = WarmLab(lab_id=lab.id, job_id="lab-tiny-lab-warm-1", state=WARM_READY, definition=made_of)
    database.session.add(kept)
    database.session.commit()
    warm_stock.drain(utcnow())
    assert kept.state == WARM_READY

    import_again(tmp_path, RENAMED)
    warm_stock.drain(utcnow())
    database.session.refresh(kept)

    assert kept.state == WARM_STOPPING
