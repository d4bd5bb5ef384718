"""Files, kept in PostgreSQL by their content, so that one dump is a whole backup."""

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column, relationship

from extensions import Model


class Blob(Model):
    """Bytes, named by their SHA-256 (64 hex digits); the same bytes are kept once."""

    __tablename__ = "blobs"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class CourseFile(Model):
    """A file of a course under the path that its Markdown uses, such as `files/tree.svg`."""

    __tablename__ = "course_files"

    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    content_type: Mapped[str]

    blob: Mapped[Blob] = relationship()
