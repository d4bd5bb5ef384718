"""`flask points audit`: whether totals are what the ledger adds up to."""

import click
from flask.cli import AppGroup

from extensions import db
from models import utcnow
from services.courses import catalogue
from services.errors import NotFound
from services.leaderboards import audits

points_group = AppGroup("points", help="Points that people have, and their ledger.")


@points_group.command("audit")
@click.option("--course", "slug", help="Only this course, by its slug.")
@click.option("--mend", is_flag=True, help="Set totals that are wrong to what the ledger adds up to.")
def audit(slug: str | None, mend: bool) -> None:
    """Compare every total with the ledger, and list those that differ. Ends with 1 where one is left wrong."""
    try:
        course = catalogue.find(slug) if slug else None
    except NotFound as error:
        raise click.ClickException(f"There is no course called {slug}.") from error
    report = audits.make(audits.ask(course, mend=mend, by=None, now=utcnow()), now=utcnow)
    db.session.commit()
    for drift in report.found:
        wrong = "was reached at another time" if drift["is_late"] else f"the ledger adds up to {drift['added']}"
        click.echo(f"course {drift['course_id']}, user {drift['user_id']}: {drift['kept']} points, {wrong}")
    if report.drifts > len(report.found):
        click.echo(f"and {report.drifts - len(report.found)} more")
    click.echo(f"{report.totals} totals looked at, {report.drifts} wrong, {report.mended} set right.")
    if report.drifts > report.mended:
        raise SystemExit(1)
