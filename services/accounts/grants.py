"""Tells which long connections may stay open: by the account, the session, and the place in the course behind each.

Who may do what is decided in `policy`; here its facts are read for all connections at once, in one query.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert

from extensions import db
from models import EndedSession
from models.user import ADMIN
from services import live, policy
from services.tickets import Holder, account_digest

Kind = Literal["lab", "visit", "attempt", "board", "labs", "generation"]

_FACTS = text(
    """
SELECT held.n - 1 AS n, users.id, users.active, users.fs_uniquifier, enrolments.role, courses.is_published,
  coalesce(lab_sessions.user_id, attempts.user_id) AS user_id,
  EXISTS (
    SELECT FROM role_members JOIN roles ON roles.id = role_members.role_id
    WHERE role_members.user_id = users.id AND roles.name = :admin
  ) AS is_admin,
  EXISTS (
    SELECT FROM lab_visits
    WHERE lab_visits.session_id = lab_sessions.id AND lab_visits.user_id = users.id AND lab_visits.ended_at IS NULL
  ) AS is_visiting,
  EXISTS (SELECT FROM ended_sessions WHERE ended_sessions.digest = held.digest) AS is_signed_out
FROM unnest(
  CAST(:users AS bigint[]), CAST(:digests AS text[]), CAST(:courses AS bigint[]), CAST(:labs AS uuid[]),
  CAST(:attempts AS bigint[])
) WITH ORDINALITY AS held (user_id, digest, course_id, lab_id, attempt_id, n)
JOIN users ON users.id = held.user_id
LEFT JOIN lab_sessions ON lab_sessions.id = held.lab_id
LEFT JOIN attempts ON attempts.id = held.attempt_id
LEFT JOIN activities ON activities.id = attempts.quiz_id
LEFT JOIN courses ON courses.id = coalesce(held.course_id, lab_sessions.course_id, activities.course_id)
LEFT JOIN enrolments ON enrolments.course_id = courses.id AND enrolments.user_id = users.id
"""
)


@dataclass(frozen=True)
class Grant:
    """What somebody may hold open: their own lab or attempt, a visit to another's lab, or a board of a course."""

    holder: Holder
    kind: Kind
    lab: uuid.UUID | None = None
    course_id: int | None = None
    attempt_id: int | None = None


def holding(grants: Iterable[Grant]) -> set[Grant]:
    """Return the grants that hold now; all are looked up in one query."""
    asked = list(grants)
    if not asked:
        return set()
    values = {
        "admin": ADMIN,
        "users": [grant.holder.user_id for grant in asked],
        "digests": [grant.holder.session for grant in asked],
        "courses": [grant.course_id for grant in asked],
        "labs": [str(grant.lab) if grant.lab else None for grant in asked],
        "attempts": [grant.attempt_id for grant in asked],
    }
    return {asked[row.n] for row in db.session.execute(_FACTS, values) if _holds(asked[row.n], row)}


def _holds(grant: Grant, facts: Any) -> bool:
    is_signed_in = facts.active and not facts.is_signed_out
    if not is_signed_in or account_digest(facts.fs_uniquifier) != grant.holder.account:
        return False
    # A row of facts stands for the person, the course and the lab: it has what policy asks of each.
    if grant.kind == "visit":
        return bool(facts.is_visiting) and policy.may_help_in_lab(facts, facts, facts.role)
    if grant.kind == "labs":
        return policy.may_see_labs_board(facts, facts.role)
    if grant.kind == "generation":
        return policy.may_see_bank(facts, facts.role)
    if grant.kind in ("lab", "attempt") and facts.user_id != facts.id:
        return False
    return policy.may_see_course(facts, facts, facts.role) and policy.may_study(facts, facts.role)


def end_session(digest: str, *, now: datetime) -> None:
    """Record that a browser's session has ended, also for a gateway that can't ask Redis."""
    db.session.execute(insert(EndedSession).values(digest=digest, ended_at=now).on_conflict_do_nothing())
    live.access_changed()


def forget_sessions(before: datetime) -> int:
    """Forget the sessions that ended so long ago that no ticket of theirs is valid; return how many."""
    deleted = db.session.execute(delete(EndedSession).where(EndedSession.ended_at < before))
    return int(deleted.rowcount)  # type: ignore[attr-defined]  # a CursorResult
