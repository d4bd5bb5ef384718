"""A new kind of lab is a row of `lab_templates` and a file of nomad-jobs/: everything else follows from those."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import lab_templates
from backends import Node
from backends.nomad import jobs
from config import ROOT, Settings
from extensions import db as database
from lab_templates import Template
from models import Course, Lab, utcnow
from models.lab_session import RUNNING
from scheduler.ticks import capacity
from scheduler.ticks.starts import starter
from services import archive
from services.capacity import holdings
from services.capacity.order import Limits
from services.capacity.placement import Needs, needs_of
from services.labs import lifecycle, sessions
from tests.archive.folders import COURSE, make_folder
from tests.capacity.conftest import INSTANCE
from tests.factories import EnrolmentFactory, UserFactory
from tests.scheduler.scripted import ScriptedBackend

FOLDER = ROOT / "nomad-jobs"
DEFINITION = "basics/lab.lab/lab.yaml"
NEW = Template("chroot-2", starts_from=("image",), least_mb=96, beside_mhz=10, beside_mb=20)


@pytest.fixture
def new_template(monkeypatch: Any, tmp_path: Path) -> Template:
    """A template that nobody knew before, made of the one for programs."""
    folder = shutil.copytree(FOLDER, tmp_path / "nomad-jobs")
    shutil.copy(folder / "exec.hcl", folder / f"{NEW.name}.hcl")
    monkeypatch.setattr(jobs, "FOLDER", folder)
    monkeypatch.setitem(lab_templates.TEMPLATES, NEW.name, NEW)
    return NEW


def imported(tmp_path: Path, lines: str) -> Lab:
    changes = {DEFINITION: COURSE[DEFINITION] + lines}
    archive.import_course(make_folder(tmp_path / "course", changes), now=utcnow())
    database.session.commit()
    return database.session.scalars(select(Lab)).one()


def test_labs_of_a_new_template_are_imported_placed_and_counted(
    app: Any, db: Any, settings: Settings, tmp_path: Path, new_template: Template
) -> None:
    lab = imported(tmp_path, f"template: {NEW.name}\nimage: any\nmemory_mb: 64\n")
    course, student = database.session.get_one(Course, lab.course_id), UserFactory()
    EnrolmentFactory(course=course, user=student)
    kinds = jobs.Jobs(settings, None).drivers()
    backend = ScriptedBackend()
    backend.nodes = [Node("one", 4000, 8000, templates=tuple(sorted(kinds)))]
    capacity.look(INSTANCE, backend)
    asked = lifecycle.queue(student, lab, course, now=utcnow())
    database.session.commit()

    starter(settings, backend, Limits(10, 2, instance=INSTANCE))()

    assert NEW.name in kinds
    assert sessions.load(asked.id).state == RUNNING
    held = holdings.holdings(INSTANCE)
    assert held.by_template == {NEW.name: (lab.cpu_mhz + 10, 96 + 20)}
    assert needs_of(lab.cpu_mhz, 64, NEW.name) == Needs(held.cpu_mhz, held.memory_mb, NEW.name)


def test_an_archive_says_what_a_new_template_starts_from(
    app: Any, db: Any, tmp_path: Path, new_template: Template
) -> None:
    with pytest.raises(archive.ArchiveError) as refused:
        imported(tmp_path, f"template: {NEW.name}\nkernel: vmlinuz\n")

    said = " ".join(str(fault) for fault in refused.value.faults)
    assert "is for template: qemu only" in said
    assert "a chroot-2 lab starts from an image" in said
