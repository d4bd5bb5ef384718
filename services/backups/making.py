"""Makes a backup: dump, archive, put away, read again, and drop those that the rule doesn't keep any more."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from config import Settings
from services.backups import archives, dumps, retention
from services.backups.archives import Manifest
from services.backups.faults import BackupFault
from services.backups.places import Access, Place, place_of

MEGABYTE = 1024 * 1024
# A dump is compressed, so it takes less than the database; the archive lies beside it for a while.
SPARE = 64 * MEGABYTE


@dataclass(frozen=True)
class Made:
    """A backup that was made and checked: its name, its size, the rows in it, and the names that were dropped."""

    name: str
    size: int
    rows: int
    dropped: tuple[str, ...]


def place(settings: Settings, address: str = "") -> Place:
    """Return where backups go: `address`, or BACKUP_TO."""
    access = Access(
        settings.backup_bucket_endpoint,
        settings.backup_bucket_region,
        settings.backup_bucket_key_id,
        settings.backup_bucket_secret,
    )
    return place_of(address or settings.backup_to, access)


def database_url(settings: Settings) -> str:
    """Return the address of the database past any pooler, which a dump can't go through."""
    return settings.backup_database_url or settings.database_url


def make(
    settings: Settings,
    release: str,
    *,
    to: str = "",
    now: Callable[[], datetime],
    beat: Callable[[], None] = lambda: None,
    verify: Callable[[Manifest, Path], None] = lambda _manifest, _dumped: None,
) -> Made:
    """Make a backup and put it away; raise BackupFault. `beat` is called now and then, and may raise to end it.

    `verify` gets the dump that was written, for a trial of it, before anything is put away.
    """
    where = place(settings, to)
    with staging(settings) as folder:
        dumped = folder / archives.DUMP
        at = now()
        found = dumps.dump(database_url(settings), dumped, beat)
        size, digest = dumped.stat().st_size, archives.digest_of(dumped)
        made_at = at.astimezone(UTC).isoformat(timespec="seconds")
        manifest = Manifest(made_at, settings.instance, release, found.schema, found.server, found.rows, size, digest)
        verify(manifest, dumped)
        name = retention.name_for(settings.instance, at, is_sealed=bool(settings.backup_recipients))
        archive = folder / name
        archives.write(archive, manifest, dumped, settings.backup_recipients)
        dumped.unlink()
        beat()
        where.put(archive, name)
        beat()
        _read_again(where, name, archive, folder)
        written = archive.stat().st_size
    rule = retention.read(settings.backup_keep)
    dropped = retention.to_drop(where.names(), settings.instance, rule)
    for old in dropped:
        where.drop(old)
    return Made(name, written, sum(found.rows.values()), tuple(dropped))


@contextmanager
def staging(settings: Settings) -> Iterator[Path]:
    """Give a folder that only we may read, which goes with the block."""
    settings.var_dir.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(settings.var_dir).free < SPARE:
        raise BackupFault(f"the disk of {settings.var_dir} is full: a backup is written there first")
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=settings.var_dir) as name:
        yield Path(name)


def _read_again(where: Place, name: str, archive: Path, folder: Path) -> None:
    """Bring the file back from where it was put: a disk or a bucket that keeps something else is found now."""
    back = folder / "read-again"
    where.get(name, back)
    if archives.digest_of(back) != archives.digest_of(archive):
        where.drop(name)
        raise BackupFault(f"{name} isn't what was written, when it is read again: look at that disk or bucket")
    back.unlink()
