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
        is_ours = run.failures < checks.MAX_FAILURES
        db.session.commit()
        try:
            if not is_ours:
                raise BackendError("its schedulers died")
            result = backend.execute(job_id, script, timeout_s=timeout_s, output_limit=checks.MAX_OUTPUT)
        except (BackendError, OSError) as error:
            log.warning("check not run", job=job_id, error=str(error))
            checks.put_off(run, now=utcnow())
        else:
            is_passed = result.exit_code == 0 and not result.is_timed_out
            checks.finish(
                run,
                is_passed=is_passed,
                output=result.output,
                is_timed_out=result.is_timed_out,
                is_truncated=result.is_truncated,
                now=utcnow(),
            )
        db.session.commit()
        return True

    return work
