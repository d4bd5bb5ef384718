"""`flask course pull`: a course from a Git repository, looked at first and applied where that is said."""

from datetime import datetime

import click
from flask.cli import with_appcontext

from cli import repositories
from cli.courses import tell_faults, tell_warnings
from extensions import db
from models import utcnow
from services import archive
from services.archive.faults import Faults
from services.archive.outcomes import Outcome
from services.archive.work import Work


@click.command("pull")
@click.argument("url")
@click.option(
    "--ref", default="HEAD", metavar="NAME", help="A branch or a tag; without it what the repository shows first."
)
@click.option("--folder", default="", metavar="PATH", help="Where in the repository the course is.")
@click.option("--yes", is_flag=True, help="Apply it. Without this, what it would do is said, and nothing changes.")
@click.option("--from-disk", is_flag=True, help="Let URL be file://, a repository on this machine.")
@with_appcontext
def pull(url: str, ref: str, folder: str, yes: bool, from_disk: bool) -> None:
    """Say what the course in the Git repository URL would change here, and with --yes bring it up to date."""
    try:
        outcome = _bring(url, ref, folder, from_disk, utcnow())
        # Only what is told is kept.
        _tell(outcome, yes)
        if yes:
            db.session.commit()
            tell_warnings(outcome.changes.slug)
    except repositories.NotFetched as error:
        raise click.ClickException(f"The repository can't be fetched: {error}. Nothing was changed.") from error
    except archive.ArchiveError as error:
        raise tell_faults(error) from error
    finally:
        db.session.rollback()


def _bring(url: str, ref: str, folder: str, from_disk: bool, now: datetime) -> Outcome:
    with repositories.fetched(url, ref, folder, Faults(), from_disk=from_disk) as files:
        return archive.bring(files, now=now)


def _tell(outcome: Outcome, is_done: bool) -> None:
    changes = outcome.changes
    for verb, infinitive, names in (
        ("created", "create", changes.created),
        ("updated", "update", changes.updated),
        ("archived", "archive", changes.archived),
    ):
        for name in names:
            click.echo(f"{verb:<9}{name}" if is_done else f"would {infinitive:<8}{name}")
    if outcome.edits is None:
        click.echo("No import has said how the course was, so edits on the site can't be told.")
    for name in outcome.edits or ():
        click.echo(f"edited on the site, becomes what the repository says: {name}")
    for name, work in sorted(outcome.touched.items()):
        click.echo(f"touches {name}: {_counted(work)}")
    if not changes and not outcome.edits:
        click.echo("Nothing has changed." if is_done else "Nothing would change.")
    elif not is_done:
        click.echo("Nothing was changed. Add --yes to apply it.")


def _counted(work: Work) -> str:
    counts = work.counts()
    people = counts.pop("people")
    said = [f"{name.replace('_', ' ')}: {count}" for name, count in counts.items() if count]
    return ", ".join([f"people: {people}", *said])
