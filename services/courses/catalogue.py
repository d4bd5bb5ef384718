"""The catalogue: which courses there are."""

from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Text, bindparam, func, or_, select

from database.prepared import KEEPS_PLAN
from extensions import db
from models import Activity, Course, Enrolment
from services import kept_versions
from services.errors import NotFound
from services.paging import PER_PAGE, Page, paginate
from services.searches import finds

MAX_QUERY = 100
# Who asks.
ASKS: Any = bindparam("user_id", type_=BigInteger)


def catalogue(query: str = "", page: int = 1, per_page: int = PER_PAGE, *, only_id: int | None = None) -> Page[Course]:
    """List published courses by title, or `only_id` of them; `query` is looked for in title and summary."""
    rows = select(Course).where(Course.is_published).order_by(Course.title, Course.id)
    if only_id is not None:
        rows = rows.where(Course.id == only_id)
    words = query.replace("\x00", "").strip()[:MAX_QUERY]
    if words:
        rows = rows.where(or_(finds(Course.title, words), finds(Course.summary, words)))
    return paginate(rows, page, per_page)


def look_for(slug: str) -> Course | None:
    """Return the course called `slug`; None where there is none."""
    return db.session.scalar(select(Course).where(Course.slug == slug.replace("\x00", "")))


def find(slug: str) -> Course:
    """Return the course called `slug`; raise NotFound."""
    course = look_for(slug)
    if course is None:
        raise NotFound
    return course


def find_with_role(slug: str, user_id: int | None) -> tuple[Course, str | None]:
    """Return the course called `slug`, and a person's role in it: one round trip. Raise NotFound."""
    row = db.session.execute(with_role(), {"slug": cleaned(slug), "user_id": user_id}).one_or_none()
    return noted(row, user_id)


def noted(row: Any, user_id: int | None) -> tuple[Course, str | None]:
    """Return course and role of a row of `with_role`, and note the versions that it saw; raise NotFound."""
    if not row:
        raise NotFound
    course, role, of_course, of_people, of_person = row
    versions = {kept_versions.course(course.id): of_course, kept_versions.people(course.id): of_people}
    if user_id is not None:
        versions[kept_versions.person(user_id)] = of_person
    kept_versions.saw(db.session(), versions)
    return course, role


def cleaned(slug: str) -> str:
    """Return a slug as PostgreSQL can be asked for it."""
    return slug.replace("\x00", "")


@cache
def with_role() -> Any:
    """Build the question of nearly every page once."""
    is_theirs = (Enrolment.course_id == Course.id) & (Enrolment.user_id == ASKS)
    columns = select(
        Course,
        Enrolment.role,
        kept_versions.number(func.concat("course:", Course.id)),
        kept_versions.number(func.concat("people:", Course.id)),
        kept_versions.number(func.concat("person:", ASKS)),
    ).outerjoin(Enrolment, is_theirs)
    return columns.where(Course.slug == bindparam("slug", type_=Text)).execution_options(**KEEPS_PLAN)


def with_labs() -> list[Course]:
    """Return every course that has labs, by slug."""
    labs = select(Activity.course_id).where(Activity.kind == "lab", ~Activity.is_archived)
    return list(db.session.scalars(select(Course).where(Course.id.in_(labs)).order_by(Course.slug)))
