"""A class is brought in from a list: looked at first, then all of it at once.

Who has an account gets the place at once. A place for somebody without one is kept by their address, and is taken by
the account that shows that the address is its own (a trigger does it, whichever way that is shown).
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import Cohort, Course, Enrolment, ExpectedPlace, User
from reasons import Code, Reason
from services import audit
from services.courses import cohorts, members, roster_files
from services.courses.roster_files import Line
from services.errors import Refused

# What a line does: a new place, one of another role or cohort, one kept for an address, nothing, or it is none.
ALL = NEW, CHANGED, EXPECTED, SAME, WRONG = "new", "changed", "expected", "same", "wrong"
# What somebody has to look at comes first.
SHOWN = (WRONG, NEW, CHANGED, EXPECTED, SAME)


@dataclass(frozen=True)
class Row:
    """A line of a list and what it does; `user_id` is None for an address without an account."""

    line: Line
    does: str
    user_id: int | None = None
    name: str = ""
    old_role: str | None = None


@dataclass(frozen=True)
class Plan:
    """What a list does, line by line, and the cohorts that it makes; `digest` names exactly that."""

    rows: Sequence[Row]
    cohorts: Sequence[str]

    @property
    def digest(self) -> str:
        """Return a digest of what is done to whom."""
        done = [(row.line.email, row.line.role, row.line.cohort, row.does, row.user_id) for row in self.rows]
        return hashlib.sha256(json.dumps([done, list(self.cohorts)]).encode()).hexdigest()

    def count(self, what: str) -> int:
        """Return how many lines do something."""
        return sum(row.does == what for row in self.rows)


def plan(course: Course, data: bytes) -> Plan:
    """Say what a list does: three questions, whatever its length. Raise InvalidInput where it is no list."""
    lines = roster_files.read(data)
    emails = [line.email for line in lines if line.fault is None]
    people = {row.email.lower(): row for row in _people(course, emails)}
    kept = _expected(course, emails)
    known = {cohort.name.lower(): cohort.id for cohort in cohorts.of(course)}
    made: dict[str, str] = {}
    for line in lines:
        if line.fault is None and line.cohort and line.cohort.lower() not in known:
            made.setdefault(line.cohort.lower(), line.cohort)
    return Plan([_row(line, people, kept, known) for line in lines], list(made.values()))


def apply(course: Course, data: bytes, *, digest: str, now: datetime) -> Plan:
    """Give the places as the plan with this digest says; refused where it is another one by now.

    Lines that are wrong are left out. A course keeps a teacher.
    """
    # As whoever changes roles: two who do take turns.
    db.session.execute(select(Course.id).where(Course.id == course.id).with_for_update(key_share=True))
    wanted = plan(course, data)
    if wanted.digest != digest:
        raise Refused(Reason(Code.ROSTER_STALE))
    for name in wanted.cohorts:
        cohorts.add(course, name)
    ids = {cohort.name.lower(): cohort.id for cohort in cohorts.of(course)}
    for row in wanted.rows:
        if row.does == CHANGED and row.user_id is not None:
            # One by one: a course keeps a teacher, and whoever may do less loses what is open.
            members.set_role(course, row.user_id, row.line.role, now=now)
            _put(course, row.user_id, ids.get(row.line.cohort.lower()))
    _give(course, [row for row in wanted.rows if row.does == NEW], ids, now)
    _expect(course, [row.line for row in wanted.rows if row.does == EXPECTED], ids, now)
    counts = {does: wanted.count(does) for does in (NEW, CHANGED, EXPECTED)}
    people = [row.user_id for row in wanted.rows if row.does == NEW]
    audit.note("roster.imported", course.id, people=people, **counts)
    db.session.expire_all()
    return wanted


def _people(course: Course, emails: Sequence[str]) -> Sequence[Any]:
    query = (
        select(func.lower(User.email).label("email"), User.id, User.display_name, Enrolment.role, Enrolment.cohort_id)
        .outerjoin(Enrolment, (Enrolment.user_id == User.id) & (Enrolment.course_id == course.id))
        .where(func.lower(User.email).in_(emails))
        # Whoever registered with another's address has nothing of it before that is shown to be theirs.
        .where(or_(User.confirmed_at.is_not(None), Enrolment.role.is_not(None)))
    )
    return db.session.execute(query).all()


def _expected(course: Course, emails: Sequence[str]) -> dict[str, tuple[str, int | None]]:
    query = select(ExpectedPlace.email, ExpectedPlace.role, ExpectedPlace.cohort_id)
    query = query.where(ExpectedPlace.course_id == course.id, ExpectedPlace.email.in_(emails))
    return {email: (role, cohort_id) for email, role, cohort_id in db.session.execute(query).tuples()}


def _row(line: Line, people: dict[str, Any], kept: dict[str, tuple[str, int | None]], known: dict[str, int]) -> Row:
    if line.fault is not None:
        return Row(line, WRONG)
    cohort_id = known.get(line.cohort.lower()) if line.cohort else None
    person = people.get(line.email)
    if person is None:
        is_same = kept.get(line.email) == (line.role, cohort_id) and (not line.cohort or cohort_id is not None)
        return Row(line, SAME if is_same else EXPECTED)
    shown = {"user_id": person.id, "name": person.display_name, "old_role": person.role}
    if person.role is None:
        return Row(line, NEW, **shown)
    is_same = person.role == line.role and (not line.cohort or person.cohort_id == cohort_id)
    return Row(line, SAME if is_same else CHANGED, **shown)


def _give(course: Course, rows: Sequence[Row], ids: dict[str, int], now: datetime) -> None:
    values = [
        {
            "course_id": course.id,
            "user_id": row.user_id,
            "role": row.line.role,
            "enrolled_at": now,
            "cohort_id": ids.get(row.line.cohort.lower()),
        }
        for row in sorted(rows, key=lambda row: row.user_id or 0)
    ]
    if not values:
        return
    db.session.execute(insert(Enrolment).values(values).on_conflict_do_nothing())


def _put(course: Course, user_id: int, cohort_id: int | None) -> None:
    """Put somebody into a cohort; of whom the list says none, they stay in theirs."""
    place = db.session.get_one(Enrolment, (course.id, user_id))
    if cohort_id is not None and place.cohort_id != cohort_id:
        cohorts.put(place, db.session.get_one(Cohort, cohort_id))


def _expect(course: Course, lines: Sequence[Line], ids: dict[str, int], now: datetime) -> None:
    values = [
        {
            "course_id": course.id,
            "email": line.email,
            "role": line.role,
            "cohort_id": ids.get(line.cohort.lower()),
            "made_at": now,
        }
        for line in lines
    ]
    if values:
        row = insert(ExpectedPlace).values(values)
        said = {"role": row.excluded.role, "cohort_id": row.excluded.cohort_id}
        db.session.execute(
            row.on_conflict_do_update(index_elements=[ExpectedPlace.course_id, ExpectedPlace.email], set_=said)
        )


def expected(course: Course) -> list[dict[str, Any]]:
    """Return the places that are kept, by address."""
    query = (
        select(ExpectedPlace.email, ExpectedPlace.role, Cohort.name.label("cohort"), ExpectedPlace.made_at)
        .outerjoin(Cohort, Cohort.id == ExpectedPlace.cohort_id)
        .where(ExpectedPlace.course_id == course.id)
        .order_by(ExpectedPlace.email)
    )
    return [dict(row) for row in db.session.execute(query).mappings()]


def forget(course: Course, email: str) -> bool:
    """Keep no place for an address any more; return whether there was one."""
    gone = delete(ExpectedPlace).where(ExpectedPlace.course_id == course.id, ExpectedPlace.email == email.lower())
    was_there = bool(db.session.execute(gone.returning(ExpectedPlace.email)).all())
    if was_there:
        # The log is kept for ever, so it doesn't have the whole address of somebody without an account.
        local, _at, domain = email.lower().partition("@")
        audit.note("expected_place.removed", course.id, address=f"{local[:1]}…@{domain}")
    return was_there
