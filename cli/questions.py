"""`flask questions import` and `export`: questions of a course as files of other programs."""

from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup

from extensions import db
from models import Course, utcnow
from reasons import ENGLISH, Reason, text
from reasons.parts import TERMS
from services.bank.questions import Filter
from services.courses import catalogue
from services.errors import InvalidInput, NotFound, ServiceError
from services.formats.base import MAX_FILE
from services.moving import exports, imports, plans

questions_group = AppGroup("questions", help="Questions as files of other programs.")


@questions_group.command("import")
@click.argument("slug")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "wanted", default="", help="What the file is, where that isn't told by what it holds.")
@click.option("--preview", "is_preview", is_flag=True, help="Only say what it would bring.")
@click.option("--similar", is_flag=True, help="Also questions that are nearly in the bank already.")
def import_(slug: str, path: Path, wanted: str, is_preview: bool, similar: bool) -> None:
    """Add the questions of the file PATH to the bank of the course SLUG, as drafts: all that are new, or none."""
    course = _course(slug)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
        made = imports.preview(course, data, name=path.name, wanted=wanted, by_id=None, now=utcnow())
        if not is_preview:
            made = imports.apply(course, made.id, digest=made.digest, adds_similar=similar, by_id=None, now=utcnow())
    except InvalidInput as error:
        db.session.rollback()
        raise click.ClickException(f"{path.name} {error.message}; nothing was changed.") from error
    for entry in made.entries:
        other = f" (there as {entry['other']})" if entry["other"] else ""
        click.echo(_plain(f"{entry['state']:<8}{entry['slug'] or entry['name']}{other}"))
        for finding in entry["findings"]:
            click.echo(f"        {_line(finding)}")
    for finding in made.findings:
        click.echo(_line(finding), err=True)
    counts = {state: sum(entry["state"] == state for entry in made.entries) for state in plans.STATES}
    click.echo(", ".join(f"{many} {state}" for state, many in counts.items()) + f"; {made.format}.")
    if is_preview:
        db.session.rollback()
    else:
        db.session.commit()


@questions_group.command("export")
@click.argument("slug")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--format", "name", required=True, help="What the file is to be.")
@click.option("--tag", default="", help="Only questions with this tag.")
def export(slug: str, path: Path, name: str, tag: str) -> None:
    """Write the questions of the course SLUG to the new file PATH, and say what of them isn't in it."""
    try:
        made = exports.write(_course(slug), name, Filter(tag=tag))
        with path.open("xb") as file:
            file.write(made.data)
    except ServiceError as error:
        raise click.ClickException(error.message) from error
    except OSError as error:
        raise click.ClickException(f"{path} can't be written: {error.strerror}") from error
    for finding in made.findings:
        click.echo(f"{finding.name}: {_line(plans.document(finding))}")
    click.echo(f"The questions of {slug} are in {path}.")


def _course(slug: str) -> Course:
    try:
        return catalogue.find(slug)
    except NotFound as error:
        raise click.ClickException(f"There is no course called {slug}.") from error


def _line(finding: dict[str, Any]) -> str:
    why = text(Reason.from_json(finding["why"]), ENGLISH)
    what = str(finding["what"])
    return _plain(f"{TERMS.get(what, what)}: {why}{' (left behind)' if finding['is_whole'] else ''}")


def _plain(line: str) -> str:
    """Names come from anywhere: no terminal obeys one."""
    return "".join(char for char in line if char.isprintable())
