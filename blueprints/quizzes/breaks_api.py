"""The JSON API of breaks in an attempt."""

from datetime import datetime
from typing import Any

from apiflask import APIBlueprint

from blueprints import access
from blueprints.bearer import auth, me, scope
from blueprints.pages import now
from blueprints.quizzes.breaks import document
from blueprints.schemas import Output, responses
from extensions import db
from services.quizzes import breaks, taking_breaks

quiz_breaks_api = APIBlueprint("quiz_breaks_api", __name__, tag="Quizzes")
BREAK = "/attempts/<int:attempt_id>/break"


class BreakOut(Output):
    """A break that was taken, or is on: then `ended_at` is null. `left_s` is what was left for breaks at its end.
    `ended_by_id` is null where it was over by itself."""

    began_at: datetime
    ended_at: datetime | None
    taken_s: int
    left_s: int
    begun_by_id: int | None
    ended_by_id: int | None


class BreaksOut(Output):
    """The breaks of an attempt: how long all may take, how long they took, until when the one lasts that is on, and the
    `log` of all."""

    is_on: bool
    until: datetime | None
    budget_s: int
    taken_s: int
    deadline_at: datetime | None
    log: list[BreakOut]


@quiz_breaks_api.get(BREAK)
@quiz_breaks_api.auth_required(auth)
@quiz_breaks_api.output(BreaksOut)
@quiz_breaks_api.doc(summary="Read how the breaks of an attempt stand", responses=responses(403, 404))
@scope("attempts:read")
def read_break(attempt_id: int) -> Any:
    """For its student and the course's staff."""
    attempt, _is_others = access.paused_attempt(attempt_id, me())
    return document(attempt, breaks.of(attempt, now()))


@quiz_breaks_api.post(BREAK)
@quiz_breaks_api.auth_required(auth)
@quiz_breaks_api.output(BreaksOut)
@quiz_breaks_api.doc(summary="Begin a break", responses=responses(403, 404, 409))
@scope("attempts:write")
def begin_break(attempt_id: int) -> Any:
    """Let the clock stand still, for as long as is left; again is harmless. 409 says in `reason` why there is none."""
    attempt, _is_others = access.paused_attempt(attempt_id, me())
    there = taking_breaks.begin(attempt, by_id=me().id, now=now())
    db.session.commit()
    return document(attempt, there)


@quiz_breaks_api.post(f"{BREAK}/end")
@quiz_breaks_api.auth_required(auth)
@quiz_breaks_api.output(BreaksOut)
@quiz_breaks_api.doc(summary="End a break", responses=responses(403, 404))
@scope("attempts:write")
def end_break(attempt_id: int) -> Any:
    """Let the clock go on. Again is harmless."""
    attempt, _is_others = access.paused_attempt(attempt_id, me())
    there = taking_breaks.end(attempt, by_id=me().id, now=now())
    db.session.commit()
    return document(attempt, there)
