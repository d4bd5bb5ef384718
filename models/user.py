"""People, what they may do on the whole site, and their API tokens."""

from datetime import datetime

from flask_security.core import RoleMixin, UserMixin
from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, ForeignKey, Index, Table, Text, func
from sqlalchemy.ext.mutable import MutableList
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model, db
from models.base import Id, utcnow
from models.course import Course

ADMIN = "admin"
# How addresses end of accounts that have none: `.invalid` leads nowhere, for ever (RFC 2606).
NOWHERE = ".invalid"
THEMES = ("system", "light", "dark")

role_members = Table(
    "role_members",
    db.metadata,
    Column("user_id", BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", BigInteger, ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True),
)


class Role(Model, RoleMixin):
    """A role on the whole site; roles within a course are enrolments."""

    __tablename__ = "roles"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str | None]
    permissions: Mapped[list[str] | None] = mapped_column(MutableList.as_mutable(ARRAY(Text)))


class User(Model, UserMixin):
    """A person with an account. `handle` is short and unique, and stands in the names of their labs."""

    __tablename__ = "users"

    id: Mapped[Id]
    email: Mapped[str] = mapped_column()
    password: Mapped[str | None]
    display_name: Mapped[str]
    handle: Mapped[str] = mapped_column(unique=True)
    time_zone: Mapped[str] = mapped_column(default="UTC", server_default="UTC")
    # In which they were written to last: mail has no browser to ask.
    language: Mapped[str] = mapped_column(default="en", server_default="en")
    theme: Mapped[str] = mapped_column(default="system", server_default="system")
    active: Mapped[bool] = mapped_column(default=True, server_default="true")
    # When it was shown that the address is this person's. Before, nobody is signed in with the account.
    confirmed_at: Mapped[datetime | None]
    # Since when this person has a second factor; NULL: none. Kept with the factors (services/accounts/factors.py).
    second_factor_at: Mapped[datetime | None]
    fs_uniquifier: Mapped[str] = mapped_column(unique=True)
    create_datetime: Mapped[datetime] = mapped_column(default=utcnow, server_default=func.now())
    update_datetime: Mapped[datetime] = mapped_column(default=utcnow, onupdate=utcnow, server_default=func.now())

    roles: Mapped[list[Role]] = relationship(  # type: ignore[assignment]  # theirs is of any kind of role
        secondary=role_members
    )

    __table_args__ = (
        # Serves sign-in, which finds an account by its address whatever the case.
        Index("uq_users_email", func.lower(email), unique=True),
        CheckConstraint("theme IN ('system', 'light', 'dark')", name="theme"),
    )

    @property
    def may_sign_in(self) -> bool:
        """Whether this account may be used: it isn't switched off, and its address is confirmed."""
        return self.active and self.confirmed_at is not None

    @property
    def is_admin(self) -> bool:
        """Whether this person runs the site."""
        return any(role.name == ADMIN for role in self.roles)


class ApiToken(Model):
    """A bearer token of the JSON API. Only its SHA-256 is kept."""

    __tablename__ = "api_tokens"

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    # Where it works: in this course alone, or, without one, wherever its owner may go.
    course_id: Mapped[int | None] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="joined")
    course: Mapped[Course | None] = relationship()
