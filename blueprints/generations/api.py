"""The JSON API of questions that a language model writes; for the staff of a course, and to ask for its teachers."""

from typing import Any

from apiflask import APIBlueprint
from flask import request, url_for

from blueprints import access
from blueprints.bank.api import written_of
from blueprints.bearer import auth, me, scope
from blueprints.generations import documents, means
from blueprints.generations.schemas import (
    AcceptIn,
    EstimateOut,
    GenerationDetailOut,
    GenerationFiguresOut,
    GenerationIn,
    GenerationSettingsIn,
    GenerationSettingsOut,
    GenerationsOut,
    GenerationsQuery,
    RegenerateIn,
    RejectIn,
    WishesOut,
    WishIn,
    WishOut,
)
from blueprints.limits import each_person
from blueprints.pages import now
from blueprints.schemas import responses
from extensions import db
from models import Course
from services.errors import InvalidInput
from services.generations import asking, reviews, statistics
from services.generations.asking import Asked
from services.generations.reviews import Edited

generations_api = APIBlueprint("generations_api", __name__, tag="Generations")
ALL = "/courses/<slug>/generations"
ONE = f"{ALL}/<int:generation_id>"
DRAFT = f"{ONE}/drafts/<int:number>"
MAX_KEY = 100


@generations_api.get(f"{ALL}/settings")
@generations_api.auth_required(auth)
@generations_api.output(GenerationSettingsOut)
@generations_api.doc(summary="Read whether a model may write questions", responses=responses(403, 404))
@scope("generations:read")
def read_generation_settings(slug: str) -> Any:
    """Give whether the course allows it, and what is left of today's budgets."""
    course, _role = access.bank(slug, me())
    return documents.settings(course, means.terms(), means.left(course, me()))


@generations_api.put(f"{ALL}/settings")
@generations_api.auth_required(auth)
@generations_api.input(GenerationSettingsIn)
@generations_api.output(GenerationSettingsOut)
@generations_api.doc(summary="Allow that a model writes questions, or no longer", responses=responses(403, 404, 422))
@scope("generations:write")
def change_generation_settings(slug: str, json_data: GenerationSettingsIn) -> Any:
    """For teachers. Texts of lessons that they choose are sent to the model from then on."""
    course = access.generated(slug, me())
    asking.allow(course, is_on=json_data.is_allowed, students=json_data.students_may_ask)
    db.session.commit()
    return documents.settings(course, means.terms(), means.left(course, me()))


@generations_api.get("/courses/<slug>/practice/wishes")
@generations_api.auth_required(auth)
@generations_api.output(WishesOut)
@generations_api.doc(summary="List what one asked for to practise", responses=responses(403, 404))
@scope("practice:read")
def list_practice_wishes(slug: str) -> Any:
    """Give one's own requests, where the course lets its students ask."""
    course = access.asking_practice(slug, me())
    rows = asking.wishes(me(), course)
    lessons = asking.lessons_by_id(course, rows)
    return {"wishes": [documents.wish(row, lessons) for row in rows]}


@generations_api.post("/courses/<slug>/practice/wishes")
@generations_api.auth_required(auth)
@generations_api.input(WishIn)
@generations_api.output(WishOut, status_code=202)
@generations_api.doc(summary="Ask for questions to practise", responses=responses(403, 404, 409, 422))
@scope("practice:write")
@each_person("generations")
def create_practice_wish(slug: str, json_data: WishIn) -> Any:
    """Have a model write some of a lesson. They earn no points, and are practised once a teacher has accepted them."""
    course = access.asking_practice(slug, me())
    lesson, count = json_data.lesson, json_data.count
    made = asking.wish(me(), course, lesson, count, means.terms(), means.redis(), key=_key(), now=now())
    db.session.commit()
    place = url_for("generations_api.list_practice_wishes", slug=slug)
    return documents.wish(made, asking.lessons_by_id(course, [made])), 202, {"Location": place}


@generations_api.post(f"{ALL}/estimate")
@generations_api.auth_required(auth)
@generations_api.input(GenerationIn)
@generations_api.output(EstimateOut)
@generations_api.doc(summary="Estimate what questions cost", responses=responses(403, 404, 422))
@scope("generations:read")
def estimate_generation(slug: str, json_data: GenerationIn) -> Any:
    """Give what such a request is likely to use, and what it may use at most. Nothing is asked of the model."""
    course, terms = access.generated(slug, me()), means.terms()
    estimate = asking.estimate(course, _asked(json_data), terms)
    left = documents.settings(course, terms, means.left(course, me()))["left"]
    likely, most = documents.budget(estimate.likely), documents.budget(estimate.most)
    return {"likely": likely, "most": most, "currency": terms.currency, "left": left}


@generations_api.get(ALL)
@generations_api.auth_required(auth)
@generations_api.input(GenerationsQuery, location="query")
@generations_api.output(GenerationsOut)
@generations_api.doc(summary="List what questions were asked for", responses=responses(403, 404, 422))
@scope("generations:read")
def list_generations(slug: str, query_data: GenerationsQuery) -> Any:
    """Give the generations of a course, the newest first."""
    course, _role = access.bank(slug, me())
    page = asking.page(course, after=query_data.after, per_page=query_data.per_page)
    lessons = asking.lessons_by_id(course, page.rows)
    return {"generations": [documents.summary(row, lessons) for row in page.rows], "after": page.after}


