"""`flask backup` and `flask restore`."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click
from alembic.script import ScriptDirectory
from flask import current_app
from flask.cli import with_appcontext

import reporting
from cli.checks import Refusal
from cli.engines.postgresql import PostgreSQL
from cli.release import release
from cli.supervise import Supervisor
from config import ROOT, Settings
from extensions import db
from models import utcnow
from services.backups import archives, making, restoring, retention
from services.backups.archives import Manifest
from services.backups.faults import BackupFault
from services.backups.restoring import Answers

MEGABYTE = 1024 * 1024
START_S = 60
END_S = 10

Result = TypeVar("Result")


@click.command("backup", short_help="Write the whole site into one archive.")
@click.option("--to", default="", metavar="WHERE", help="A folder, or s3://bucket/folder; by default BACKUP_TO.")
@click.option("--verify", is_flag=True, help="Restore it for trial into a database that is thrown away.")
@click.option("--list", "is_list", is_flag=True, help="List the backups that are there, and make none.")
@with_appcontext
def backup(to: str, verify: bool, is_list: bool) -> None:
    """Write database and files into one archive, while people work, and check what was written.

    BACKUP_RECIPIENTS encrypts it. Those that BACKUP_KEEP doesn't keep are removed afterwards.
    """
    settings: Settings = current_app.extensions["yurt"]
    if is_list:
        names = _or_complain(lambda: making.place(settings, to).names())
        for name in names:
            if retention.made_at(name, settings.instance):
                click.echo(name)
        return
    trial = _try if verify else _nothing
    made = _or_complain(lambda: making.make(settings, reporting.release(settings), to=to, now=utcnow, verify=trial))
    click.echo(f"{made.name}: {made.rows:,} rows, {max(1, made.size // MEGABYTE):,} MB, read again and whole.")
    if verify:
        click.echo("Restored for trial: every table has the rows that it had.")
    if not settings.backup_recipients:
        click.echo("It isn't encrypted: BACKUP_RECIPIENTS=age1... seals it for whoever has that key.")
    for name in made.dropped:
        click.echo(f"Removed {name}, which BACKUP_KEEP={settings.backup_keep} doesn't keep.")


@click.command("restore", short_help="Restore an archive into an empty database.")
@click.argument("archive")
@click.option("--from", "from_", default="", metavar="WHERE", help="Where ARCHIVE is; by default BACKUP_TO.")
@click.option(
    "--identity", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file with the secret key."
)
@click.option("--empty-first", is_flag=True, help="Lose what is in the database.")
@click.option("--takes-over", is_flag=True, help="The site that made the backup is gone: this one takes its place.")
@click.option("--check", "is_check", is_flag=True, help="Only say whether the archive is whole, and restore nothing.")
@with_appcontext
def restore(
    archive: str, from_: str, identity: Path | None, empty_first: bool, takes_over: bool, is_check: bool
) -> None:
    """Restore ARCHIVE, a file or the name of a backup, into the database of DATABASE_URL.

    The site must be stopped. Nothing is touched before the archive was read to its end and is whole. Labs that ran end
    as lost, mail that waited is given up, and everybody signs in again.
    """
    settings: Settings = current_app.extensions["yurt"]
    answers = Answers(may_empty=empty_first, takes_over=takes_over)

    def work() -> None:
        with making.staging(settings) as folder:
            manifest, dumped = _opened(settings, archive, from_, identity, folder)
            rows = f"{sum(manifest.rows.values()):,} rows in {len(manifest.rows)} tables"
            click.echo(f"Whole: {manifest.instance} of {manifest.made_at}, {manifest.release}, {rows}.")
            if not is_check:
                _restore(settings, manifest, dumped, answers)

    _or_complain(work)


def _opened(settings: Settings, archive: str, where: str, identity: Path | None, folder: Path) -> tuple[Manifest, Path]:
    path = Path(archive)
    if not path.is_file():
        path = folder / "archive"
        making.place(settings, where).get(archive, path)
    keys = archives.identities(identity.read_text()) if identity else []
    return archives.open_into(path, folder, keys)


def _restore(settings: Settings, manifest: Manifest, dumped: Path, answers: Answers) -> None:
    url = making.database_url(settings)
    db.engine.dispose()
    restoring.require_allowed(settings, url, manifest, _versions(), answers)
    restoring.load(url, manifest, dumped, may_empty=answers.may_empty, beat=lambda: None)
    click.echo("Restored, and every table has the rows that it had.")
    release(settings.model_copy(update={"database_url": url, "is_demo": False}))
    counts = restoring.settle(url, current_app.extensions["yurt_redis"], takes_over=answers.takes_over, now=utcnow())
    for name, count in counts.items():
        click.echo(f"  {count:>7,} {name} ended, given up or forgotten")
    click.echo("Start web, gateway and scheduler now; `flask doctor` says what else there is to do.")


def _versions() -> set[str]:
    """Return every version of the schema that this code knows how to bring up to date."""
    return {script.revision for script in ScriptDirectory(str(ROOT / "migrations")).walk_revisions()}


def _nothing(_manifest: Manifest, _dumped: Path) -> None:
    """Try nothing."""


def _try(manifest: Manifest, dumped: Path) -> None:
    """Restore a dump into an engine that is started for it and thrown away, and count."""
    with _engine() as url:
        restoring.load(url, manifest, dumped, may_empty=False, beat=lambda: None)


@contextmanager
def _engine() -> Iterator[str]:
    # Not below var: PostgreSQL's user may not reach it, and a socket's path is short.
    with tempfile.TemporaryDirectory(prefix="yurt-trial-", dir="/tmp") as name:
        folder = Path(name)
        supervisor = Supervisor(folder / "processes.json", lambda _name, _line: None)
        engine = PostgreSQL(folder / "postgresql", folder, folder / "log", fsync="off", full_page_writes="off")
        try:
            engine.create(supervisor)
            supervisor.start(engine.program())
            if not supervisor.pump(engine.is_ready, within=START_S):
                raise BackupFault("the engine for the trial doesn't start")
            engine.create_database()
            yield engine.url()
        finally:
            supervisor.end(within=END_S)
            engine.remove_places()


def _or_complain(work: Callable[[], Result]) -> Result:
    try:
        return work()
    except (BackupFault, Refusal) as error:
        raise click.ClickException(str(error)) from error
