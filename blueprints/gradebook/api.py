"""The JSON API of the gradebook."""

from fractions import Fraction
from typing import Any

from apiflask import APIBlueprint

from blueprints import access
from blueprints.bearer import auth, me, scope
from blueprints.gradebook.schemas import BookOut, BookQuery, MarkIn, StudentOut
from blueprints.pages import now
from blueprints.schemas import responses
from extensions import db
from models import Activity
from services.courses.outlines import activity
from services.gradebook import books, marks, orders
from services.gradebook.books import Row
from services.gradebook.schemes import Scheme, scheme_of
from services.gradebook.sources import Cell

gradebook_api = APIBlueprint("gradebook_api", __name__, tag="Grades")


@gradebook_api.get("/courses/<slug>/gradebook")
@gradebook_api.auth_required(auth)
@gradebook_api.input(BookQuery, location="query")
@gradebook_api.output(BookOut)
@gradebook_api.doc(summary="Read a page of the gradebook", responses=responses(403, 404, 422))
@scope("grades:read")
def read_gradebook(slug: str, query_data: BookQuery) -> Any:
    """Give the students with their scores and grades, by name or in another order; for the course's staff."""
    course, _role = access.people(slug, me())
    scheme = scheme_of(course)
    order = orders.read(scheme, query_data.sort, is_descending=query_data.order == "desc")
    page = books.page(course, scheme, query_data.q, query_data.page, query_data.per_page, order)
    students = [_row(scheme, row) for row in page.rows]
    sizes = {"page": page.number, "pages": page.pages, "total": page.total}
    return {"categories": scheme.categories, "students": students, **sizes}


@gradebook_api.get("/courses/<slug>/gradebook/<int:user_id>")
@gradebook_api.auth_required(auth)
@gradebook_api.output(StudentOut)
@gradebook_api.doc(summary="Read a student's grades", responses=responses(403, 404))
@scope("grades:read")
def read_student(slug: str, user_id: int) -> Any:
    """Give one student's scores and grade; for the course's staff."""
    course, person = access.graded_student(slug, user_id, me())
    return _student(scheme_of(course), person)


@gradebook_api.put("/courses/<slug>/gradebook/<int:user_id>/<item>")
@gradebook_api.auth_required(auth)
@gradebook_api.input(MarkIn)
@gradebook_api.output(StudentOut)
@gradebook_api.doc(summary="Set a student's score by hand", responses=responses(403, 404, 422))
@scope("grades:write")
def put_mark(slug: str, user_id: int, item: str, json_data: MarkIn) -> Any:
    """Set what counts for a student in place of what they earned; for the course's staff."""
    course, person = access.graded_student(slug, user_id, me())
    chosen: Activity = activity(course, item, Activity)
    percent = None if json_data.percent is None else Fraction(str(json_data.percent))
    marks.put(
        person.id,
        chosen.id,
        percent=percent,
        is_exempt=json_data.is_exempt,
        note=json_data.note,
        by_id=me().id,
        now=now(),
    )
    db.session.commit()
    return _student(scheme_of(course), person)


@gradebook_api.get("/courses/<slug>/grades")
@gradebook_api.auth_required(auth)
@gradebook_api.output(StudentOut)
@gradebook_api.doc(summary="Read one's own grades", responses=responses(403, 404))
@scope("grades:read")
def read_grades(slug: str) -> Any:
    """Give the caller's own scores and grade, as far as quizzes show them yet."""
    course, _role = access.study(slug, me())
    scheme = scheme_of(course)
    return _told(scheme, books.as_student(scheme, me(), now=now()))


def _student(scheme: Scheme, person: Any) -> dict[str, Any]:
    return _told(scheme, books.of_student(scheme, person))


def _told(scheme: Scheme, row: Row) -> dict[str, Any]:
    return {"categories": scheme.categories, "student": _row(scheme, row)}


def _row(scheme: Scheme, row: Row) -> dict[str, Any]:
    names = {"user_id": row.user_id, "name": row.name, "email": row.email}
    grade = {"so_far": row.grade.so_far, "total": row.grade.total}
    parts = [part.share for part in row.grade.parts]
    told = [{"slug": item.slug, **vars(row.cells.get(item.id, Cell()))} for item in scheme.items]
    return {**names, **grade, "parts": parts, "scores": told}
