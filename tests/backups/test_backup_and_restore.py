"""A backup under load, restored into an empty place: every answer is there, and nothing goes on that must not."""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pyrage
import pytest
from flask import Flask
from sqlalchemy import func, select

from cli.backups import backup, restore
from core import create_core
from extensions import db
from models import AttemptItem, Blob, LabSession, Mail, WarmLab, utcnow
from models.lab_session import ENDED
from services import blobs
from services.backups import making, restoring
from services.backups.archives import Manifest
from services.backups.faults import BackupFault
from services.backups.restoring import Answers
from services.quizzes import answers, attempts
from tests.backups.bucket import listening
from tests.conftest import CommittedDatabase
from tests.engines import Engines, site_settings
from tests.factories import ASKED, run_lab
from tests.kept_cast import find_cast

TEXT = ASKED.index("text") + 1


@pytest.fixture
def empty_site(engines: Engines, worker: str, tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """Make sites on databases without tables, as an operator has them before a restore."""
    names: list[str] = []

    def make(**changes: Any) -> Flask:
        names.append(f"empty_{secrets.token_hex(4)}")
        engines.postgresql.create_database(names[-1])
        url = engines.postgresql.url(names[-1])
        values = {"backup_to": str(tmp_path / "backups"), **changes}
        return create_core(site_settings(url, engines.redis_url(worker), tmp_path / "restored", **values))

    yield make
    for name in names:
        engines.drop(name)


def say(app: Flask, command: Any, *words: str) -> str:
    told = app.test_cli_runner().invoke(command, list(words))
    assert told.exit_code == 0, told.output + repr(told.exception)
    return told.output


def complaint(app: Flask, command: Any, *words: str) -> str:
    told = app.test_cli_runner().invoke(command, list(words))
    assert told.exit_code == 1, told.output
    return told.output


@contextmanager
def students_answer(app: Flask, acknowledged: list[int]) -> Iterator[Callable[[], None]]:
    """Let bob type without a pause; give what waits until one more of his answers is acknowledged."""
    ending, one_more = threading.Event(), threading.Event()

    def type_on() -> None:
        with app.app_context():
            cast = find_cast()
            attempt = attempts.start(cast.bob.id, cast.quiz, now=utcnow())
            attempt_id = attempt.id
            db.session.commit()
            revision = 0
            while not ending.is_set():
                revision += 1
                answers.save(attempt_id, TEXT, f"word {revision}", revision=revision, now=utcnow())
                db.session.commit()
                acknowledged.append(revision)
                one_more.set()
            db.session.remove()

    student = threading.Thread(target=type_on)
    student.start()

    def wait() -> None:
        one_more.clear()
        assert one_more.wait(60), "the student's answers aren't taken while a backup is made"

    try:
        wait()
        yield wait
    finally:
        ending.set()
        student.join(60)


def test_backup_made_while_people_answer_has_every_answer_that_was_acknowledged_before(
    committed_cast: CommittedDatabase, empty_site: Callable[..., Flask], tmp_path: Path
) -> None:
    app = committed_cast.app
    settings = committed_cast.settings.model_copy(update={"backup_to": str(tmp_path / "backups")})
    with app.app_context():
        digest = blobs.keep(b"a file that somebody handed in")
        db.session.commit()
    acknowledged: list[int] = []
    with students_answer(app, acknowledged) as one_more:
        before = acknowledged[-1]
        made = making.make(settings, "yurt@test", now=utcnow, beat=one_more)
        assert acknowledged[-1] > before

    site = empty_site()
    told = say(site, restore, made.name)

    assert "every table has the rows that it had" in told
    with site.app_context():
        items = db.session.scalars(select(AttemptItem).where(AttemptItem.position == TEXT)).all()
        (item,) = items
        assert item.revision >= before
        assert item.response == f"word {item.revision}"
        assert db.session.scalars(select(Blob.data).where(Blob.sha256 == digest)).one() == (
            b"a file that somebody handed in"
        )
        # The time-outs belong to a role in a database, which no dump has.
        assert db.session.scalar(select(func.current_setting("statement_timeout"))) == "15s"
        db.session.remove()
        db.engine.dispose()


def test_restored_site_goes_on_with_nothing_that_belongs_to_the_other(
    committed_cast: CommittedDatabase, empty_site: Callable[..., Flask], tmp_path: Path
) -> None:
    with committed_cast.app.app_context():
        cast, now = find_cast(), utcnow()
        run_lab(cast.bob, cast.lab, now, holder="somebody", leased_until=now)
        db.session.add(WarmLab(lab=cast.lab, job_id="lab-warm-1", state="ready", ready_at=now))
        db.session.add(Mail(recipient="bob@example.org", subject="Hello", body_text="Hi"))
        db.session.commit()
    settings = committed_cast.settings.model_copy(update={"backup_to": str(tmp_path / "backups")})
    made = making.make(settings, "yurt@test", now=utcnow)
    site = empty_site()
    redis = site.extensions["yurt_redis"]
    redis.set("yurt:session:of-somebody-else", b"1")
    redis.set("another-programs", b"1")

    told = say(site, restore, made.name)

    with site.app_context():
        lab_session = db.session.scalars(select(LabSession)).one()
        assert (lab_session.state, lab_session.reason, lab_session.holder) == (ENDED, "lost", "")
        assert db.session.scalars(select(WarmLab)).all() == []
        mail = db.session.scalars(select(Mail)).one()
        assert mail.given_up_at is not None and mail.sent_at is None
        db.session.remove()
        db.engine.dispose()
    assert redis.keys() == [b"another-programs"]
    assert "lab_sessions" in told and "mails" in told


def test_copy_on_the_same_cluster_wants_a_name_of_its_own(
    committed_cast: CommittedDatabase, empty_site: Callable[..., Flask]
) -> None:
    manifest = Manifest("2026-12-01T03:00:00+00:00", "yurt", "yurt@test", "0001", "18.6", {}, 0, "")
    site = empty_site(lab_backend="nomad", nomad_addr="http://127.0.0.1:1").extensions["yurt"]
    copy = site.model_copy(update={"instance": "copy"})

    with pytest.raises(BackupFault, match="YURT_INSTANCE.*--takes-over"):
        restoring.require_allowed(site, site.database_url, manifest, {"0001"}, Answers())
    restoring.require_allowed(copy, site.database_url, manifest, {"0001"}, Answers())
    restoring.require_allowed(site, site.database_url, manifest, {"0001"}, Answers(takes_over=True))
    with pytest.raises(BackupFault, match="newer version"):
        restoring.require_allowed(copy, site.database_url, replace(manifest, schema="9999"), {"0001"}, Answers())


def test_site_that_runs_is_not_restored_over(
    committed_cast: CommittedDatabase, empty_site: Callable[..., Flask], tmp_path: Path
) -> None:
    settings = committed_cast.settings.model_copy(update={"backup_to": str(tmp_path / "backups")})
    made = making.make(settings, "yurt@test", now=utcnow)
    site = empty_site()
    url = site.extensions["yurt"].database_url.replace("+psycopg2", "")

    running = psycopg2.connect(url, application_name="yurt-web-4711")
    refused = complaint(site, restore, made.name, "--empty-first")
    running.close()

    assert "yurt-web-4711" in refused and "stop web" in refused


@pytest.mark.parametrize("is_sealed", [False, True])
def test_damaged_archive_is_refused_and_nothing_is_touched(
    committed_cast: CommittedDatabase, empty_site: Callable[..., Flask], tmp_path: Path, is_sealed: bool
) -> None:
    key = pyrage.x25519.Identity.generate()
    recipients = [str(key.to_public())] if is_sealed else []
    settings = committed_cast.settings.model_copy(
        update={"backup_to": str(tmp_path / "backups"), "backup_recipients": recipients}
    )
    made = making.make(settings, "yurt@test", now=utcnow)
    identity = tmp_path / "key.txt"
    identity.write_text(f"# made for this test\n{key}\n")
    archive = tmp_path / "backups" / made.name
    whole = archive.read_bytes()
    site = empty_site()

    for damaged in (
        whole[: len(whole) // 2],
        whole[:-1500] + bytes([whole[-1500] ^ 1]) + whole[-1499:] if is_sealed else _flipped(whole),
        b"",
    ):
        archive.write_bytes(damaged)
        assert "damaged" in complaint(site, restore, made.name, "--identity", str(identity))
    with psycopg2.connect(site.extensions["yurt"].database_url.replace("+psycopg2", "")) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchone() == (0,)
    connection.close()

    archive.write_bytes(whole)
    assert "Whole:" in say(site, restore, made.name, "--check", "--identity", str(identity))


def _flipped(whole: bytes) -> bytes:
    """Change one bit of the dump, in the middle of the archive."""
    middle = len(whole) // 2
    return whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]


def test_sealed_archive_opens_with_its_key_alone(
    committed_cast: CommittedDatabase, empty_site: Callable[..., Flask], tmp_path: Path
) -> None:
    key, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    settings = committed_cast.settings.model_copy(
        update={"backup_to": str(tmp_path / "backups"), "backup_recipients": [str(key.to_public())]}
    )
    made = making.make(settings, "yurt@test", now=utcnow)
    (tmp_path / "other.txt").write_text(str(other))
    site = empty_site()

    assert made.name.endswith(".tar.age")
    assert b"manifest.json" not in (tmp_path / "backups" / made.name).read_bytes()
    assert "--identity" in complaint(site, restore, made.name)
    assert "can't be decrypted" in complaint(site, restore, made.name, "--identity", str(tmp_path / "other.txt"))


def test_backup_goes_to_a_bucket_and_comes_back_where_nothing_is_lost_unasked(
    committed_cast: CommittedDatabase, empty_site: Callable[..., Flask]
) -> None:
    with listening() as (address, bucket):
        access = {
            "backup_bucket_endpoint": address,
            "backup_bucket_key_id": "key",
            "backup_bucket_secret": "hidden-word",
        }
        access["backup_to"] = "s3://backups/yurt/nightly"
        settings = committed_cast.settings.model_copy(update=access)
        made = making.make(settings, "yurt@test", now=utcnow)

        assert list(bucket.objects) == [f"yurt/nightly/{made.name}"]
        assert all(each.startswith("AWS4-HMAC-SHA256") for each in bucket.signed)
        assert "hidden-word" not in str(bucket.signed)
        site = empty_site(**access)
        assert made.name in say(site, backup, "--list")
        say(site, restore, made.name)
        assert "isn't empty" in complaint(site, restore, made.name)
        say(site, restore, made.name, "--empty-first")


def test_the_command_restores_for_trial_and_says_what_it_made(
    committed_cast: CommittedDatabase, tmp_path: Path
) -> None:
    told = say(committed_cast.app, backup, "--to", str(tmp_path / "there"), "--verify")

    assert "Restored for trial" in told
    assert "isn't encrypted" in told
    (made,) = (tmp_path / "there").iterdir()
    assert made.stat().st_mode & 0o077 == 0
    assert list(committed_cast.settings.var_dir.glob(".backup-*")) == []
