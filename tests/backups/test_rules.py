"""Which backups are kept, which programs fit, and what a place does with what it is given."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config import ConfigError
from services.backups import programs, retention
from services.backups.faults import BackupFault
from services.backups.places import Access, Folder, place_of
from services.backups.retention import Keep
from tests.engines import site_settings

NOW = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)


def names_of(*ages: timedelta) -> list[str]:
    return [retention.name_for("yurt", NOW - age, is_sealed=False) for age in ages]


def test_newest_of_each_day_week_and_month_is_kept() -> None:
    names = names_of(*(timedelta(days=days, hours=hours) for days in range(120) for hours in (0, 1)))
    random.Random(7).shuffle(names)

    dropped = set(retention.to_drop(names, "yurt", Keep(days=7, weeks=4, months=3)))

    kept = sorted((name for name in names if name not in dropped), reverse=True)
    # Seven days; then the last of two weeks before (Sundays), and of two months before.
    assert [name[10:18] for name in kept] == [
        *("20261201", "20261130", "20261129", "20261128", "20261127", "20261126", "20261125"),
        *("20261122", "20261115"),
        "20261031",
    ]
    assert all(name.endswith("T030000Z.tar") for name in kept)


def test_newest_and_what_is_none_of_ours_stay_whatever_the_rule() -> None:
    others = ["notes.txt", "yurt-other-20200101T000000Z.tar", "yurt-yurt-20209901T000000Z.tar"]
    (newest, older) = names_of(timedelta(days=400), timedelta(days=500))

    assert retention.to_drop([*others, newest, older], "yurt", Keep(0, 0, 1)) == [older]


@pytest.mark.parametrize("text", ["", "7", "7d 7d", "0d", "7y", "7d, 4w"])
def test_rule_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="7d 4w 6m"):
        retention.read(text)


def test_programs_that_fit_no_server_are_missing_with_the_command_that_brings_them() -> None:
    with pytest.raises(BackupFault, match="apt-get install postgresql-client-99"):
        programs.find(99)


def test_programs_of_the_servers_own_version_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for major in (16, 17, 18):
        folder = tmp_path / str(major) / "bin"
        folder.mkdir(parents=True)
        for name in ("pg_dump", "pg_restore"):
            (folder / name).write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {major}.3 (Debian)'\n")
            (folder / name).chmod(0o755)
    monkeypatch.setattr(programs, "DEBIAN", tmp_path)
    monkeypatch.setattr(programs.importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path / "18" / "bin"))

    assert programs.find(17).parent.name == "17"
    assert programs.find(18).parent.name == "18"
    assert programs.find(12).parent.name == "16"


def test_folder_shows_a_file_once_it_is_whole_and_a_full_disk_is_told(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"whole")
    folder = Folder(tmp_path / "there")
    (tmp_path / "in-the-way").write_text("a file")

    folder.put(source, "a.tar")

    assert (folder.names(), (tmp_path / "there" / "a.tar").read_bytes()) == (["a.tar"], b"whole")
    with pytest.raises(BackupFault, match="can't write"):
        Folder(tmp_path / "in-the-way").put(source, "a.tar")
    with pytest.raises(BackupFault, match="BACKUP_TO"):
        place_of("", Access())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"backup_to": "backups"}, "BACKUP_TO"),
        ({"backup_to": "s3://"}, "s3://bucket/folder"),
        ({"backup_keep": "often"}, "7d 4w 6m"),
        ({"backup_every_hours": 24}, "BACKUP_EVERY_HOURS needs"),
        ({"backup_recipients": "AGE-SECRET-KEY-1ABC"}, "public key"),
    ],
)
def test_settings_that_make_no_backup_are_refused_at_start(tmp_path: Path, changes: dict, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        site_settings("postgresql://localhost/yurt", "redis://localhost", tmp_path, **changes)
