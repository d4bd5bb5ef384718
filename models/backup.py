"""Backups that the scheduler makes."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from extensions import Model
from models.base import Id, utcnow
from models.leased import Leased, held_index


class Backup(Leased, Model):
    """One backup, from when its time came until it was made or given up: then `ended_at` is set.

    `name` and `size` are of the archive that was made; `failure` says why the last try failed, to operators.
    """

    __tablename__ = "backups"

    id: Mapped[Id]
    asked_at: Mapped[datetime] = mapped_column(default=utcnow)
    ended_at: Mapped[datetime | None]
    name: Mapped[str | None]
    size: Mapped[int | None]
    failure: Mapped[str | None]

    __table_args__ = (
        # One at a time, however many schedulers see that its time has come.
        Index("uq_backups_open", text("(ended_at IS NULL)"), unique=True, postgresql_where=text("ended_at IS NULL")),
        # Serves the question when the last one was asked for.
        Index("ix_backups_asked_at", "asked_at"),
        held_index("backups"),
    )
