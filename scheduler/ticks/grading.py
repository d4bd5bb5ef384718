"""Runs the tests that grade answers, trials, and the keys of drafted questions, each in a machine of its own, which
ends whatever happens; on a site without labs it leaves them to a person.

Claim, commit, start, run test by test, compare, write, stop. A scheduler may die between any two of these: the next one
claims the run again, with another machine, and only one of them can write what the tests said. What a test has to print
stays here: it never enters the machine.
"""

import base64
import contextlib
import shlex
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog

from backends import Backend, BackendError, BackendUnavailable, LabSpec, NoRoom, StartFailed, reason_of
from config import Settings
from extensions import db
from models import AttemptItem, GradingRun, utcnow
from question_types.base import CaseInLab, TestsInLab
from reasons import Code, Reason
from scheduler.ticks.lease_renewals import LeaseKeeper, nothing
from scheduler.ticks.starts import leave
from services.capacity import holdings
from services.capacity.order import Limits
from services.generations import keys
from services.labs import checks, grading_runs
from services.quizzes import run_verdicts, runs, trials
from services.quizzes.run_verdicts import MAX_SHOWN, Outcome

# What is read of a test's output: more is wrong anyway.
OUTPUT_LIMIT = 65_536
# The machine ends by itself soon after the last test may have ended.
LIFE = timedelta(minutes=25)
CLEAN_S = 5.0
# Where a trial's program writes its errors; they are read when it has ended, also where it was stopped.
ERRORS = '"$HOME/.errors"'
NOWHERE = "/dev/null"

log = structlog.get_logger("yurt.scheduler")


def grader(
    settings: Settings, backend: Backend, limits: Limits, keeper: LeaseKeeper | None = None
) -> Callable[..., bool]:
    """Return the work of the tick; `keeper` keeps what runs from being taken over."""
    keeper = keeper or LeaseKeeper()

    def work(claimed_one: Callable[[], None] = nothing) -> bool:
        run = grading_runs.claim(limits, utcnow(), keeper.of(GradingRun))
        db.session.commit()
        if run is None:
            return False
        with keeper.hold(run.id, GradingRun):
            claimed_one()
            carry_out(settings, backend, run)
        return True

    return work


def refuser() -> Callable[..., bool]:
    """Return the work of the tick on a site without labs: whatever asks for a machine is left to a person at once."""

    def work(claimed_one: Callable[[], None] = nothing) -> bool:
        run = grading_runs.claim_any(utcnow())
        if run is not None:
            _verdicts(run).give_up(run.id, run.job_id, Reason(Code.LABS_OFF), now=utcnow())
        db.session.commit()
        return run is not None

    return work


def carry_out(settings: Settings, backend: Backend, run: GradingRun) -> None:
    """Carry out a claimed run, and write what came of it."""
    run_id, job_id, tries = run.id, run.job_id, run.tries
    verdicts = _verdicts(run)
    tests, program = keys.tests_of(run) if run.draft_id is not None else _of_answer(run)
    why = _hopeless(run, tests, tries)
    if why is not None or tests is None:
        verdicts.give_up(run_id, job_id, why or Reason(Code.TESTS_WITHOUT_LAB), now=utcnow())
        db.session.commit()
        return
    spec, cases, is_trial = spec_of(settings, run), trials.cases_of(tests, run), run.is_trial
    db.session.commit()  # no transaction is open while the backend works
    fault: Exception | None = None
    outcomes: list[Outcome] = []
    try:
        backend.start(spec)
        for case in cases:
            outcomes.append(run_case(backend, job_id, tests, case, program, is_trial=is_trial))
            if is_trial and outcomes[-1].is_timed_out:
                break  # its student waits for it
        _clean(backend, job_id)
    except (BackendError, OSError) as error:
        fault = error
        log.warning("tests not run", job=job_id, code=reason_of(error).code, error=str(error))
    finally:
        leave(backend, job_id)
    if fault is None:
        verdicts.finish(run_id, job_id, outcomes, now=utcnow())
    else:
        _report(settings, verdicts, run_id, job_id, tries, fault)
    db.session.commit()


