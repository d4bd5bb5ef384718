"""Backups that the scheduler makes: in time, by one of however many, tried again, and told to operators."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, literal, select

from extensions import db as database
from models import Backup, utcnow
from scheduler.ticks import backups
from services import leases
from services.backups import schedule
from tests.conftest import CommittedDatabase

DAY = timedelta(hours=24)


def never() -> bool:
    return False


def settings_of(site: CommittedDatabase, place: Path) -> Any:
    return site.settings.model_copy(update={"backup_to": str(place), "backup_every_hours": 24})


def due_at() -> Any:
    return database.session.scalar(select(schedule.due(DAY)(literal(utcnow()))))


def test_scheduler_makes_a_backup_and_the_next_a_day_later(committed_cast: CommittedDatabase, tmp_path: Path) -> None:
    beats: list[int] = []
    with committed_cast.app.app_context():
        work = backups.maker(settings_of(committed_cast, tmp_path / "there"), lambda: beats.append(1), never)
        assert due_at() <= utcnow()

        work()
        work()

        made = database.session.scalars(select(Backup)).one()
        assert made.name is not None and made.failure is None
        assert [path.name for path in (tmp_path / "there").iterdir()] == [made.name]
        assert (made.holder, due_at()) == ("", made.asked_at + DAY)
        assert beats
        assert schedule.standing() == schedule.Standing(made.ended_at, 0)


def test_two_schedulers_hold_one_backup(app: Flask) -> None:
    now = utcnow()

    taken = [schedule.take(DAY, now), schedule.take(DAY, now), schedule.take(DAY, now + timedelta(minutes=30))]

    assert taken[0] is not None and taken[1:] == [None, None]
    assert database.session.scalar(select(func.count()).select_from(Backup)) == 1
    # A scheduler that died holds it for an hour at most.
    assert schedule.take(DAY, now + schedule.LEASE) is taken[0]


def test_backup_that_fails_is_tried_again_then_given_up_and_told(
    committed_cast: CommittedDatabase, tmp_path: Path
) -> None:
    (tmp_path / "in-the-way").write_text("a file where the folder should be")
    with committed_cast.app.app_context():
        work = backups.maker(settings_of(committed_cast, tmp_path / "in-the-way"), lambda: None, never)
        tries = []
        for _ in range(3):
            work()
            backup = database.session.scalars(select(Backup)).one()
            tries.append((backup.tries, backup.ended_at is None))
            database.session.execute(
                Backup.__table__.update().where(Backup.ended_at.is_(None)).values(retry_at=utcnow())
            )
            database.session.commit()

        assert tries == [(1, True), (2, True), (3, False)]
        assert "can't write to" in (backup.failure or "")
        assert schedule.standing().failures == 1
        assert due_at() == backup.asked_at + DAY


def test_scheduler_that_ends_gives_its_backup_to_another_at_once(
    committed_cast: CommittedDatabase, tmp_path: Path
) -> None:
    with committed_cast.app.app_context():
        backups.maker(settings_of(committed_cast, tmp_path / "there"), lambda: None, lambda: True)()

        backup = database.session.scalars(select(Backup)).one()
        assert (backup.ended_at, backup.tries, backup.leased_until) == (None, 0, None)
        assert not (tmp_path / "there").exists()
        assert schedule.take(DAY, utcnow()) is backup


def test_operators_see_how_late_the_next_is_and_what_was_given_up(
    app: Flask, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "yurt_backup" not in client.get("/metrics?part=site").text
    settings = app.extensions["yurt"].model_copy(update={"backup_every_hours": 24})
    monkeypatch.setitem(app.extensions, "yurt", settings)
    now = utcnow()
    database.session.add(Backup(asked_at=now, ended_at=now - timedelta(hours=25), name="yurt-yurt-1.tar", size=1))
    database.session.add(Backup(asked_at=now, ended_at=now, failure="the disk is full"))
    database.session.flush()

    lines = client.get("/metrics?part=site").text.splitlines()

    (overdue,) = (line for line in lines if line.startswith("yurt_backup_overdue_seconds "))
    assert 3500 < float(overdue.split()[1]) < 3900
    assert "yurt_backup_failures 1.0" in lines
    assert Backup in leases.KINDS