@generations_api.post(ALL)
@generations_api.auth_required(auth)
@generations_api.input(GenerationIn)
@generations_api.output(GenerationDetailOut, status_code=202)
@generations_api.doc(summary="Have a model write questions", responses=responses(403, 404, 409, 422))
@scope("generations:write")
@each_person("generations")
def create_generation(slug: str, json_data: GenerationIn) -> Any:
    """Ask for questions; `Location` has how far it is. The same `Idempotency-Key` again gives the same generation.

    409 where the course doesn't allow it or the site has no model, 429 where a budget of the day is used up.
    """
    course = access.generated(slug, me())
    asked = _asked(json_data)
    made = asking.request(me(), course, asked, means.terms(), means.redis(), key=_key(), now=now())
    db.session.commit()
    address = url_for("generations_api.read_generation", slug=slug, generation_id=made.id)
    return _detail(course, made.id), 202, {"Location": address}


@generations_api.get(f"{ALL}/statistics")
@generations_api.auth_required(auth)
@generations_api.output(GenerationFiguresOut)
@generations_api.doc(summary="Read how drafts fared, by the version of the prompts", responses=responses(403, 404))
@scope("generations:read")
def read_generation_statistics(slug: str) -> Any:
    """Give what the checks and the teachers took, and how the accepted questions did with students."""
    course, _role = access.bank(slug, me())
    return {"versions": statistics.of_course(course)}


@generations_api.get(ONE)
@generations_api.auth_required(auth)
@generations_api.output(GenerationDetailOut)
@generations_api.doc(summary="Read how far a generation is, with its drafts", responses=responses(403, 404))
@scope("generations:read")
def read_generation(slug: str, generation_id: int) -> Any:
    """Give its state, what it has spent, and each draft beside what it cites."""
    course, _role = access.bank(slug, me())
    return _detail(course, generation_id)


@generations_api.post(f"{ONE}/resume")
@generations_api.auth_required(auth)
@generations_api.output(GenerationDetailOut, status_code=202)
@generations_api.doc(summary="Ask for the questions that are missing", responses=responses(403, 404, 409))
@scope("generations:write")
@each_person("generations")
def resume_generation(slug: str, generation_id: int) -> Any:
    """Have written what a failed call or the checks left out. It may cost anew."""
    course = access.generated(slug, me())
    asking.resume(asking.find(course, generation_id), means.terms())
    db.session.commit()
    return _detail(course, generation_id), 202


@generations_api.post(f"{DRAFT}/accept")
@generations_api.auth_required(auth)
@generations_api.input(AcceptIn)
@generations_api.output(GenerationDetailOut)
@generations_api.doc(summary="Take a draft into the bank", responses=responses(403, 404, 409, 422))
@scope("generations:write")
def accept_draft(slug: str, generation_id: int, number: int, json_data: AcceptIn) -> Any:
    """Take it as it is, or as it was edited. In the bank it is a draft, which nobody is asked until it is ready."""
    course = access.generated(slug, me())
    draft = reviews.find(asking.find(course, generation_id), number)
    said = json_data.question
    edited = Edited(said.slug, written_of(said)) if said is not None else None
    reviews.accept(course, draft, me(), edited, now=now())
    db.session.commit()
    return _detail(course, generation_id)


@generations_api.post(f"{DRAFT}/run")
@generations_api.auth_required(auth)
@generations_api.output(GenerationDetailOut, status_code=202)
@generations_api.doc(summary="Run the answer of a draft again", responses=responses(403, 404, 409))
@scope("generations:write")
def run_draft(slug: str, generation_id: int, number: int) -> Any:
    """Of a question about code whose answer no lab could run: until one has, nobody accepts it."""
    course = access.generated(slug, me())
    reviews.run_again(reviews.find(asking.find(course, generation_id), number), me())
    db.session.commit()
    return _detail(course, generation_id), 202


@generations_api.post(f"{DRAFT}/reject")
@generations_api.auth_required(auth)
@generations_api.input(RejectIn)
@generations_api.output(GenerationDetailOut)
@generations_api.doc(summary="Put a draft away", responses=responses(403, 404, 409, 422))
@scope("generations:write")
def reject_draft(slug: str, generation_id: int, number: int, json_data: RejectIn) -> Any:
    """Say why it isn't taken; the reason is kept with the prompt's version."""
    course = access.generated(slug, me())
    reviews.reject(reviews.find(asking.find(course, generation_id), number), me(), json_data.reason, now=now())
    db.session.commit()
    return _detail(course, generation_id)


@generations_api.post(f"{DRAFT}/regenerate")
@generations_api.auth_required(auth)
@generations_api.input(RegenerateIn)
@generations_api.output(GenerationDetailOut, status_code=202)
@generations_api.doc(summary="Have another question written instead", responses=responses(403, 404, 409, 422))
@scope("generations:write")
@each_person("generations")
def regenerate_draft(slug: str, generation_id: int, number: int, json_data: RegenerateIn) -> Any:
    """Ask for one question that is different. The draft stays until the other one is there."""
    course = access.generated(slug, me())
    draft = reviews.find(asking.find(course, generation_id), number)
    reviews.regenerate(draft, me(), json_data.reason, means.terms(), now=now())
    db.session.commit()
    return _detail(course, generation_id), 202


def _key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 1 <= len(key) <= MAX_KEY:
        raise InvalidInput("Idempotency-Key", f"must have 1 to {MAX_KEY} characters")
    return key


def _asked(data: GenerationIn) -> Asked:
    return Asked(tuple(data.lessons), tuple(data.kinds), data.count, data.difficulty, data.language, data.lab)


def _detail(course: Course, generation_id: int) -> dict[str, Any]:
    row = asking.find(course, generation_id)
    return documents.detail(row, asking.lessons_by_id(course, [row]))
