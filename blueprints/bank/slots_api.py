"""The JSON API of what a quiz asks."""

from typing import Any

from apiflask import APIBlueprint

from blueprints import access
from blueprints.bank.schemas_slots import SlotsIn, SlotsOut
from blueprints.bearer import auth, me, scope
from blueprints.schemas import responses
from extensions import db
from models import Quiz
from services.bank import slots

slots_api = APIBlueprint("slots_api", __name__, tag="Quizzes")
SLOTS = "/courses/<slug>/quizzes/<quiz>/slots"


@slots_api.get(SLOTS)
@slots_api.auth_required(auth)
@slots_api.output(SlotsOut)
@slots_api.doc(summary="Read what a quiz asks", responses=responses(403, 404))
@scope("quizzes:read")
def read_slots(slug: str, quiz: str) -> Any:
    """For teachers."""
    return document(access.set_quiz(slug, quiz, me())[1])


@slots_api.put(SLOTS)
@slots_api.auth_required(auth)
@slots_api.input(SlotsIn)
@slots_api.output(SlotsOut)
@slots_api.doc(summary="Change what a quiz asks", responses=responses(403, 404, 409, 422))
@scope("quizzes:write")
def change_slots(slug: str, quiz: str, json_data: SlotsIn) -> Any:
    """Replace all places. Attempts keep what they showed; 409 where somebody else was faster, or there are attempts and
    `keeps_attempts` isn't said. The next import of the course's folder says it anew."""
    course, chosen_quiz = access.set_quiz(slug, quiz, me())
    wanted = [slots.Slot(**vars(each)) for each in json_data.slots]
    slots.replace(course, chosen_quiz, wanted, based_on=json_data.based_on, keeps_attempts=json_data.keeps_attempts)
    db.session.commit()
    return document(chosen_quiz)


def document(quiz: Quiz) -> dict[str, Any]:
    """Give what a quiz asks."""
    there = slots.of(quiz)
    rows = [
        {
            **vars(slot),
            "slug": row.question.slug if row.question else None,
            "state": row.question.state if row.question else None,
        }
        for slot, row in zip(there, quiz.slots, strict=True)
    ]
    return {"slots": rows, "version": slots.version(there), "attempts": slots.attempts_made(quiz)}
