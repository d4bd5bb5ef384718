"""The JSON API of hints: what a student has taken in an attempt, and the next one with its price."""

from typing import Any

from apiflask import APIBlueprint

from blueprints import access
from blueprints.bearer import auth, me, scope
from blueprints.pages import now
from blueprints.quizzes import documents
from blueprints.quizzes.schemas_hints import HintsOut
from blueprints.schemas import responses
from extensions import db
from services.quizzes import hints

quiz_hints_api = APIBlueprint("quiz_hints_api", __name__, tag="Quizzes")


@quiz_hints_api.post("/attempts/<int:attempt_id>/items/<int:position>/hints/<int:number>")
@quiz_hints_api.auth_required(auth)
@quiz_hints_api.output(HintsOut)
@quiz_hints_api.doc(summary="Take a hint", responses=responses(403, 404, 409))
@scope("attempts:write")
def take_hint(attempt_id: int, position: int, number: int) -> Any:
    """Take the next hint of a question, for its price. Taking one again is harmless, and costs nothing; 409 where
    another one comes first, a break is on, or the attempt is over."""
    access.answerable_attempt(attempt_id, me())
    found = hints.take(attempt_id, position, number, now=now())
    db.session.commit()
    return documents.hints(found)
