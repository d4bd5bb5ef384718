"""The audit log: what people with a right beyond a student's did, and whence."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from extensions import Model
from models.base import Id, utcnow

# By which way an act came: a page, the JSON API, a command of the operator's, the scheduler.
WAYS = ("page", "api", "command", "scheduler")


class AuditEntry(Model):
    """One privileged act, written in the transaction that did it. A trigger refuses to change or delete rows.

    So no column refers to another table: an account that is erased leaves its number here. `actor_id` is who did it
    (None: the site itself, or its operator by a command), `person_id` whom it concerns, `params` what the act's kind
    says further (`services/audit.py`).
    """

    __tablename__ = "audit_entries"

    id: Mapped[Id]
    at: Mapped[datetime] = mapped_column(default=utcnow)
    act: Mapped[str]
    course_id: Mapped[int | None]
    person_id: Mapped[int | None]
    params: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    actor_id: Mapped[int | None]
    way: Mapped[str]
    # The token of the API by which it came, the address and the ID of the request.
    token_id: Mapped[int | None]
    address: Mapped[str | None]
    request_id: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("way IN ('page', 'api', 'command', 'scheduler')", name="way"),
        # Serves a course's part of the log.
        Index("ix_audit_entries_course_id_id", "course_id", "id"),
        # Serve what one person did, and what was done to one.
        Index("ix_audit_entries_actor_id_id", "actor_id", "id"),
        Index("ix_audit_entries_person_id_id", "person_id", "id", postgresql_where="person_id IS NOT NULL"),
    )
