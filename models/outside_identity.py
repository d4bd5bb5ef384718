"""Who somebody is elsewhere: at a provider of sign-on, or on a learning platform."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model
from models.base import Id, utcnow
from models.user import User


class OutsideIdentity(Model):
    """`subject` is what `issuer` calls the person; who is that there, is this account here.

    An issuer is named with the way it is trusted, such as `lti:https://moodle.example.edu`, so that what one speaks for
    never opens what another does.
    """

    __tablename__ = "outside_identities"

    id: Mapped[Id]
    issuer: Mapped[str]
    subject: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    linked_at: Mapped[datetime] = mapped_column(default=utcnow)
    last_used_at: Mapped[datetime | None]
    # Whether a claim of the issuer made its person run the site: the right goes again with the claim.
    gave_admin: Mapped[bool] = mapped_column(default=False, server_default="false")

    user: Mapped[User] = relationship()

    # Serves sign-in, too, which finds an account by both.
    __table_args__ = (UniqueConstraint("issuer", "subject"),)
