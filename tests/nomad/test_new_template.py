"""Labs of a template that nobody knew before, on a real Nomad."""

from pathlib import Path
from typing import Any

from backends.makers import make_backend
from config import Settings
from extensions import db as database
from lab_templates import Template
from models import Course, utcnow
from models.lab_session import RUNNING
from scheduler.ticks import capacity
from scheduler.ticks.starts import starter
from services.capacity.order import Limits
from services.labs import lifecycle, sessions
from tests.capacity.test_new_template import imported, new_template
from tests.factories import EnrolmentFactory, UserFactory
from tests.nomad.agents import Cluster

__all__ = ["new_template"]


def test_labs_of_a_new_template_run(
    app: Any, db: Any, settings: Settings, nomad: Cluster, tmp_path: Path, new_template: Template
) -> None:
    values = {"lab_backend": "nomad", "nomad_addr": [nomad.url], "nomad_token": nomad.token, "instance": "newkind"}
    on_nomad = settings.model_copy(update=values)
    lab = imported(tmp_path, f"template: {new_template.name}\nimage: any\nmemory_mb: 64\n")
    course, student = database.session.get_one(Course, lab.course_id), UserFactory()
    EnrolmentFactory(course=course, user=student)
    backend = make_backend(on_nomad)
    assert backend is not None
    try:
        capacity.look(on_nomad.instance, backend)
        asked = lifecycle.queue(student, lab, course, now=utcnow())
        database.session.commit()
        starter(on_nomad, backend, Limits(10, 2, instance=on_nomad.instance))()

        assert sessions.load(asked.id).state == RUNNING
    finally:
        for job in backend.observe():
            backend.stop(job.job_id)
        backend.close()
