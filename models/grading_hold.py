"""Who is grading an answer now."""

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped

from extensions import Model
from models.base import Id
from models.leased import Leased


class GradingHold(Leased, Model):
    """An answer that a person has, or had, before them to grade it: `holder` is the person's ID. It is kept out of the
    answer's own row, so that nobody's page locks what a student saves or a regrade writes."""

    __tablename__ = "grading_holds"

    id: Mapped[Id]
    attempt_id: Mapped[int]
    position: Mapped[int]

    __table_args__ = (
        ForeignKeyConstraint(
            ["attempt_id", "position"], ["attempt_items.attempt_id", "attempt_items.position"], ondelete="CASCADE"
        ),
        UniqueConstraint("attempt_id", "position"),
    )
