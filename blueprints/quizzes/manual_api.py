"""The JSON API of grading by hand: the answers that wait, and their marks."""

from fractions import Fraction
from typing import Any

from apiflask import APIBlueprint
from flask_babel import gettext as _

from blueprints import access
from blueprints.bearer import auth, me, scope
from blueprints.pages import now
from blueprints.quizzes import documents
from blueprints.quizzes.manual import in_words
from blueprints.quizzes.schemas_manual import GradeIn, GradeOut, HeldOut, WaitingPageOut
from blueprints.schemas import PageQuery, responses
from extensions import db
from models import AttemptItem
from question_types import type_of
from reasons import Reason
from services.errors import Conflict, NotFound
from services.quizzes import holds, manual, waiting

manual_grading_api = APIBlueprint("manual_grading_api", __name__, tag="Quizzes")


@manual_grading_api.get("/courses/<slug>/quizzes/<quiz>/waiting")
@manual_grading_api.auth_required(auth)
@manual_grading_api.input(PageQuery, location="query")
@manual_grading_api.output(WaitingPageOut)
@manual_grading_api.doc(summary="List answers that wait for a person's marks", responses=responses(403, 404, 422))
@scope("grades:read")
def list_waiting(slug: str, quiz: str, query_data: PageQuery) -> Any:
    """For the course's staff."""
    _course, chosen_quiz = access.graded_quiz(slug, quiz, me())
    page = waiting.page(chosen_quiz, query_data.page, query_data.per_page)
    held = holds.of([(item.attempt_id, item.position) for item in page.rows], now())
    untested = waiting.why_not_tested(page.rows)
    keys = [(item.attempt_id, item.position) for item in page.rows]
    rows = [_waiting(item, held.get(key), untested.get(key)) for item, key in zip(page.rows, keys, strict=True)]
    return {"waiting": rows, "page": page.number, "pages": page.pages, "total": page.total}


@manual_grading_api.put("/attempts/<int:attempt_id>/items/<int:position>/grade")
@manual_grading_api.auth_required(auth)
@manual_grading_api.input(GradeIn)
@manual_grading_api.output(GradeOut)
@manual_grading_api.doc(summary="Grade an answer by hand", responses=responses(403, 404, 409, 422))
@scope("grades:write")
def give_grade(attempt_id: int, position: int, json_data: GradeIn) -> Any:
    """Give marks to an answer that a machine can't grade. The last one of an attempt gives it its score and its points.
    409 says what somebody else gave meanwhile."""
    access.graded_answer(attempt_id, position, me())
    given: dict[str, Any] = {
        "marks": None if json_data.marks is None else Fraction(json_data.marks),
        "chosen": json_data.chosen,
        "comment": json_data.comment,
        "replaces": json_data.replaces,
    }
    try:
        manual.give(attempt_id, position, grader_id=me().id, now=now(), **given)
    except manual.AlreadyGraded as refusal:
        raise Conflict(in_words(refusal.item)) from refusal
    holds.leave((attempt_id, position), me().id)
    db.session.commit()
    item = manual.load(attempt_id, position)
    fields = ("attempt_id", "position", "comment", "graded_by_id", "graded_at")
    given = {"points": item.own_points, "score": item.own_score, "stage": item.attempt.state}
    given["chosen"] = item.rubric["chosen"] if item.rubric else None
    return {**{name: getattr(item, name) for name in fields}, **given}


@manual_grading_api.post("/courses/<slug>/quizzes/<quiz>/waiting/next")
@manual_grading_api.auth_required(auth)
@manual_grading_api.output(HeldOut)
@manual_grading_api.doc(summary="Take the next answer that waits", responses=responses(403, 404))
@scope("grades:write")
def take_next(slug: str, quiz: str) -> Any:
    """Hand out the oldest answer that nobody else has; 404 where there is none. The lease lasts five minutes."""
    _course, chosen_quiz = access.graded_quiz(slug, quiz, me())
    found = holds.take_next(chosen_quiz, me().id, now())
    if found is None:
        raise NotFound(_("No answer waits that nobody else is grading now."))
    db.session.commit()
    return _held(*found)


@manual_grading_api.post("/attempts/<int:attempt_id>/items/<int:position>/hold")
@manual_grading_api.auth_required(auth)
@manual_grading_api.output(HeldOut)
@manual_grading_api.doc(summary="Take an answer to grade it", responses=responses(403, 404, 409))
@scope("grades:write")
def take_answer(attempt_id: int, position: int) -> Any:
    """Take an answer, or renew the lease on it. 409 says who has it."""
    access.graded_answer(attempt_id, position, me())
    if not holds.take((attempt_id, position), me().id, now()):
        other = holds.of([(attempt_id, position)], now()).get((attempt_id, position))
        raise Conflict(_("%(name)s is grading this answer now.", name=other.name if other else _("Somebody")))
    db.session.commit()
    return _held(attempt_id, position)


@manual_grading_api.delete("/attempts/<int:attempt_id>/items/<int:position>/hold")
@manual_grading_api.auth_required(auth)
@manual_grading_api.output({}, status_code=204)
@manual_grading_api.doc(summary="Leave an answer", responses=responses(403, 404))
@scope("grades:write")
def leave_answer(attempt_id: int, position: int) -> Any:
    """Give an answer back that the caller has; again is harmless."""
    access.graded_answer(attempt_id, position, me())
    holds.leave((attempt_id, position), me().id)
    db.session.commit()
    return ""


def _held(attempt_id: int, position: int) -> dict[str, Any]:
    item, key = manual.load(attempt_id, position), (attempt_id, position)
    version = item.version
    return {
        **{name: getattr(item, name) for name in ("attempt_id", "position", "response")},
        "question_id": version.question_id,
        "kind": version.kind,
        "prompt_html": type_of(version.kind).prompt(version.prompt_html, version.spec, item.frozen),
        "points": item.own_points,
        "rubric": manual.rubric_of(item),
        "held_until": holds.of([key], now())[key].until,
    }


def _waiting(item: AttemptItem, held: holds.Held | None, untested: Reason | None) -> dict[str, Any]:
    return {
        "attempt_id": item.attempt_id,
        "position": item.position,
        "question_id": item.version.question_id,
        "kind": item.version.kind,
        "points": item.own_points,
        "user_id": item.attempt.user_id,
        "closed_at": item.attempt.closed_at,
        "response": item.response,
        "held_by_id": held.user_id if held else None,
        "held_until": held.until if held else None,
        "untested": documents.reason_of(untested) if untested else None,
    }
