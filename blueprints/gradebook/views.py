"""The gradebook of a course, for its staff: all students, one student with what is set by hand, and a file."""

from collections.abc import Iterator
from fractions import Fraction

from flask import Blueprint, Response, flash, redirect, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from blueprints import access
from blueprints.pages import login_required, me, now
from extensions import db
from models import Activity, Course, User
from services import csv_cells
from services.courses.outlines import activity
from services.errors import InvalidInput
from services.gradebook import books, marks, orders
from services.gradebook.schemes import Scheme, scheme_of
from services.gradebook.sources import Cell

gradebook = Blueprint("gradebook", __name__)


@gradebook.get("/courses/<slug>/gradebook")
@login_required
def show(slug: str) -> ResponseReturnValue:
    """Show a page of the students with their grades; `q` looks for a name or an address, `sort` and `order` are as in
    the API. An order that isn't there, of an item that was archived, is that by name."""
    course, _role = access.people(slug, me())
    scheme, search = scheme_of(course), request.args.get("q", "").strip()
    sort, is_descending = request.args.get("sort", orders.NAME), request.args.get("order") == "desc"
    try:
        order = orders.read(scheme, sort, is_descending=is_descending)
    except InvalidInput:
        sort, order = orders.NAME, books.BY_NAME
    page = books.page(course, scheme, search, request.args.get("page", 1, int), order=order)
    said = {"q": search, "sort": "" if order == books.BY_NAME else sort, "order": "desc" if order.is_descending else ""}
    return render_template(
        "gradebook/show.html",
        course=course,
        scheme=scheme,
        page=page,
        search=search,
        sort=sort,
        order=order,
        said={name: value for name, value in said.items() if value},
    )


@gradebook.get("/courses/<slug>/gradebook.csv")
@login_required
def table(slug: str) -> ResponseReturnValue:
    """Give a line for each student, as they are read."""
    course, _role = access.people(slug, me())
    scheme = scheme_of(course)
    lines = csv_cells.lines(_lines(scheme, books.everybody(course, scheme)))
    response = Response(stream_with_context(lines), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{course.slug}-grades.csv"'
    return response


@gradebook.get("/courses/<slug>/gradebook/<int:user_id>")
@login_required
def student(slug: str, user_id: int) -> ResponseReturnValue:
    """Show how one student's grade comes about, with forms to set a score or to exempt."""
    course, person = access.graded_student(slug, user_id, me())
    return _student_page(course, person)


@gradebook.post("/courses/<slug>/gradebook/<int:user_id>/<item>")
@login_required
def set_mark(slug: str, user_id: int, item: str) -> ResponseReturnValue:
    """Set a student's score for an activity, exempt them from it, or take that back."""
    course, person = access.graded_student(slug, user_id, me())
    chosen: Activity = activity(course, item, Activity)
    try:
        marks.put(
            person.id,
            chosen.id,
            percent=marks.read_percent("percent", request.form.get("percent", "")),
            is_exempt="is_exempt" in request.form,
            note=request.form.get("note", ""),
            by_id=me().id,
            now=now(),
        )
    except InvalidInput as error:
        return _student_page(course, person, fault=error, faulty=chosen.id), 422
    db.session.commit()
    flash(_("Saved."), "success")
    return redirect(url_for("gradebook.student", slug=slug, user_id=user_id, _anchor=f"item-{chosen.id}"))


def _student_page(course: Course, person: User, fault: InvalidInput | None = None, faulty: int | None = None) -> str:
    scheme = scheme_of(course)
    return render_template(
        "gradebook/student.html",
        course=course,
        person=person,
        scheme=scheme,
        row=books.of_student(scheme, person),
        fault=fault,
        faulty=faulty,
        typed=request.form,
    )


def _lines(scheme: Scheme, rows: Iterator[books.Row]) -> Iterator[list[csv_cells.Cell]]:
    """Yield the columns' names, then the students; shares are per cent, and empty where there is no score."""
    titles = [category.title or _("All") for category in scheme.categories]
    items = list(scheme.items)
    yield [_("Name"), _("Address"), _("Grade so far"), _("Grade in total"), *titles, *(item.title for item in items)]
    for row in rows:
        shares = [row.grade.so_far, row.grade.total, *(part.share for part in row.grade.parts)]
        yield [row.name, row.email, *map(_percent, shares), *(_shown(row.cells.get(item.id)) for item in items)]


def _shown(cell: Cell | None) -> csv_cells.Cell:
    if cell is None:
        return None
    return _("exempt") if cell.is_exempt else _percent(cell.share)


def _percent(share: Fraction | None) -> float | None:
    return None if share is None else round(float(100 * share), 2)
