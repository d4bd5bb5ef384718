"""Names and roles: who is in a course of a platform, read when a teacher asks, and brought into the course here.

Whoever is known here by what the platform calls them gets their place at once; others get it when they come, and are
listed until then. Nobody loses a place by a list.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin

from sqlalchemy import ColumnElement, ScalarSelect, func, select, update
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import Enrolment, LtiContext, LtiMember, OutsideIdentity
from reasons import Code, Reason
from services import leases, live
from services.errors import Refused
from services.lti.line_items import TOPIC
from services.lti.vocabulary import role_here
from services.outbound import Answer

RETRIES = leases.Retries(most=6, first=timedelta(seconds=5), longest=timedelta(minutes=5))
MEMBERS_TYPE = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
MOST_PAGES, MOST_MEMBERS = 200, 20_000


@dataclass(frozen=True)
class Person:
    """Somebody in a platform's list."""

    subject: str
    name: str
    role: str | None
    is_active: bool


def ask(context: LtiContext, *, now: datetime) -> None:
    """Have the list of a platform's course read; refused where the platform hasn't offered one."""
    if not context.members_url:
        raise Refused(Reason(Code.LTI_NO_ROSTER))
    if context.asked_at is None:
        leases.set_on(context, {"asked_at": now, "roster_reason": None, "tries": 0, **leases.FREE})
    live.nudge(TOPIC)


def claim(now: datetime, held: Collection[int] = ()) -> LtiContext | None:
    """Take the course whose list was asked for first; None where there is none."""
    found = leases.next_due(
        LtiContext, now, LtiContext.asked_at.is_not(None), order_by=[LtiContext.asked_at, LtiContext.id], but=held
    )
    if found is not None:
        leases.set_on(found, {**leases.held(now), "tries": leases.tries_of(found)})
    return found


def people_of(answer: Answer) -> list[Person]:
    """Read a page of a list; raise ValueError where it is none."""
    said = answer.json()
    listed = said.get("members") if isinstance(said, dict) else None
    if not isinstance(listed, list):
        raise ValueError("no members")
    return [person for each in listed if (person := _person(each)) is not None]


def next_page(answer: Answer, url: str) -> str | None:
    """Return where a list goes on (RFC 8288)."""
    for part in answer.headers.get("link", "").split(","):
        target, _, rest = part.strip().partition(">")
        if target.startswith("<") and any(each.strip().replace('"', "") == "rel=next" for each in rest.split(";")):
            return urljoin(url, target[1:])
    return None


def apply(context: LtiContext, people: Sequence[Person], *, now: datetime) -> int:
    """Note who is in a platform's course, and give places to those who are known here; return how many places."""
    # Of one who is there twice, the last counts.
    listed = {person.subject: person for person in people}
    owners = _owners(context.platform.authority, list(listed))
    rows = [
        {
            "context_id": context.id,
            "subject": subject,
            "user_id": owners.get(subject),
            "name": person.name,
            "role": person.role,
            "is_active": person.is_active,
            "seen_at": now,
        }
        for subject, person in sorted(listed.items())
    ]
    for begin in range(0, len(rows), 1000):
        row = insert(LtiMember).values(rows[begin : begin + 1000])
        names = ("name", "role", "is_active", "seen_at")
        said: dict[str, Any] = {name: row.excluded[name] for name in names}
        said["user_id"] = func.coalesce(row.excluded.user_id, LtiMember.user_id)
        db.session.execute(row.on_conflict_do_update(index_elements=["context_id", "subject"], set_=said))
    gone = update(LtiMember).where(LtiMember.context_id == context.id, LtiMember.seen_at < now)
    db.session.execute(gone.values(is_active=False).execution_options(synchronize_session=False))
    places = [
        {"user_id": owners[subject], "course_id": context.course_id, "role": person.role, "enrolled_at": now}
        for subject, person in sorted(listed.items())
        if subject in owners and person.role is not None and person.is_active
    ]
    given = 0
    for place in places:
        new = insert(Enrolment).values(place).on_conflict_do_nothing().returning(Enrolment.user_id)
        given += len(db.session.execute(new).all())
    return given


def finish(context_id: int, now: datetime) -> None:
    """Note that a list was read."""
    _move(context_id, {"asked_at": None, "read_at": now, "roster_reason": None, "tries": 0, **leases.FREE})


def put_off(context_id: int, tries: int, why: str, wait_s: float | None, now: datetime) -> None:
    """Try a list again later; after some tries it has to be asked for anew."""
    reason = Reason(Code.LTI_ROSTER_UNREAD, said=why)
    if RETRIES.is_over(tries + 1):
        _move(context_id, {"asked_at": None, "roster_reason": reason, "tries": 0, **leases.FREE})
        return
    pause = RETRIES.pause(tries + 1)
    if wait_s is not None:
        pause = min(max(pause, timedelta(seconds=wait_s)), RETRIES.longest)
    _move(context_id, {**leases.waiting(now + pause), "tries": tries + 1, "roster_reason": reason})


def due(now: ColumnElement[datetime]) -> ScalarSelect[Any]:
    """Ask from when on a list is to be read."""
    return leases.due(LtiContext, now, LtiContext.asked_at.is_not(None))


def counts(context_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return by connection how many people its list has, and how many of them nobody here is known by yet."""
    unknown = func.count().filter(LtiMember.user_id.is_(None))
    query = select(LtiMember.context_id, func.count(), unknown).where(LtiMember.context_id.in_(context_ids))
    query = query.where(LtiMember.is_active).group_by(LtiMember.context_id)
    return {context_id: (many, without) for context_id, many, without in db.session.execute(query).tuples()}


def _person(said: Any) -> Person | None:
    subject = said.get("user_id") if isinstance(said, dict) else None
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or "\x00" in subject:
        return None
    name = said.get("name")
    shown = name[:255].replace("\x00", "") if isinstance(name, str) else ""
    return Person(subject, shown, role_here(said.get("roles")), said.get("status", "Active") == "Active")


def _owners(authority: str, subjects: Sequence[str]) -> dict[str, int]:
    query = select(OutsideIdentity.subject, OutsideIdentity.user_id)
    query = query.where(OutsideIdentity.issuer == authority, OutsideIdentity.subject.in_(subjects))
    return dict(db.session.execute(query).tuples().all())


def _move(context_id: int, values: dict[str, Any]) -> None:
    mine = (LtiContext.id == context_id, LtiContext.holder == leases.holder())
    db.session.execute(update(LtiContext).where(*mine).values(**values).execution_options(synchronize_session=False))
