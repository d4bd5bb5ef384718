"""Runs the checks that students asked for."""

from collections.abc import Callable

import structlog

from extensions import db
from models import utcnow
from scheduler.backends import Backend, BackendError
from services import checks

log = structlog.get_logger("yurt.scheduler")


def checker(backend: Backend) -> Callable[[], bool]:
    """Return the work of the tick."""

    def work() -> bool:
        run = checks.claim(utcnow())
        if run is None:
            db.session.commit()
            return False
        job_id, script, timeout_s = run.session.job_id, run.check.script, run.check.timeout_s
        db.session.commit()
        try:
            result = backend.execute(job_id, script, timeout_s=timeout_s, output_limit=checks.MAX_OUTPUT)
        except BackendError as error:
            log.warning("check not run", job=job_id, error=str(error))
            checks.put_off(run, now=utcnow())
        else:
            late = b"\nThe check took too long." if result.is_timed_out else b""
            is_passed = result.exit_code == 0 and not result.is_timed_out
            checks.finish(run, is_passed=is_passed, output=result.output + late, now=utcnow())
        db.session.commit()
        return True

    return work
