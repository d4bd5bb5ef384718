"""Rows of the gradebook: of a page of students, of one student, of everybody in turn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Select, or_, select, tuple_

from extensions import db
from models import Course, Enrolment, User
from services.gradebook import grades, sources
from services.gradebook.grades import Grade
from services.gradebook.orders import NAME, Order
from services.gradebook.schemes import Scheme
from services.gradebook.sources import Cells
from services.paging import Page, clamp, paginate
from services.searches import finds

PER_PAGE = 50
CHUNK = 500
BY_NAME = Order()


@dataclass(frozen=True)
class Row:
    """A student with their scores and grade."""

    user_id: int
    name: str
    email: str
    cells: Cells
    grade: Grade


def page(
    course: Course,
    scheme: Scheme,
    search: str = "",
    number: int = 1,
    per_page: int = PER_PAGE,
    order: Order = BY_NAME,
) -> Page[Row]:
    """Return a page of the course's students; `search` is a part of a name or an address.

    By a score everybody's are read first, as far as the order asks for them: as many statements for any number.
    """
    if order.by == NAME:
        found = paginate(_students(course, search, is_descending=order.is_descending), number, per_page)
        return Page(_rows(scheme, found.rows), found.number, found.pages, found.total)
    number, people = clamp(number), db.session.execute(_students(course, search)).all()
    asked = order.narrowed(scheme)
    cells = sources.cells_of(asked, [person.id for person in people]) if people else {}
    chosen = order.sorted(asked, people, cells)[(number - 1) * per_page : number * per_page]
    rows = _rows(scheme, chosen) if asked != scheme else [_row(scheme, each, cells[each.id]) for each in chosen]
    return Page(rows, number, max(1, -(-len(people) // per_page)), len(people))


def everybody(course: Course, scheme: Scheme) -> Iterator[Row]:
    """Yield every student of the course by name. A part of them is in memory at a time."""
    after: Any = None
    while True:
        query = _students(course, "").limit(CHUNK)
        if after is not None:
            query = query.where(tuple_(User.display_name, User.id) > tuple_(after.display_name, after.id))
        people = db.session.execute(query).all()
        yield from _rows(scheme, people)
        if len(people) < CHUNK:
            return
        after = people[-1]


def of_student(scheme: Scheme, user: User) -> Row:
    """Return the row of one student, as the staff sees it."""
    return _row(scheme, user, sources.cells_of(scheme, [user.id])[user.id])


def as_student(scheme: Scheme, user: User, *, now: datetime) -> Row:
    """Return a student's row as they see it themselves: with the scores that are shown to them."""
    cells = sources.cells_of(scheme, [user.id])[user.id]
    shown = sources.as_student(cells, scheme, now)
    # Their address would be one more question to the database: it doesn't come with the session.
    return Row(user.id, user.display_name, "", shown, _grade(scheme, shown))


def what_if(scheme: Scheme, row: Row, supposed: Mapping[int, Fraction]) -> Grade:
    """Return the grade that a student would have with other shares of some items."""
    shares = sources.shares(row.cells) | dict(supposed)
    return grades.grade(scheme, shares, sources.exempt(row.cells))


def _students(course: Course, search: str, *, is_descending: bool = False) -> Select[int, str, str]:
    name = User.display_name.desc() if is_descending else User.display_name
    query = (
        select(User.id, User.display_name, User.email)
        .join(Enrolment, Enrolment.user_id == User.id)
        .where(Enrolment.course_id == course.id, Enrolment.role == "student")
        .order_by(name, User.id)
    )
    search = search.replace("\x00", "").strip()
    if search:
        query = query.where(
            or_(
                finds(User.display_name, search),
                finds(User.email, search),
            )
        )
    return query


def _rows(scheme: Scheme, people: Sequence[Any]) -> list[Row]:
    cells = sources.cells_of(scheme, [person.id for person in people]) if people else {}
    return [_row(scheme, person, cells[person.id]) for person in people]


def _row(scheme: Scheme, person: Any, cells: Cells) -> Row:
    return Row(person.id, person.display_name, person.email, cells, _grade(scheme, cells))


def _grade(scheme: Scheme, cells: Cells) -> Grade:
    return grades.grade(scheme, sources.shares(cells), sources.exempt(cells))
