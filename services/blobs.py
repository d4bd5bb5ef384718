"""Bytes that are kept once, named by their SHA-256: files of courses, saved homes, files that students hand in,
certificates, archives of people's data, and files of questions and courses from their preview to their import.

A transaction that keeps bytes locks their row until it ends, and adds a row that names them; bytes without one go.
"""

import hashlib

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from extensions import db
from models import AttemptFile, Blob, Certificate, CourseFile, CourseImport, DataExport, LabSave, QuestionImport


def keep(data: bytes) -> str:
    """Keep the bytes and return their digest; the row is locked, so that nobody drops them before they are named."""
    digest = hashlib.sha256(data).hexdigest()
    existing = select(Blob.sha256).where(Blob.sha256 == digest).with_for_update(key_share=True, read=True)
    if db.session.scalar(existing) is None:
        row = insert(Blob).values(sha256=digest, size=len(data), data=data)
        db.session.execute(row.on_conflict_do_update(index_elements=[Blob.sha256], set_={"size": len(data)}))
    return digest


def drop(digest: str) -> bool:
    """Drop bytes that no row names; return whether they went. Foreign keys keep those that a row names by now."""
    if db.session.scalar(select(_IS_USED).where(Blob.sha256 == digest)):
        return False
    try:
        with db.session.begin_nested():
            db.session.execute(delete(Blob).where(Blob.sha256 == digest))
    except IntegrityError:
        return False
    return True


def sweep(most: int) -> int:
    """Drop up to `most` of the bytes that nothing names any more: of people, labs and courses that were deleted.

    Bytes that somebody holds at this moment are passed over. Return how many were dropped.
    """
    unused = select(Blob.sha256).where(~_IS_USED).limit(most).with_for_update(skip_locked=True)
    return sum(drop(digest) for digest in db.session.scalars(unused).all())


_IS_USED = or_(
    select(LabSave.id).where(LabSave.sha256 == Blob.sha256).exists(),
    select(CourseFile.path).where(CourseFile.sha256 == Blob.sha256).exists(),
    select(AttemptFile.id).where(AttemptFile.sha256 == Blob.sha256).exists(),
    select(QuestionImport.id).where(QuestionImport.sha256 == Blob.sha256).exists(),
    select(CourseImport.id).where(CourseImport.sha256 == Blob.sha256).exists(),
    select(DataExport.id).where(DataExport.sha256 == Blob.sha256).exists(),
    select(Certificate.id).where(Certificate.pdf_sha256 == Blob.sha256).exists(),
)
