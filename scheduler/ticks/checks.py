"""Runs the checks that students asked for."""

from collections.abc import Callable

import structlog

from backends import Backend, BackendError, reason_of
from extensions import db
from models import CheckRun, utcnow
from scheduler.ticks.lease_renewals import LeaseKeeper, nothing
from services.labs import checks

log = structlog.get_logger("yurt.scheduler")


def checker(backend: Backend, keeper: LeaseKeeper | None = None) -> Callable[..., bool]:
    """Return the work of the tick; `keeper` keeps what runs from being taken over."""
    keeper = keeper or LeaseKeeper()

    def work(claimed_one: Callable[[], None] = nothing) -> bool:
        run = checks.claim(utcnow(), keeper.of(CheckRun))
        if run is None:
            db.session.commit()
            return False
        with keeper.hold(run.id, CheckRun):
            carry_out(backend, run, claimed_one)
        return True

    return work


def carry_out(backend: Backend, run: CheckRun, claimed_one: Callable[[], None] = nothing) -> None:
    """Run a claimed check in its lab, and write its result."""
    job_id, script, timeout_s = run.session.job_id, run.check.script, run.check.timeout_s
    is_over = checks.RETRIES.is_over(run.tries)
    db.session.commit()
    claimed_one()
    try:
        if is_over:
            raise BackendError("its schedulers died")
        result = backend.execute(job_id, script, timeout_s=timeout_s, output_limit=checks.MAX_OUTPUT)
    except (BackendError, OSError) as error:
        log.warning("check not run", job=job_id, code=reason_of(error).code, error=str(error))
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
