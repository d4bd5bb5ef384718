"""The key of a drafted question about code is run in a lab, by its own tests, before anybody may accept the question.

Who runs it is the scheduler, as it runs the tests of answers (`services/labs/grading_runs.py`): in a machine of its
own, and what has to be printed stays outside. What came of it is a finding that reviewers see. A run marks nothing.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import Generation, GenerationDraft, GradingRun, Lab, User
from models.generation import PENDING, REFUSED, RUNNING_KEY
from models.grading_run import RUN_DONE, RUN_ERROR, RUN_QUEUED
from question_types import TestsInLab, type_of
from reasons import Code, Reason
from services import leases, live
from services.errors import InvalidInput
from services.generations.findings import Finding, confirms, refuses
from services.quizzes import run_verdicts, runs
from services.quizzes.run_verdicts import Outcome

MOST_SHOWN = 200
# What was found by a run: an edit is run anew, and these go.
OURS = (Code.DRAFT_RUN_PASSED, Code.DRAFT_RUN_FAILED, Code.DRAFT_RUN_NOT)


def has_key(document: dict[str, Any]) -> bool:
    """Say whether a question has a key that a lab runs."""
    return document["kind"] == "code" and "tests" in document["fields"]


def key_of(document: dict[str, Any]) -> Any:
    """Return what is run of a question, to be compared with an edit of it."""
    fields = document["fields"]
    return [document["kind"], fields.get("model_answer"), _parsed(document)]


def _parsed(document: dict[str, Any]) -> Any:
    try:
        return type_of(document["kind"]).parse(document["fields"]).get("tests")
    except InvalidInput:
        return None


def queue(draft: GenerationDraft, generation: Generation, user: User | None = None) -> None:
    """Ask for the run of a draft's key, in the place of the one before; without a lab or a person it can't be run."""
    user_id = user.id if user is not None else generation.user_id
    named = draft.document["fields"]["tests"].get("lab", "")
    is_meant = (Lab.course_id == generation.course_id, Lab.slug == named, ~Lab.is_archived)
    lab = db.session.scalar(select(Lab).where(*is_meant))
    draft.findings = [found for found in draft.findings if found["reason"]["code"] not in OURS]
    if user_id is None or lab is None:
        _note(draft, refuses(Reason(Code.DRAFT_RUN_NOT, reason=Reason(Code.TESTS_WITHOUT_LAB))), REFUSED)
        return
    fresh = {"state": RUN_QUEUED, "program": draft.document["fields"].get("model_answer", ""), "lab_id": lab.id}
    fresh |= {"user_id": user_id, "tries": 0, "outcomes": [], "reason": None, "finished_at": None, "job_id": ""}
    fresh |= {"requested_at": func.now(), **leases.FREE}
    row = insert(GradingRun).values(draft_id=draft.id, **fresh)
    is_draft = GradingRun.draft_id.is_not(None)
    db.session.execute(row.on_conflict_do_update(index_elements=["draft_id"], index_where=is_draft, set_=fresh))
    live.nudge(runs.TOPIC)


def tests_of(run: GradingRun) -> tuple[TestsInLab | None, str]:
    """Return the tests of a draft's key, and the program that they run."""
    draft = db.session.get_one(GenerationDraft, run.draft_id)
    try:
        spec = type_of(draft.document["kind"]).parse(draft.document["fields"])
    except InvalidInput:
        return None, ""
    return runs.tests_of(draft.document["kind"], spec), str(run.program or "")


def finish(run_id: int, job_id: str, outcomes: Sequence[Outcome], *, now: datetime) -> bool:
    """Write what the tests said of a key; False where the run isn't the caller's any more."""
    kept = [asdict(outcome) for outcome in outcomes]
    run = run_verdicts.close(run_id, job_id, RUN_DONE, now, outcomes=kept)
    if run is None:
        return False
    failed = next(((n, each) for n, each in enumerate(outcomes, start=1) if not each.is_passed), None)
    if failed is None:
        _judge(run, confirms(Reason(Code.DRAFT_RUN_PASSED, count=len(outcomes))), PENDING)
    else:
        number, outcome = failed
        printed = " ".join(outcome.output.split())[:MOST_SHOWN]
        _judge(run, refuses(Reason(Code.DRAFT_RUN_FAILED, number=number, printed=printed)), REFUSED)
    return True


def give_up(run_id: int, job_id: str, reason: Reason, *, now: datetime) -> bool:
    """Note that a key can't be run: the draft can't be accepted, and may be run again."""
    run = run_verdicts.close(run_id, job_id, RUN_ERROR, now, reason=reason)
    if run is not None:
        _judge(run, refuses(Reason(Code.DRAFT_RUN_NOT, reason=reason)), REFUSED)
    return run is not None


def _judge(run: GradingRun, found: Finding, state: str) -> None:
    draft = db.session.get(GenerationDraft, run.draft_id, with_for_update=True, populate_existing=True)
    if draft is not None and draft.state == RUNNING_KEY:
        _note(draft, found, state)


def _note(draft: GenerationDraft, found: Finding, state: str) -> None:
    draft.findings = [*draft.findings, found]
    draft.state = state
    live.generation_changed(draft.generation_id)
