"""`flask labs`: what runs, and whether sessions and machines agree."""

import click
from flask import current_app
from flask.cli import AppGroup

from backends import Backend, BackendError
from backends.makers import make_backend
from extensions import db
from models import utcnow
from reasons import ENGLISH, text
from services import plain
from services.labs import clusters
from services.labs import repairs as lab_repairs
from services.labs.repairs import Repair

labs_group = AppGroup("labs", help="Labs that run, and the machines below them.")


@labs_group.command("list", short_help="List the labs that run or wait.")
def list_labs() -> None:
    """List every lab session that hasn't ended: its job, state and student, its node, and since when."""
    rows, students = lab_repairs.known(), lab_repairs.students()
    for row in sorted(rows, key=lambda row: (row.state, row.job_id)):
        since = f"since {row.started_at:%Y-%m-%d %H:%M} UTC" if row.started_at else ""
        student = plain.sentence(students.get(row.id, "")) if row.id else ""
        click.echo(f"{row.job_id:<60} {row.state:<9} {student:<20} {plain.sentence(row.node):<16} {since}".rstrip())
    if not rows:
        click.echo("No lab runs or waits.", err=True)


@labs_group.command("reconcile", short_help="Make sessions and machines agree.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
def reconcile(dry_run: bool) -> None:
    """Stop machines that no session wants, and end sessions whose machine is gone. The scheduler does so, too."""
    backend = make_backend(current_app.extensions["yurt"])
    if backend is None:
        raise click.ClickException("Labs are not set up here (LAB_BACKEND=off).")
    try:
        looked_at = utcnow()
        jobs, leaving = backend.observe(), clusters.leaving(current_app.extensions["yurt"].instance)
        repairs = lab_repairs.plan(lab_repairs.known(), jobs, looked_at, leaving)
        db.session.commit()
        for repair in repairs:
            is_done = dry_run or _carry_out(backend, repair)
            click.echo(f"{repair.job_id}: {_words(repair)}{'' if is_done else ' (has moved on)'}")
    except BackendError as error:
        raise click.ClickException(f"The {backend.name} backend says: {error}") from error
    if not repairs:
        click.echo("Sessions and machines agree.")


def _words(repair: Repair) -> str:
    words = {
        "stop": "stop, nobody wants it",
        "lose": f"end its session as {repair.reason}",
        "move": "save it and start it elsewhere",
    }
    if repair.action == "move" and repair.session_id is None:
        words["move"] = "replace it elsewhere"
    return f"{words[repair.action]}{f': {plain.sentence(text(repair.why, ENGLISH))}' if repair.why else ''}"


def _carry_out(backend: Backend, repair: Repair) -> bool:
    job = None if repair.action == "stop" else backend.status(repair.job_id)
    is_due = lab_repairs.carry_out(repair, job, utcnow())
    db.session.commit()
    if is_due and repair.action != "move":
        backend.stop(repair.job_id)
    return is_due
