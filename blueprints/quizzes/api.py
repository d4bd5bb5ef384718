"""The JSON API of quizzes and attempts."""

from typing import Any

from apiflask import APIBlueprint
from flask import url_for

from blueprints import access, limits
from blueprints.bearer import auth, me, scope
from blueprints.pages import now
from blueprints.quizzes import documents, saving
from blueprints.quizzes.schemas import (
    AnswerIn,
    AnswerVersionsOut,
    AttemptDetailOut,
    AttemptsOut,
    AttemptsQuery,
    QuizDetailOut,
    QuizzesOut,
    ReceiptOut,
    SettingsIn,
    SettingsOut,
    StartIn,
)
from blueprints.schemas import responses
from extensions import db
from models import Quiz
from services import policy
from services.courses.outlines import activity
from services.errors import Forbidden, NotFound
from services.quizzes import answer_log, answers, attempts, lists, settings

quizzes_api = APIBlueprint("quizzes_api", __name__, tag="Quizzes")


@quizzes_api.get("/courses/<slug>/quizzes")
@quizzes_api.auth_required(auth)
@quizzes_api.output(QuizzesOut)
@quizzes_api.doc(summary="List the quizzes of a course", responses=responses(403, 404))
@scope("attempts:read")
def list_quizzes(slug: str) -> Any:
    """Give every quiz in the order of the course."""
    course, _role = access.study(slug, me())
    return {"quizzes": lists.overview(course, me().id)}


@quizzes_api.get("/courses/<slug>/quizzes/<quiz>")
@quizzes_api.auth_required(auth)
@quizzes_api.output(QuizDetailOut)
@quizzes_api.doc(summary="Read a quiz", responses=responses(403, 404))
@scope("attempts:read")
def read_quiz(slug: str, quiz: str) -> Any:
    """Give what the quiz asks for, not its questions: those are an attempt's; and whether one can start now."""
    course, role = access.study(slug, me())
    listed = next((row for row in lists.overview(course, me().id) if row["slug"] == quiz), None)
    if listed is None:
        raise NotFound
    chosen_quiz, is_staff = activity(course, quiz, Quiz), policy.may_see_people(me(), role)
    obstacles = attempts.obstacles(me().id, chosen_quiz, now=now(), is_staff=is_staff)
    return {
        **listed,
        "can_start": policy.may_take_part(role) and not obstacles,
        "reasons": [documents.reason_of(each.reason) for each in obstacles],
        "possible_at": obstacles[0].possible_at if obstacles else None,
    }


@quizzes_api.get("/courses/<slug>/quizzes/<quiz>/settings")
@quizzes_api.auth_required(auth)
@quizzes_api.output(SettingsOut)
@quizzes_api.doc(summary="Read the settings of a quiz", responses=responses(403, 404))
@scope("quizzes:read")
def read_settings(slug: str, quiz: str) -> Any:
    """Give when and how the quiz is taken, with its password, to those who may change it."""
    return documents.settings(access.set_quiz(slug, quiz, me())[1])


@quizzes_api.put("/courses/<slug>/quizzes/<quiz>/settings")
@quizzes_api.auth_required(auth)
@quizzes_api.input(SettingsIn)
@quizzes_api.output(SettingsOut)
@quizzes_api.doc(summary="Change settings of a quiz", responses=responses(403, 404, 422))
@scope("quizzes:write")
def change_settings(slug: str, quiz: str, json_data: Any) -> Any:
    """Change what is given; the rest stays. The next import of the course's folder says it anew. With `counts`,
    `points` and `pass_percent` everybody's points, and whether the quiz is done, follow at once, up and down."""
    course, chosen_quiz = access.set_quiz(slug, quiz, me())
    given = {name: getattr(json_data, name) for name in json_data.model_fields_set}
    settings.change(course, chosen_quiz, given, by_id=me().id, now=now())
    db.session.commit()
    return documents.settings(chosen_quiz)


