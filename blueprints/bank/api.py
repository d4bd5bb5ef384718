"""The JSON API of a course's bank of questions; for its staff, and to change it for its teachers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from apiflask import APIBlueprint
from flask import url_for

from blueprints import access
from blueprints.bank import documents
from blueprints.bank.schemas import (
    BankedDetailOut,
    BankOut,
    BankQuery,
    EditIn,
    MoveIn,
    NewQuestionIn,
    PreviewOut,
    PreviewQuery,
    QuestionIn,
)
from blueprints.bearer import auth, me, scope
from blueprints.schemas import responses
from extensions import db
from question_hints import Hint
from question_rubrics import RubricItem
from question_types import type_of
from services.bank import previews, questions, states, usage
from services.bank.questions import Filter, Written
from services.bank.usage import Given
from services.errors import InvalidInput
from services.quizzes.lab_checks import NotInCourse

bank_api = APIBlueprint("bank_api", __name__, tag="Bank")


@bank_api.get("/courses/<slug>/bank")
@bank_api.auth_required(auth)
@bank_api.input(BankQuery, location="query")
@bank_api.output(BankOut)
@bank_api.doc(summary="List the questions of a course", responses=responses(403, 404, 422))
@scope("bank:read")
def list_bank(slug: str, query_data: BankQuery) -> Any:
    """Give the questions that match, also those in quizzes, by slug."""
    course, _role = access.bank(slug, me())
    wanted = Filter(query_data.tag, query_data.state or "", query_data.difficulty or "", query_data.text)
    page = questions.page(course, wanted, after=query_data.after, per_page=query_data.per_page)
    given = usage.given(row.id for row in page.rows)
    rows = [documents.summary(row, given.get(row.id, Given())) for row in page.rows]
    return {"questions": rows, "after": page.after}


@bank_api.post("/courses/<slug>/bank")
@bank_api.auth_required(auth)
@bank_api.input(NewQuestionIn)
@bank_api.output(BankedDetailOut, status_code=201)
@bank_api.doc(summary="Write a question", responses=responses(403, 404, 422))
@scope("bank:write")
def create_question(slug: str, json_data: NewQuestionIn) -> Any:
    """Add a draft to the bank."""
    course = access.edited_bank(slug, me())
    said = written_of(json_data)
    with _own_fields_named():
        made = questions.create(course, json_data.slug, said)
    db.session.commit()
    address = url_for("bank_api.read_question", slug=slug, question_id=made.id)
    return documents.detail(questions.find(course, made.id)), 201, {"Location": address}


@bank_api.get("/courses/<slug>/bank/<int:question_id>")
@bank_api.auth_required(auth)
@bank_api.output(BankedDetailOut)
@bank_api.doc(summary="Read a question, with its usage", responses=responses(403, 404))
@scope("bank:read")
def read_question(slug: str, question_id: int) -> Any:
    """Give what a question says now, its versions, and which quizzes ask it."""
    course, _role = access.bank(slug, me())
    return documents.detail(questions.find(course, question_id))


@bank_api.put("/courses/<slug>/bank/<int:question_id>")
@bank_api.auth_required(auth)
@bank_api.input(EditIn)
@bank_api.output(BankedDetailOut)
@bank_api.doc(summary="Edit a question", responses=responses(403, 404, 409, 422))
@scope("bank:write")
def edit_question(slug: str, question_id: int, json_data: EditIn) -> Any:
    """Make a new version. Attempts keep the one that they showed; 409 where somebody else was faster."""
    course = access.edited_bank(slug, me())
    said = written_of(json_data)
    with _own_fields_named():
        questions.edit(course, question_id, said, based_on=json_data.based_on)
    db.session.commit()
    return documents.detail(questions.find(course, question_id))


@bank_api.post("/courses/<slug>/bank/<int:question_id>/state")
@bank_api.auth_required(auth)
@bank_api.input(MoveIn)
@bank_api.output(BankedDetailOut)
@bank_api.doc(summary="Move a question to another state", responses=responses(403, 404, 409, 422))
@scope("bank:write")
def move_question(slug: str, question_id: int, json_data: MoveIn) -> Any:
    """Move it from the state that the caller saw; only what is ready is asked."""
    course = access.edited_bank(slug, me())
    states.move(questions.find(course, question_id), old=json_data.old, new=json_data.new)
    db.session.commit()
    return documents.detail(questions.find(course, question_id))


@bank_api.get("/courses/<slug>/bank/<int:question_id>/preview")
@bank_api.auth_required(auth)
@bank_api.input(PreviewQuery, location="query")
@bank_api.output(PreviewOut)
@bank_api.doc(summary="See a question as a student does", responses=responses(403, 404, 422))
@scope("bank:read")
def preview_question(slug: str, question_id: int, query_data: PreviewQuery) -> Any:
    """Give what an attempt with this seed shows of the question, in a quiz that shuffles."""
    course, _role = access.bank(slug, me())
    question = questions.find(course, question_id)
    shown, version = previews.of_question(question, query_data.seed), documents.current(question)
    return {
        "seed": query_data.seed,
        "kind": version.kind,
        "prompt_html": type_of(version.kind).prompt(version.prompt_html, version.spec, shown.frozen),
        "points": version.points,
        "frozen": shown.frozen,
    }


def written_of(data: QuestionIn) -> Written:
    """Return what a version is made of; raise InvalidInput, which names the place in the body."""
    try:
        spec = questions.parse(data.kind, data.fields)
    except InvalidInput as error:
        if error.field == "kind":
            raise
        raise _below_fields(error) from error
    return Written(
        kind=data.kind,
        prompt=data.prompt,
        spec=spec,
        points=data.points,
        feedback=data.feedback,
        tags=tuple(data.tags),
        difficulty=data.difficulty,
        hints=tuple(Hint(hint.text, str(hint.price)) for hint in data.hints),
        rubric=tuple(RubricItem(item.slug, item.text, item.points) for item in data.rubric),
    )


@contextmanager
def _own_fields_named() -> Iterator[None]:
    try:
        yield
    except NotInCourse as error:
        raise _below_fields(error) from error


def _below_fields(error: InvalidInput) -> InvalidInput:
    """Name a fault in one of the type's own fields by its place in the body."""
    return InvalidInput(f"fields.{error.field}", error.reason or error.message)
