"""The JSON API of regrades: previews, applying them, taking back, and what was regraded."""

from typing import Any

from apiflask import APIBlueprint
from flask import url_for

from blueprints import access
from blueprints.bearer import auth, me, scope
from blueprints.pages import now
from blueprints.regrades.schemas import ApplyIn, RegradeDetailOut, RegradeIn, RegradeOut, RegradesOut, UndoIn
from blueprints.schemas import PageQuery, responses
from extensions import db
from models import Regrade
from services.quizzes import reruns
from services.regrades import applying, asking, history
from services.regrades.asking import Asked

regrades_api = APIBlueprint("regrades_api", __name__, tag="Quizzes")
FIELDS = tuple(RegradeOut.model_fields)
SIDES = ("before", "after", "answer_before", "answer_after", "stood", "stands", "is_undo")
QUIZ = "/courses/<slug>/quizzes/<quiz>/regrades"
ONE = "/regrades/<int:regrade_id>"


@regrades_api.get(QUIZ)
@regrades_api.auth_required(auth)
@regrades_api.input(PageQuery, location="query")
@regrades_api.output(RegradesOut)
@regrades_api.doc(summary="List what was regraded in a quiz", responses=responses(403, 404, 422))
@scope("grades:read")
def list_regrades(slug: str, quiz: str, query_data: PageQuery) -> Any:
    """For the course's staff: what was applied, by whom, why, what it did, and whether it was taken back."""
    _course, chosen_quiz = access.graded_quiz(slug, quiz, me())
    page = history.page(chosen_quiz, query_data.page, query_data.per_page)
    return {"regrades": page.rows, "page": page.number, "pages": page.pages, "total": page.total}


@regrades_api.post(QUIZ)
@regrades_api.auth_required(auth)
@regrades_api.input(RegradeIn)
@regrades_api.output(RegradeDetailOut, status_code=201)
@regrades_api.doc(summary="Preview a regrade", responses=responses(403, 404, 422))
@scope("grades:write")
def create_preview(slug: str, quiz: str, json_data: RegradeIn) -> Any:
    """Say who changes and by how much; nothing changes yet. A preview that isn't applied is forgotten after a day.

    Where another key has tests, these run first: read it again until `tests` aren't open any more."""
    _course, chosen_quiz = access.regraded_quiz(slug, quiz, me())
    said = json_data.model_dump(exclude={"question_id", "reason"})
    made = asking.draft(chosen_quiz, json_data.question_id, Asked(**said), json_data.reason, by_id=me().id, now=now())
    db.session.commit()
    return _detail(made), 201, {"Location": url_for("regrades_api.read_regrade", regrade_id=made.id)}


@regrades_api.get(ONE)
@regrades_api.auth_required(auth)
@regrades_api.input(PageQuery, location="query")
@regrades_api.output(RegradeDetailOut)
@regrades_api.doc(summary="Read a regrade or its preview", responses=responses(403, 404, 422))
@scope("grades:read")
def read_regrade(regrade_id: int, query_data: PageQuery) -> Any:
    """Give the attempts that it changes: of a draft as they would be now, otherwise as they were."""
    found, _may_decide = access.regrade(regrade_id, me())
    return _detail(found, query_data)


@regrades_api.post(f"{ONE}/apply")
@regrades_api.auth_required(auth)
@regrades_api.input(ApplyIn)
@regrades_api.output(RegradeDetailOut)
@regrades_api.doc(summary="Apply a regrade", responses=responses(403, 404, 409, 422))
@scope("grades:write")
def apply_regrade(regrade_id: int, json_data: ApplyIn) -> Any:
    """Move scores, points and boards, and tell the students, all at once. 409 with the reason `regrade_stale`:
    something was graded or handed in since the preview; read it again."""
    found, _may_decide = access.regrade(regrade_id, me(), is_to_decide=True)
    applying.apply(found, digest=json_data.digest, by_id=me().id, now=now())
    db.session.commit()
    return _detail(history.find(regrade_id))


@regrades_api.post(f"{ONE}/tests")
@regrades_api.auth_required(auth)
@regrades_api.output(RegradeDetailOut)
@regrades_api.doc(summary="Run failed tests of a regrade again", responses=responses(403, 404, 409))
@scope("grades:write")
def retry_tests(regrade_id: int) -> Any:
    """Run the tests again that could not be run, of a preview or of a regrade that holds; where there are none, nothing
    happens. Read it again until `tests` aren't open any more. 409 where the regrade was taken back."""
    found, _may_decide = access.regrade(regrade_id, me(), is_to_decide=True)
    reruns.retry(found, now=now())
    db.session.commit()
    return _detail(history.find(regrade_id))


@regrades_api.get(f"{ONE}/undo")
@regrades_api.auth_required(auth)
@regrades_api.input(PageQuery, location="query")
@regrades_api.output(RegradeDetailOut)
@regrades_api.doc(summary="Preview taking a regrade back", responses=responses(403, 404, 409, 422))
@scope("grades:read")
def preview_undo(regrade_id: int, query_data: PageQuery) -> Any:
    """Say who changes back and by how much, as it would be now; `effect` is that of taking it back. 409 where the
    regrade doesn't hold."""
    found, _may_decide = access.regrade(regrade_id, me(), is_to_decide=True)
    return _detail(found, query_data, is_undo=True)


@regrades_api.post(f"{ONE}/undo")
@regrades_api.auth_required(auth)
@regrades_api.input(UndoIn)
@regrades_api.output(RegradeDetailOut)
@regrades_api.doc(summary="Take a regrade back", responses=responses(403, 404, 409, 422))
@scope("grades:write")
def undo_regrade(regrade_id: int, json_data: UndoIn) -> Any:
    """Undo what it did, and tell the students; other regrades and marks given since stay. 409 where it doesn't hold, or
    with the `digest` of a preview that is out of date."""
    found, _may_decide = access.regrade(regrade_id, me(), is_to_decide=True)
    applying.undo(found, reason=json_data.reason, digest=json_data.digest, by_id=me().id, now=now())
    db.session.commit()
    return _detail(history.find(regrade_id))


def _detail(regrade: Regrade, query: PageQuery | None = None, *, is_undo: bool = False) -> dict[str, Any]:
    wanted = query or PageQuery()
    page, plan = history.shown(regrade, wanted.page, wanted.per_page, is_undo=is_undo)
    return {
        **{name: getattr(regrade, name) for name in FIELDS},
        "effect": plan.effect if plan else regrade.effect,
        "digest": plan.digest if plan else None,
        "tests": history.tests(regrade),
        "changes": [
            {
                "attempt_id": row.attempt.id,
                "user_id": row.user.id,
                "number": row.attempt.number,
                **{name: getattr(row, name) for name in SIDES},
            }
            for row in page.rows
        ],
        "page": page.number,
        "pages": page.pages,
        "total": page.total,
    }
