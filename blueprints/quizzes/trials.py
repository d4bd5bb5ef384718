"""Running a program in an attempt before it is handed in: asked for by the page's button, and told to the page."""

from typing import Any

import flask_babel
from flask import Blueprint, Response, current_app, jsonify, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from blueprints import access, limits
from blueprints.pages import json_object, login_required, me, now, takes_json
from extensions import db
from models import GradingRun, QuestionVersion, User
from models.grading_run import OPEN_RUNS, RUN_DONE, RUN_ERROR, RUN_QUEUED
from question_types import TestsInLab
from reasons import Code, Reason, sentence
from services.capacity import holdings
from services.errors import InvalidInput, NotFound, Refused
from services.quizzes import runs, trials

quiz_trials = Blueprint("quiz_trials", __name__)
TRIAL = "/attempts/<int:attempt_id>/items/<int:position>/trial"


@quiz_trials.post(TRIAL)
@login_required
@takes_json
def run(attempt_id: int, position: int) -> ResponseReturnValue:
    """Run what stands on the page. It is no answer."""
    sent = json_object()
    stdin = sent.get("input")
    if stdin is not None and not isinstance(stdin, str):
        raise InvalidInput("input", _("must be a text"))
    return _told(asked(attempt_id, position, sent.get("response"), stdin, me())), 202


@quiz_trials.get(TRIAL)
@login_required
def show(attempt_id: int, position: int) -> ResponseReturnValue:
    """Tell the page how far the newest run is, and what it printed."""
    return _told(found(attempt_id, position, me()))


def asked(attempt_id: int, position: int, program: object, stdin: str | None, user: User) -> dict[str, Any]:
    """Ask for a run in the person's own attempt, within their limit, and return how it stands."""
    access.answerable_attempt(attempt_id, user)
    settings = current_app.extensions["yurt"]
    if settings.lab_backend == "off":
        raise Refused(Reason(Code.LABS_OFF))
    limits.spend("code_runs", user.id)
    if stdin is not None and len(stdin) > trials.MAX_INPUT:
        raise InvalidInput("input", _("must be at most %(most)s characters", most=trials.MAX_INPUT))
    made = trials.request(attempt_id, position, program, stdin, now=now())
    said = document(made)
    db.session.commit()
    return said


def found(attempt_id: int, position: int, user: User) -> dict[str, Any]:
    """Return how the newest run of a question stands; raise NotFound where there was none."""
    access.answerable_attempt(attempt_id, user)
    made = trials.of_item(attempt_id, position)
    if made is None:
        raise NotFound
    return document(made)


def document(made: GradingRun) -> dict[str, Any]:
    """Give a run: its place in the queue, whether labs are away, and what was printed. Hidden tests never run here."""
    version = db.session.get_one(QuestionVersion, made.item.version_id)
    tests = runs.tests_of(version.kind, version.spec)
    is_queued = made.state == RUN_QUEUED
    done = _runs(made, tests, version) if tests is not None and made.state == RUN_DONE else []
    return {
        "state": made.state,
        "is_open": made.state in OPEN_RUNS,
        "ahead": trials.ahead_of(made) if is_queued else 0,
        "is_away": is_queued and holdings.is_down(current_app.extensions["yurt"].instance),
        "input": made.stdin,
        "requested_at": made.requested_at,
        "finished_at": made.finished_at,
        "reason": sentence(made.reason, flask_babel) if made.reason else None,
        "runs": done,
        "left": len(tests.tried(made.stdin)) - len(done) if tests is not None and done else 0,
    }


@quiz_trials.app_template_global()
def question_trial(version: QuestionVersion) -> dict[str, bool]:
    """Say whether a question's program can be run in its attempt: by its tests, with input of the student's own."""
    return trials.allowed(version.kind, version.spec)


def _runs(made: GradingRun, tests: TestsInLab, version: QuestionVersion) -> list[dict[str, Any]]:
    names = [case["name"] for case in version.spec["tests"]["cases"] if not case["is_hidden"]]
    cases, is_own = tests.tried(made.stdin), made.stdin is not None
    return [
        {
            "name": "" if is_own else names[at],
            "command": case.command,
            "stdin": case.stdin.decode(),
            "expected": None if is_own else case.output,
            "is_passed": None if is_own else outcome["is_passed"],
            "printed": outcome["output"],
            **{name: outcome[name] for name in ("errors", "exit_code", "is_timed_out", "is_truncated")},
        }
        for at, (case, outcome) in enumerate(zip(cases, made.outcomes, strict=False))
    ]


def _told(said: dict[str, Any]) -> Response:
    """Give the page its sentence, and the rest as HTML."""
    html = render_template("quizzes/_trial.html", trial=said)
    response = jsonify(is_open=said["is_open"], says=_sentence(said), input=said["input"], html=html)
    response.headers["Cache-Control"] = "no-store"
    return response


def _sentence(said: dict[str, Any]) -> str:
    if said["is_away"]:
        return _("Labs can’t be reached at the moment. Your program runs as soon as they are back.")
    if said["state"] == RUN_QUEUED and said["ahead"]:
        return ngettext(
            "Waits for a machine: %(num)s is before it.", "Waits for a machine: %(num)s are before it.", said["ahead"]
        )
    if said["is_open"]:
        return _("Waits for a machine: it is the next one.") if said["state"] == RUN_QUEUED else _("Runs…")
    if said["state"] == RUN_ERROR:
        return _("It could not be run: %(reason)s", reason=said["reason"])
    return _("It has run.")
