"""Bytes of people, labs and courses that were deleted go, and no others."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from extensions import db as database
from models import Blob, CourseFile, LabSave, LabSession, User, utcnow
from scheduler.ticks import sweeps
from services import blobs
from services.courses import files
from services.saves import store
from services.saves.archives import Archive
from tests.factories import Cast, make_cast

Ask = Callable[..., LabSession]


def kept() -> set[str]:
    return set(database.session.scalars(select(Blob.sha256)))


def save(found: LabSession, data: bytes) -> str:
    return store.put(found, Archive(data, 1), "user", utcnow()).sha256


def test_the_saves_of_a_deleted_student_go_and_those_of_others_stay(running: Ask, cast: Cast) -> None:
    of_bob, of_charlie = running(cast.bob), running(cast.charlie)
    save(of_bob, b"bob's alone")
    both = {save(of_bob, b"the same of both"), save(of_charlie, b"the same of both")}
    shared = save(of_bob, b"also a course's")
    database.session.add(
        CourseFile(course_id=cast.course.id, path="files/a", sha256=shared, content_type="application/gzip")
    )
    database.session.commit()
    assert (sweeps.work(), len(kept())) == (False, 3)

    database.session.delete(database.session.get_one(User, cast.bob.id))
    database.session.commit()
    sweeps.work()

    assert kept() == both | {shared}


def test_a_file_that_left_its_course_goes_in_the_end(cast: Cast) -> None:
    for number in range(sweeps.MOST + 1):
        files.store(b"an old file, %d" % number)
    database.session.commit()

    assert (sweeps.work(), len(kept())) == (True, 1)
    assert (sweeps.work(), kept()) == (False, set())


def test_bytes_that_somebody_is_about_to_name_stay(committed_db: Any) -> None:
    with committed_db.app.app_context():
        cast = make_cast()
        digest = blobs.keep(b"as it was before")
        database.session.commit()
        with Session(database.engine) as other:
            # Somebody saves the same work at this moment, in a transaction of their own.
            held = select(Blob.sha256).where(Blob.sha256 == digest).with_for_update(key_share=True, read=True)
            assert other.scalar(held) == digest
            sweeps.work()
            other.add(LabSave(user_id=cast.bob.id, lab_id=cast.lab.id, sha256=digest, size=16, files=1, reason="user"))
            other.commit()
        sweeps.work()

        assert kept() == {digest}
        assert blobs.drop(digest) is False
