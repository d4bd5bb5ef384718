"""The bench of the queue keeps its own promises, on a class that is small enough for a test."""

from typing import Any

from bench import labs_queue
from tests.scheduler.scripted import ScriptedBackend


def test_a_small_class_is_measured_and_nothing_of_it_stays(committed_db: Any) -> None:
    backend = ScriptedBackend()

    rows = labs_queue.run(committed_db.settings, backend, clicks=12, slots=5, within_s=0.2)

    # How long a click takes is the machine's affair; what is counted must be right on any.
    assert [row for row in rows if not row.is_met and "p95" not in row.what] == []
    assert len(rows) == 10
    assert backend.jobs == {}
