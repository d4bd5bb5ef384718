"""`flask course import`, `export` and `kinds`: a course from a folder, back into one, and what its quizzes may ask."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select

from backends.local import networks, sandbox
from config import Settings
from extensions import db
from models import Lab, utcnow
from question_types import FOLDER, TYPES
from reasons import ENGLISH, sentence
from services import archive
from services.courses import catalogue
from services.errors import ServiceError
from services.labs import hopeless
from services.labs.gate import Site

course_group = AppGroup("course", help="Courses as folders of YAML and Markdown.")


@course_group.command("import")
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
def import_(path: Path) -> None:
    """Create the course in the folder PATH, or bring it up to date. Students' work is never touched."""
    try:
        changes = archive.import_course(path, now=utcnow())
        db.session.commit()
    except archive.ArchiveError as error:
        db.session.rollback()
        raise tell_faults(error) from error
    for verb, names in (
        ("created", changes.created),
        ("updated", changes.updated),
        ("archived", changes.archived),
    ):
        for name in names:
            click.echo(f"{verb:<9}{name}")
    for quiz, people in changes.settled.items():
        whose = "one person" if people == 1 else f"{people} people"
        click.echo(f"settled  {quiz}: the points of {whose} follow its new settings")
    for lab, ended in changes.ended.items():
        click.echo(f"ended    {lab}: {ended} ran or waited; the work in them is saved first")
    if not changes:
        click.echo("Nothing has changed.")
    tell_warnings(changes.slug)


def tell_faults(error: archive.ArchiveError) -> click.ClickException:
    """Print all that is wrong with a course, and return what ends the command."""
    for fault in error.faults:
        click.echo(str(fault), err=True)
    count = f"{len(error.faults)} fault{'s' if len(error.faults) > 1 else ''}"
    return click.ClickException(f"{count}; nothing was changed.")


def tell_warnings(slug: str) -> None:
    """Print which labs of a course can't start on this site."""
    for warning in _warnings(slug):
        click.echo(f"warning  {warning}", err=True)


def _warnings(slug: str) -> list[str]:
    """Return a line for each lab of the course that can't start on this site."""
    settings: Settings = current_app.extensions["yurt"]
    site = Site(settings.lab_backend, settings.instance)
    hindered = hopeless.faults(catalogue.find(slug), site)
    warnings = [
        f"lab {lab.slug} can't start on this site. {sentence(hopeless.reason_with_figures(lab, why), ENGLISH)}"
        for lab, why in hindered
    ]
    if settings.lab_backend == "local" and sandbox.is_here() and (refusal := networks.refusal()):
        warnings += [
            f"lab {lab.slug} can't start on this site. {sentence(refusal, ENGLISH)}" for lab in _with_network(slug)
        ]
    return warnings


def _with_network(slug: str) -> list[Lab]:
    course = catalogue.find(slug)
    query = select(Lab).where(Lab.course_id == course.id, Lab.has_network, ~Lab.is_archived).order_by(Lab.slug)
    return list(db.session.scalars(query))


@course_group.command("export")
@click.argument("slug")
@click.argument("path", type=click.Path(path_type=Path))
def export(slug: str, path: Path) -> None:
    """Write the course called SLUG to the new folder PATH."""
    try:
        archive.export_course(slug, path)
    except ServiceError as error:
        raise click.ClickException(error.message) from error
    click.echo(f"The course {slug} is in {path}.")


@course_group.command("kinds")
@click.argument("kind", required=False, type=click.Choice(list(TYPES)))
def kinds(kind: str | None) -> None:
    """List the kinds of question that quizzes may have, or say what KIND needs, with an example."""
    for name in [kind] if kind else TYPES:
        page = (FOLDER / name / "about.md").read_text()
        summary = page.split("\n\n")[1].replace("\n", " ")
        click.echo(page.rstrip() if kind else f"{name:<12}{summary}")
