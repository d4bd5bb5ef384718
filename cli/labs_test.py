"""`flask labs test`: start labs for real, and prove that their checks are worth something."""

import json
import signal
from pathlib import Path
from types import FrameType

import click
from flask import current_app

from backends import Backend, BackendError
from backends.makers import instance_of_tests, make_test_backend
from cli.capsules import prove, stop_left_over
from cli.reports import LabReport, summary, table
from config import Settings
from extensions import db
from models import utcnow
from services import archive
from services.errors import ServiceError


@click.command("test", short_help="Prove that the checks of labs can fail and pass.")
@click.argument("name", metavar="COURSE[/LAB]", required=False)
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Take the course from this folder, not from the database; then COURSE[/LAB] is just [LAB].",
)
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
def test_labs(name: str | None, folder: Path | None, is_json: bool) -> None:
    """Start each lab of COURSE (or one) as a student would, and prove it: untouched it fails every check, and once its
    solution.sh has run it passes them all. Ends with the status 1 where it doesn't."""
    settings: Settings = current_app.extensions["yurt"]
    backend = make_test_backend(settings)
    if backend is None:
        raise click.ClickException("Labs are not set up here (LAB_BACKEND=off).")
    course, labs = _from_folder(folder, name) if folder else _from_database(name)
    before = signal.signal(signal.SIGTERM, _interrupt)  # whoever ends the command has its machine stopped, too
    try:
        reports = _prove_all(backend, instance_of_tests(settings), course, labs, is_json=is_json)
    finally:
        backend.close()
        signal.signal(signal.SIGTERM, before)
    if is_json:
        is_proven = all(report.is_proven for report in reports)
        document = {"is_proven": is_proven, "labs": [report.as_json() for report in reports]}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    elif len(reports) > 1:
        click.echo(summary(reports))
    if any(report.all_faults() for report in reports) or not any(report.is_proven for report in reports):
        raise click.exceptions.Exit(1)


def _prove_all(
    backend: Backend, instance: str, course: str, labs: list[archive.LabContent], *, is_json: bool
) -> list[LabReport]:
    try:
        for job_id in stop_left_over(backend, utcnow()):
            click.echo(f"{job_id} was left over from a test that was killed; it is stopped.", err=True)
    except (BackendError, OSError) as error:
        raise click.ClickException(f"The {backend.name} backend says: {error}") from error
    reports = []
    for lab in labs:
        reports.append(prove(backend, instance, course, lab))
        if not is_json:
            click.echo("\n".join([*table(reports[-1]), ""]))
    return reports


def _from_folder(folder: Path, name: str | None) -> tuple[str, list[archive.LabContent]]:
    try:
        course, labs = archive.labs_of(folder)
    except archive.ArchiveError as error:
        for fault in error.faults:
            click.echo(str(fault), err=True)
        raise click.ClickException("The folder has faults; nothing was tested.") from error
    return course, _only(labs, course, (name or "").removeprefix(f"{course}/"))


def _from_database(name: str | None) -> tuple[str, list[archive.LabContent]]:
    if not name:
        raise click.UsageError("Say which course, as COURSE or COURSE/LAB, or give a --folder.")
    course, _, lab = name.partition("/")
    try:
        labs = archive.imported_labs(course)
    except ServiceError as error:
        raise click.ClickException(error.message) from error
    finally:
        db.session.rollback()  # no transaction is open while machines run
    return course, _only(labs, course, lab)


def _only(labs: list[archive.LabContent], course: str, slug: str) -> list[archive.LabContent]:
    chosen = [lab for lab in labs if slug in ("", lab.slug)]
    if not chosen:
        names = ", ".join(lab.slug for lab in labs) or "none"
        raise click.ClickException(f"The course {course} has no such lab. Its labs: {names}.")
    return chosen


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
