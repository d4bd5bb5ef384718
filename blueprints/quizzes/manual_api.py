"""The JSON API of grading by hand: the answers that wait, and their marks."""

from fractions import Fraction
from typing import Any

from apiflask import APIBlueprint

from blueprints import access
from blueprints.bearer import auth, me, scope
from blueprints.pages import now
from blueprints.quizzes.manual import in_words
from blueprints.quizzes.schemas_manual import GradeIn, GradeOut, WaitingPageOut
from blueprints.schemas import PageQuery, responses
from extensions import db
from models import AttemptItem
from services.errors import Conflict
from services.quizzes import manual, waiting

manual_grading_api = APIBlueprint("manual_grading_api", __name__, tag="Quizzes")


@manual_grading_api.get("/courses/<slug>/quizzes/<quiz>/waiting")
@manual_grading_api.auth_required(auth)
@manual_grading_api.input(PageQuery, location="query")
@manual_grading_api.output(WaitingPageOut)
@manual_grading_api.doc(summary="List answers that wait for a person's marks", responses=responses(403, 404, 422))
@scope("read")
def list_waiting(slug: str, quiz: str, query_data: PageQuery) -> Any:
    """For the course's staff."""
    _course, chosen_quiz = access.graded_quiz(slug, quiz, me())
    page = waiting.page(chosen_quiz, query_data.page, query_data.per_page)
    rows = [_waiting(item) for item in page.rows]
    return {"waiting": rows, "page": page.number, "pages": page.pages, "total": page.total}


@manual_grading_api.put("/attempts/<int:attempt_id>/items/<int:position>/grade")
@manual_grading_api.auth_required(auth)
@manual_grading_api.input(GradeIn)
@manual_grading_api.output(GradeOut)
@manual_grading_api.doc(summary="Grade an answer by hand", responses=responses(403, 404, 409, 422))
@scope("write")
def give_grade(attempt_id: int, position: int, json_data: GradeIn) -> Any:
    """Give marks to an answer that a machine can't grade. The last one of an attempt gives it its score and its points.
    409 says what somebody else gave meanwhile."""
    access.graded_answer(attempt_id, position, me())
    given: dict[str, Any] = {
        "marks": Fraction(json_data.marks),
        "comment": json_data.comment,
        "replaces": json_data.replaces,
    }
    try:
        manual.give(attempt_id, position, grader_id=me().id, now=now(), **given)
    except manual.AlreadyGraded as refusal:
        raise Conflict(in_words(refusal.item)) from refusal
    db.session.commit()
    item = manual.load(attempt_id, position)
    fields = ("attempt_id", "position", "comment", "graded_by_id", "graded_at")
    given = {"points": item.own_points, "score": item.own_score, "stage": item.attempt.state}
    return {**{name: getattr(item, name) for name in fields}, **given}


def _waiting(item: AttemptItem) -> dict[str, Any]:
    return {
        "attempt_id": item.attempt_id,
        "position": item.position,
        "question_id": item.version.question_id,
        "kind": item.version.kind,
        "points": item.own_points,
        "user_id": item.attempt.user_id,
        "closed_at": item.attempt.closed_at,
        "response": item.response,
    }