@quizzes_api.post("/courses/<slug>/quizzes/<quiz>/attempts")
@quizzes_api.auth_required(auth)
@quizzes_api.input(StartIn)
@quizzes_api.output(AttemptDetailOut, status_code=201)
@quizzes_api.doc(summary="Start an attempt, or go on with the open one", responses=responses(403, 404, 409, 422))
@scope("attempts:write")
def start_attempt(slug: str, quiz: str, json_data: StartIn) -> Any:
    """Draw the questions. Starting again while an attempt is open gives that one. 409 says in `reason` why one can't
    start now, and in `possible_at` from when on one can."""
    _course, role, chosen_quiz = access.starting(slug, quiz, me())
    if json_data.password:
        limits.spend("quiz_passwords", me().id)
    is_staff = policy.may_see_people(me(), role)
    given: dict[str, Any] = {"admit": _admit, "password": json_data.password, "is_staff": is_staff}
    made, _drawn = attempts.begin(me().id, chosen_quiz, now=now(), has_turn=True, **given)
    db.session.commit()
    address = url_for("quizzes_api.read_attempt", attempt_id=made.id)
    shown = documents.detail(access.attempt(made.id, me()), now=now(), is_staff=is_staff)
    return shown, 201, {"Location": address}


@quizzes_api.get("/courses/<slug>/quizzes/<quiz>/attempts")
@quizzes_api.auth_required(auth)
@quizzes_api.input(AttemptsQuery, location="query")
@quizzes_api.output(AttemptsOut)
@quizzes_api.doc(summary="List attempts", responses=responses(403, 404, 422))
@scope("attempts:read")
def list_attempts(slug: str, quiz: str, query_data: AttemptsQuery) -> Any:
    """Give one's own attempts; the course's staff may ask for all."""
    course, role = access.study(slug, me())
    if query_data.all and not policy.may_see_people(me(), role):
        raise Forbidden
    whose = None if query_data.all else me().id
    chosen_quiz = activity(course, quiz, Quiz)
    page = lists.attempts_at(chosen_quiz, whose, query_data.page, query_data.per_page)
    shown = documents.summaries(page.rows, chosen_quiz, now=now(), is_staff=policy.may_see_people(me(), role))
    return {"attempts": shown, "page": page.number, "pages": page.pages, "total": page.total}


@quizzes_api.get("/attempts/<int:attempt_id>")
@quizzes_api.auth_required(auth)
@quizzes_api.output(AttemptDetailOut)
@quizzes_api.doc(summary="Read an attempt", responses=responses(403, 404))
@scope("attempts:read")
def read_attempt(attempt_id: int) -> Any:
    """Give the questions and answers, to the course's staff, too; solutions once it is closed."""
    attempt, is_staff = access.readable_attempt(attempt_id, me())
    return documents.detail(attempt, now=now(), is_staff=is_staff)


@quizzes_api.put("/attempts/<int:attempt_id>/items/<int:position>")
@quizzes_api.auth_required(auth)
@quizzes_api.input(AnswerIn)
@quizzes_api.output(ReceiptOut)
@quizzes_api.doc(summary="Save an answer", responses=responses(403, 404, 409, 410, 422))
@scope("attempts:write")
def save_answer(attempt_id: int, position: int, json_data: AnswerIn) -> Any:
    """Keep the answer if it builds on the one that is kept, or was typed after it. 409 gives what is kept; 410 says
    that the attempt is over, and whether the answer is kept as one that came late."""
    at = now()
    row = access.answer_row(attempt_id, position, me(), at)
    try:
        receipt = answers.keep(row, **vars(json_data), now=at)
    except (answers.Superseded, answers.Closed) as refusal:
        db.session.commit()
        return saving.refused(refusal, at)
    db.session.commit()
    return saving.receipt(receipt, at)


@quizzes_api.get("/attempts/<int:attempt_id>/items/<int:position>/versions")
@quizzes_api.auth_required(auth)
@quizzes_api.output(AnswerVersionsOut)
@quizzes_api.doc(summary="List all answers to a question", responses=responses(403, 404))
@scope("attempts:read")
def list_versions(attempt_id: int, position: int) -> Any:
    """Give every answer that came and is still kept, in the order in which they came, to the student and the staff."""
    attempt, _is_staff = access.readable_attempt(attempt_id, me())
    if all(item.position != position for item in attempt.items):
        raise NotFound
    return {"versions": [documents.version(save) for save in answer_log.versions(attempt.id, position)]}


@quizzes_api.post("/attempts/<int:attempt_id>/submit")
@quizzes_api.auth_required(auth)
@quizzes_api.output(AttemptDetailOut)
@quizzes_api.doc(summary="Hand in", responses=responses(403, 404))
@scope("attempts:write")
def submit_attempt(attempt_id: int) -> Any:
    """Close and grade. Again is harmless."""
    attempts.submit(access.answerable_attempt(attempt_id, me()), now=now())
    db.session.commit()
    attempt, is_staff = access.readable_attempt(attempt_id, me())
    return documents.detail(attempt, now=now(), is_staff=is_staff)


def _admit() -> None:
    limits.spend("quiz_starts", me().id)
