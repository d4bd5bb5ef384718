"""Who belongs to a course, and in which role."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import contains_eager

from extensions import db
from models import Activity, Completion, Course, CourseTotal, Enrolment, User
from models.enrolment import ROLES
from services import audit, kept_versions, policy
from services.accounts import identities
from services.errors import Conflict, Forbidden, InvalidInput, NotFound
from services.paging import PER_PAGE, Page, paginate


def role_of(user_id: int | None, course: Course) -> str | None:
    """Return a person's role in a course, or None."""
    if user_id is None:
        return None
    return db.session.scalar(
        select(Enrolment.role).where(Enrolment.course_id == course.id, Enrolment.user_id == user_id)
    )


def teaches(user_id: int) -> bool:
    """Say whether a person is the teacher of any course."""
    query = select(Enrolment.course_id).where(Enrolment.user_id == user_id, Enrolment.role == "teacher").limit(1)
    return db.session.scalar(query) is not None


def roles(user_id: int) -> dict[int, str]:
    """Return a person's role in each course that they belong to, by the course's ID."""
    query = select(Enrolment.course_id, Enrolment.role).where(Enrolment.user_id == user_id)
    return dict(db.session.execute(query).tuples().all())


def taught(user_id: int) -> list[Course]:
    """Return the courses that a person teaches, by title."""
    query = select(Course).join(Enrolment).where(Enrolment.user_id == user_id, Enrolment.role == "teacher")
    return list(db.session.scalars(query.order_by(Course.title, Course.id)))


def enrolments_of(user_id: int) -> list[Enrolment]:
    """Return a person's enrolments with their courses, newest first."""
    of_course = kept_versions.number(func.concat("course:", Enrolment.course_id))
    query = (
        select(Enrolment, of_course, kept_versions.number(kept_versions.person(user_id)))
        .join(Enrolment.course)
        .options(contains_eager(Enrolment.course))
        .where(Enrolment.user_id == user_id)
        .order_by(Enrolment.enrolled_at.desc(), Enrolment.course_id)
    )
    rows = db.session.execute(query).all()
    versions = {kept_versions.course(enrolment.course_id): number for enrolment, number, _own in rows}
    if rows:
        versions[kept_versions.person(user_id)] = rows[0][2]
    kept_versions.saw(db.session(), versions)
    return [enrolment for enrolment, *_numbers in rows]


def enrol(user: User, course: Course, code: str | None, *, now: datetime) -> None:
    """Make a person a student of a course; again is harmless. A wrong code is InvalidInput."""
    if role_of(user.id, course):
        return
    if course.enrolment == "closed" or not course.is_published:
        raise Forbidden("This course takes no new students.")
    if not policy.may_enrol(course, code):
        raise InvalidInput("code", "That isn't this course's code." if code else "Please enter the course's code.")
    _add(user.id, course.id, "student", now)


def by_code(code: str) -> Course:
    """Return the published course that a code opens; raise InvalidInput for a wrong one."""
    given = code.replace("\x00", "").strip().lower()
    query = select(Course).where(
        func.lower(Course.enrol_code) == given, Course.enrolment == "code", Course.is_published
    )
    course = db.session.scalars(query.limit(1)).first() if given else None
    if course is None:
        raise InvalidInput("code", "No course has that code. Check it with your teacher.")
    return course


def leave(user: User, course: Course) -> None:
    """Take a person out of a course; their work stays, for when they come back."""
    role = role_of(user.id, course)
    if role == "teacher" and _teachers(course) == 1:
        raise Conflict("You are the only teacher of this course. Make somebody else a teacher first.")
    db.session.execute(delete(Enrolment).where(Enrolment.course_id == course.id, Enrolment.user_id == user.id))


def people(course: Course, page: int = 1, per_page: int = PER_PAGE) -> Page[Any]:
    """List (Enrolment with its user, points, activities done) by role and name."""
    done = (
        select(func.count())
        .select_from(Completion)
        .join(Activity, Activity.id == Completion.activity_id)
        .where(Completion.user_id == Enrolment.user_id, Activity.course_id == course.id, ~Activity.is_archived)
        .correlate(Enrolment)
        .scalar_subquery()
    )
    query = (
        select(Enrolment, func.coalesce(CourseTotal.points, 0), done)
        .join(Enrolment.user)
        .options(contains_eager(Enrolment.user))
        .outerjoin(
            CourseTotal,
            (CourseTotal.course_id == Enrolment.course_id) & (CourseTotal.user_id == Enrolment.user_id),
        )
        .where(Enrolment.course_id == course.id)
        .order_by(Enrolment.role.desc(), User.display_name, User.id)
    )
    return paginate(query, page, per_page)


def set_role(course: Course, user_id: int, role: str | None, *, now: datetime) -> None:
    """Give a person a role in a course, or with None take them out. A course keeps one teacher."""
    if role is not None and role not in ROLES:
        raise InvalidInput("role", f"must be one of {', '.join(ROLES)}")
    # Two teachers who demote each other at once would leave none: one of them waits here. Who writes rows that belong
    # to the course doesn't wait.
    db.session.execute(select(Course.id).where(Course.id == course.id).with_for_update(key_share=True))
    current = db.session.get(Enrolment, (course.id, user_id), populate_existing=True)
    if current is None and role is None:
        raise NotFound
    if current is not None and current.role == "teacher" and role != "teacher" and _teachers(course) == 1:
        raise Conflict("A course needs a teacher. Make somebody else a teacher first.")
    old = current.role if current is not None else None
    if {role, old} & set(policy.STAFF):
        # A site may ask more of staff, and that comes with who somebody is.
        identities.changed(user_id)
    if role != old:
        audit.note("enrolment.set", course.id, person_id=user_id, old=old, new=role)
    if role is None:
        db.session.delete(current)
    elif current is None:
        _add(user_id, course.id, role, now)
    else:
        current.role = role
    db.session.flush()


def require_member(course: Course, user_id: int) -> Enrolment:
    """Return a person's place in the course; raise NotFound for somebody who isn't in it."""
    enrolment = db.session.get(Enrolment, (course.id, user_id)) if user_id < 2**63 else None
    if enrolment is None:
        raise NotFound
    return enrolment


def place_of(course: Course, user: User) -> Enrolment | None:
    """Return a person's place in the course, if they have one."""
    return db.session.get(Enrolment, (course.id, user.id))


def _add(user_id: int, course_id: int, role: str, now: datetime) -> None:
    row = insert(Enrolment).values(user_id=user_id, course_id=course_id, role=role, enrolled_at=now)
    db.session.execute(row.on_conflict_do_nothing())


def _teachers(course: Course) -> int:
    query = select(func.count()).where(Enrolment.course_id == course.id, Enrolment.role == "teacher")
    return db.session.scalar(query) or 0