def _verdicts(run: GradingRun) -> Any:
    """Return what is told of a run: that of an answer or a trial, or that of the key of a draft."""
    return run_verdicts if run.draft_id is None else keys


def _of_answer(run: GradingRun) -> tuple[TestsInLab | None, str]:
    item = db.session.get_one(AttemptItem, (run.attempt_id, run.position))
    version = runs.version_of(run, item)
    return runs.tests_of(version.kind, version.spec), trials.program_of(run, item)


def _hopeless(run: GradingRun, tests: TestsInLab | None, tries: int) -> Reason | None:
    if run.lab is None or run.lab.is_archived or tests is None:
        return Reason(Code.TESTS_WITHOUT_LAB)
    return Reason(Code.TESTS_NOT_RUN, tries=tries) if grading_runs.RETRIES.is_over(tries) else None


def _report(settings: Settings, verdicts: Any, run_id: int, job_id: str, tries: int, fault: Exception) -> None:
    """Write that a try failed: for want of room or of the cluster it waits, for other reasons it is counted."""
    if isinstance(fault, StartFailed):
        verdicts.give_up(run_id, job_id, fault.reason, now=utcnow())
        return
    is_away = isinstance(fault, BackendUnavailable) and holdings.is_down(settings.instance)
    is_counted = not (isinstance(fault, NoRoom) or is_away)
    grading_runs.put_off(run_id, job_id, tries + 1, utcnow(), is_counted=is_counted)


def run_case(
    backend: Backend, job_id: str, tests: TestsInLab, case: CaseInLab, answer: str, *, is_trial: bool = False
) -> Outcome:
    """Run one test, and compare what it printed; of a trial also read what it said of errors."""
    result = backend.execute(
        job_id,
        script_of(tests, case, answer, ERRORS if is_trial else NOWHERE),
        timeout_s=tests.time_limit_s,
        output_limit=OUTPUT_LIMIT,
        stdin=case.stdin,
    )
    printed = result.output.decode(errors="replace")
    is_passed = case.fits(printed) and not result.is_timed_out and not result.is_truncated
    shown = checks.readable(result.output)[:MAX_SHOWN]
    outcome = Outcome(is_passed, shown, result.is_timed_out, result.is_truncated)
    if not is_trial:
        return outcome
    said = backend.execute(
        job_id, f"head -c {MAX_SHOWN} {ERRORS} 2>{NOWHERE}", timeout_s=CLEAN_S, output_limit=MAX_SHOWN
    )
    return replace(outcome, errors=checks.readable(said.output), exit_code=result.exit_code)


def script_of(tests: TestsInLab, case: CaseInLab, answer: str, errors: str = NOWHERE) -> str:
    """Return what runs in the machine: the answer as a file in an empty folder, then the test's command."""
    text = answer if answer.endswith("\n") else f"{answer}\n"
    coded = base64.b64encode(text.encode()).decode()
    return (
        'folder=$(mktemp -d "$HOME/test.XXXXXX") && cd "$folder" || exit 125\n'
        f"base64 -d <<< {coded} > {shlex.quote(tests.file)} || exit 125\n"
        f"chmod u+x {shlex.quote(tests.file)}\n"
        f"exec 2>{errors}\n{case.command}\n"
    )


def _clean(backend: Backend, job_id: str) -> None:
    """Leave nothing in a home that the backend keeps."""
    script = 'find "$HOME" -mindepth 1 -delete'
    with contextlib.suppress(BackendError, OSError):
        backend.execute(job_id, script, timeout_s=CLEAN_S, output_limit=1024)


def spec_of(settings: Settings, run: GradingRun) -> LabSpec:
    """Translate the lab's definition into a machine for one run."""
    assert run.lab is not None
    return LabSpec.of(
        run.lab,
        job_id=run.job_id,
        instance=settings.instance,
        session_id="",
        course=run.lab.course.slug,
        handle=grading_runs.HANDLE,
        home_key=f"tests-{run.user_id}",
        setup_script=run.lab.setup_script,
        life=LIFE,
        is_fresh=True,
    )
