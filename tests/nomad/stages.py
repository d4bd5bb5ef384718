"""A database with the cast, a real cluster, and schedulers that come and go."""

import contextlib
from collections.abc import Iterator
from typing import Any

from backends.base import BackendUnavailable, ExecResult
from backends.nomad import NomadBackend
from extensions import db as database
from models import LabSession, User, utcnow
from scheduler.ticks import reconcile
from scheduler.ticks.starts import starter
from scheduler.ticks.stops import stopper
from services.capacity.order import Limits
from services.labs import lifecycle
from tests.backends.conftest import nomad_settings
from tests.factories import Cast, make_cast
from tests.nomad.agents import Cluster
from tests.scheduler.test_process import scheduler
from tests.sites import until

# A server that has just come back reaches its clients when these come to it.
REACHED_S = 30.0


class Stage:
    """An instance that the cluster knows nothing of yet."""

    def __init__(self, site: Any, cluster: Cluster) -> None:
        engines = {name: getattr(site.settings, name) for name in ("database_url", "redis_url", "var_dir")}
        self.settings = nomad_settings(cluster, "exec").model_copy(update=engines)
        self.settings.var_dir.mkdir(parents=True, exist_ok=True)
        self.app, self.cluster = site.app, cluster
        self.log = self.settings.var_dir / "scheduler.log"
        self.backend = NomadBackend(self.settings)
        self.changes = {**cluster.environ, "LAB_BACKEND": "nomad"}
        self.cast: Cast = make_cast()
        database.session.commit()

    def ask(self, who: User) -> LabSession:
        """Click."""
        found = lifecycle.queue(who, self.cast.lab, self.cast.course, now=utcnow())
        database.session.commit()
        return found

    def go_on(self) -> None:
        """Do what the next scheduler does."""
        for piece in (starter(self.settings, self.backend, Limits(50, 2)), stopper(self.backend)):
            while piece():
                pass
        reconcile.reconciler(self.settings, self.backend)()

    def scheduler(self) -> Any:
        """Return a scheduler, a process of its own, that runs within a `with`."""
        return scheduler(self.settings, self.log, **self.changes)

    def jobs(self) -> dict[str, str]:
        """Return what Nomad has of ours."""
        return {job.job_id: job.state for job in self.backend.observe()}

    def do(self, lab_session: LabSession, script: str) -> str:
        """Run a script in a lab as soon as it can be reached, and return what it says."""
        results: list[ExecResult] = []

        def is_done() -> bool:
            with contextlib.suppress(BackendUnavailable):
                results.append(self.backend.execute(lab_session.job_id, script, timeout_s=10, output_limit=10_000))
            return bool(results)

        until(is_done, REACHED_S)
        assert results[0].exit_code == 0, results
        return results[0].output.decode()


@contextlib.contextmanager
def staged(site: Any, cluster: Cluster) -> Iterator[Stage]:
    """Set a stage, and leave no job behind."""
    with site.app.app_context():
        made = Stage(site, cluster)
        try:
            yield made
        finally:
            database.session.remove()
            for job in made.backend.observe():
                made.backend.stop(job.job_id)
            made.backend.close()
