"""The audit log: every privileged act, in the transaction that does it. The one home of acts and of their writing.

A service that does something which a student may not do calls `note`. Who asks, and whence, the edge has said
(`Origin`, from what an application gives to services), so no service passes it on. Only facts are kept; pages have the
words (`blueprints/audit/words.py`). Nobody changes a row: a trigger refuses it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from extensions import db
from models import AuditEntry, Course, User

# Every act, and what its parameters are called. `changed` is {name: [before, after]}.
ACTS: dict[str, tuple[str, ...]] = {
    "account.admin_made": (),
    "account.admin_taken": (),
    "account.confirmed": (),
    "account.activated": (),
    "account.created": (),
    "account.renamed": ("old", "new"),
    "account.link_sent": ("end_access",),
    "account.deactivated": (),
    "account.erasure_asked": (),
    "account.erased": (),
    "account.confirmation_sent": (),
    "account.factors_removed": ("factors",),
    "course.created": ("slug",),
    "course.changed": (),
    "course.import_agreed": ("import", "slug"),
    "course.imported": ("slug", "created", "updated", "archived"),
    "module.created": ("slug",),
    "module.changed": ("slug",),
    "module.removed": ("slug", "activities"),
    "activity.created": ("kind", "slug"),
    "activity.changed": ("kind", "slug"),
    "activity.removed": ("kind", "slug"),
    "file.put": ("path", "size"),
    "file.removed": ("path",),
    "enrolment.set": ("old", "new"),
    "roster.imported": ("new", "changed", "expected", "people"),
    "expected_place.removed": ("address",),
    "cohort.added": ("cohort", "name"),
    "cohort.removed": ("cohort", "name"),
    "cohort.member_put": ("cohort", "name"),
    "quiz.settings_changed": ("quiz", "changed"),
    "quiz.questions_changed": ("quiz", "slots"),
    "accommodation.changed": ("changed",),
    "override.changed": ("quiz", "changed"),
    "cohort_override.changed": ("quiz", "cohort", "changed"),
    "break.begun": ("attempt",),
    "break.ended": ("attempt",),
    "grade.given": ("attempt", "position", "marks"),
    "mark.set": ("activity", "percent", "is_exempt"),
    "regrade.applied": ("regrade", "quiz", "attempts"),
    "regrade.undone": ("regrade", "quiz", "attempts"),
    "regrade.tests_retried": ("regrade", "quiz", "answers"),
    "question.created": ("question", "slug"),
    "question.edited": ("question", "slug"),
    "question.moved": ("question", "slug", "old", "new"),
    "questions.imported": ("import", "questions"),
    "generation.allowed": ("teachers", "students"),
    "model_aids.allowed": ("comments", "hints"),
    "comment_draft.requested": ("generation", "attempt", "position"),
    "generation.requested": ("generation", "count"),
    "generation.resumed": ("generation", "count"),
    "draft.edited": ("generation", "draft"),
    "draft.run_again": ("generation", "draft"),
    "draft.accepted": ("generation", "draft", "question"),
    "draft.rejected": ("generation", "draft"),
    "draft.regenerated": ("generation", "draft"),
    "practice.offered": ("is_offered",),
    "board.frozen": ("begin", "end"),
    "certificate.rule_changed": ("changed",),
    "certificate.revoked": ("certificate",),
    "certificate.reissued": ("certificate",),
    "points.given": ("entry", "points"),
    "points.audit_asked": ("audit", "mend"),
    "lab.visited": ("session",),
    "labs.stopped": ("lab", "labs"),
    "labs.kept": ("lab", "labs", "minutes"),
    "labs.saved": ("lab", "labs"),
    "platform.registered": ("platform", "name"),
    "platform.changed": ("platform", "name", "changed"),
    "platform.removed": ("platform", "name"),
    "platform.key_made": ("kid",),
    "platform.connected": ("connection", "name", "title"),
    "platform.disconnected": ("connection", "name", "title"),
    "platform.roster_asked": ("connection",),
    "platform.scores_sent": ("scores",),
    "warm.changed": ("lab", "plans"),
    "webhook.added": ("webhook", "host"),
    "webhook.changed": ("webhook", "host", "is_on"),
    "webhook.removed": ("webhook", "host"),
    "webhook.secret_rotated": ("webhook", "host"),
    "webhook.redelivered": ("webhook", "delivery"),
}
PER_PAGE = 50


@dataclass(frozen=True)
class Origin:
    """Who asks, and whence: what the edge knows of the act that a service does."""

    way: str
    actor_id: int | None = None
    token_id: int | None = None
    address: str | None = None
    request_id: str | None = None


@dataclass(frozen=True)
class Wanted:
    """Which entries: empty asks for all."""

    act: str = ""
    actor_id: int | None = None
    person_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Line:
    """An entry, with the names that its numbers have now; None for an account or a course that is gone."""

    entry: AuditEntry
    actor: str | None
    person: str | None
    course: str | None


@dataclass(frozen=True)
class Slice:
    """A page of the log, the newest first; `after` is where the next one begins, None at the end."""

    rows: Sequence[Line]
    after: int | None


def note(act: str, course_id: int | None, *, person_id: int | None = None, **params: Any) -> None:
    """Write that the act is done; it is part of the caller's transaction. `params` are those of `ACTS`, all of them."""
    if set(params) != set(ACTS[act]):
        raise ValueError(f"{act} has the parameters {', '.join(ACTS[act]) or 'none'}")
    origin = db.session().info["given"]["origin"]()
    entry = AuditEntry(act=act, course_id=course_id, person_id=person_id, params=_plain(params), **vars(origin))
    db.session.add(entry)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return what differs, as {name: [before, after]}."""
    return {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}


def page(course: Course | None, wanted: Wanted, *, after: int | None = None, per_page: int = PER_PAGE) -> Slice:
    """Return entries of a course, or of all and of the site where that is None, older than the one with ID `after`."""
    actor, person = User.__table__.alias("actor"), User.__table__.alias("person")
    query = (
        select(AuditEntry, actor.c.display_name, person.c.display_name, Course.slug)
        .outerjoin(actor, actor.c.id == AuditEntry.actor_id)
        .outerjoin(person, person.c.id == AuditEntry.person_id)
        .outerjoin(Course, Course.id == AuditEntry.course_id)
        .order_by(AuditEntry.id.desc())
        .limit(per_page + 1)
    )
    if course is not None:
        query = query.where(AuditEntry.course_id == course.id)
    if after is not None:
        query = query.where(AuditEntry.id < min(after, 2**63 - 1))
    for column, value in (
        (AuditEntry.act, wanted.act or None),
        (AuditEntry.actor_id, wanted.actor_id),
        (AuditEntry.person_id, wanted.person_id),
    ):
        query = query if value is None else query.where(column == value)
    query = query if wanted.since is None else query.where(AuditEntry.at >= wanted.since)
    query = query if wanted.until is None else query.where(AuditEntry.at < wanted.until)
    rows = [Line(*row) for row in db.session.execute(query).tuples()]
    return Slice(rows[:per_page], rows[per_page - 1].entry.id if len(rows) > per_page else None)


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters as JSON keeps them: times as ISO 8601, exact numbers as they are written."""
    plain: dict[str, Any] = json.loads(json.dumps(params, default=_written))
    return plain


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, set | frozenset) else str(value)
