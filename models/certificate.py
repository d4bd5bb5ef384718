"""Certificates of courses, the keys that their badges are signed with, and who is to be looked at for one."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.base import Id, utcnow
from models.course import Course
from models.user import User

# What is revoked stays so: a re-issue is another certificate.
VALID, REVOKED = "valid", "revoked"


class Certificate(Model):
    """That a person has completed a course: `name`, `course_title` and `rule` are of when it was issued, and don't
    follow what changes later. `number` counts a person's certificates of a course.

    `code` stands in its public address. The scheduler makes what `badge` (a signed Open Badge) and `pdf_sha256` name.
    """

    __tablename__ = "certificates"

    id: Mapped[Id]
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(default=1)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    course_title: Mapped[str]
    rule: Mapped[dict[str, Any]] = mapped_column(JSONB)
    issued_at: Mapped[datetime] = mapped_column(default=utcnow)
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    # As the staff wrote it; the staff and the person read it, the public doesn't.
    revoke_reason: Mapped[str] = mapped_column(default="", server_default="")
    badge: Mapped[str | None]
    pdf_sha256: Mapped[str | None] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    # When the scheduler makes its files, or tries again; None once they are made.
    files_due_at: Mapped[datetime | None]

    course: Mapped[Course] = relationship()
    user: Mapped[User] = relationship(foreign_keys=[user_id])

    __table_args__ = (
        UniqueConstraint("user_id", "course_id", "number"),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("(files_due_at IS NULL) = (badge IS NOT NULL AND pdf_sha256 IS NOT NULL)", name="files"),
        # One that is valid, whatever races.
        Index("uq_certificates_valid", "user_id", "course_id", unique=True, postgresql_where="revoked_at IS NULL"),
        # Serves the list of a course.
        Index("ix_certificates_course", "course_id", "id"),
        # Serves the tick that makes the files.
        Index("ix_certificates_files", "files_due_at", postgresql_where="files_due_at IS NOT NULL"),
    )

    @property
    def state(self) -> str:
        """Whether it still says what it said."""
        return VALID if self.revoked_at is None else REVOKED


class SigningKey(Model):
    """A key that badges are signed with. `private` is sealed with the site's secret, `public` is a JWK for everybody.

    A key whose secret is lost signs no more; what it signed is still checked by its public part.
    """

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(primary_key=True)
    private: Mapped[str]
    public: Mapped[dict[str, Any]] = mapped_column(JSONB)
    made_at: Mapped[datetime] = mapped_column(default=utcnow)
    retired_at: Mapped[datetime | None]

    # One signs at a time.
    __table_args__ = (
        Index("uq_signing_keys_current", text("(true)"), unique=True, postgresql_where="retired_at IS NULL"),
    )


class CertificateLook(Model):
    """Somebody's work in a course changed, or (without a person) the course did: the scheduler looks from `due_at` on
    whether its certificate is earned. Triggers write it; several may say the same."""

    __tablename__ = "certificate_looks"

    id: Mapped[Id]
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    due_at: Mapped[datetime] = mapped_column(default=utcnow)

    __table_args__ = (
        # Serves the tick: what is due first.
        Index("ix_certificate_looks_due", "due_at"),
        # Serves taking all looks at one person together.
        Index("ix_certificate_looks_person", "course_id", "user_id"),
    )
