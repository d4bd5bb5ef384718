"""How often something changed that pages show."""

from sqlalchemy.orm import Mapped, mapped_column

from extensions import Model


class KeptVersion(Model):
    """A version of what kept pages show: `person:7`, `course:3`, `people:3`. A missing row is version 0.

    Triggers move it, in the transaction that changes what it stands for.
    """

    __tablename__ = "kept_versions"

    key: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]
