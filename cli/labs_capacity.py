"""`flask labs warm`: what is kept warm for a class."""

from datetime import datetime, time

import click
from flask import current_app

from extensions import db
from models import Lab, utcnow
from reasons import ENGLISH, sentence
from services.capacity import warm_plans
from services.capacity.warm_plans import DAYS, Plan
from services.courses import catalogue
from services.courses.outlines import activity
from services.errors import ServiceError
from services.labs import gate, hopeless, warm_stock
from services.labs.gate import Site


@click.command("warm", short_help="Keep machines ready for a class.")
@click.argument("name", metavar="[COURSE/LAB]", required=False)
@click.argument("count", metavar="[N]", type=int, required=False)
@click.option("--enrolled", "percent", type=int, help="Keep this share of the course's students, in per cent, not N.")
@click.option("--on", "day", type=click.Choice(DAYS, case_sensitive=False), help="Only on this day of the week.")
@click.option(
    "--from", "begins", type=click.DateTime(["%H:%M"]), metavar="HH:MM", help="Only from this time, as 09:55,"
)
@click.option("--until", "ends", type=click.DateTime(["%H:%M"]), metavar="HH:MM", help="until that one.")
@click.option("--time-zone", default="UTC", show_default=True, help="Where these times are told, as Europe/Berlin.")
@click.option("--remove", "plan_id", type=int, help="Remove the plan of this number.")
def keep_warm(
    name: str | None,
    count: int | None,
    percent: int | None,
    day: str | None,
    begins: datetime | None,
    ends: datetime | None,
    time_zone: str,
    plan_id: int | None,
) -> None:
    """Keep N machines of COURSE/LAB ready (0: none any more), always or by timetable; without arguments, list them."""
    try:
        if plan_id is not None:
            if not warm_plans.remove(plan_id):
                raise click.ClickException(f"There is no plan {plan_id}.")
        elif name is not None:
            weekday = DAYS.index(day.lower()) if day else None
            course, _slash, slug = name.partition("/")
            lab = activity(catalogue.find(course), slug, Lab)
            if count or percent:
                _check(lab)
            warm_plans.add(lab, Plan(count, percent, weekday, _time(begins), _time(ends), time_zone))
    except ServiceError as error:
        raise click.ClickException(f"{getattr(error, 'field', 'COURSE/LAB')}: {error.message}") from error
    db.session.commit()
    _list()


def _time(given: datetime | None) -> time | None:
    return given.time() if given else None


def _check(lab: Lab) -> None:
    settings = current_app.extensions["yurt"]
    why = gate.hindrance(lab, Site(settings.lab_backend, settings.instance))
    if why is not None:
        raise click.ClickException(sentence(hopeless.REASON_OF[why], ENGLISH))


def _list() -> None:
    rows = warm_plans.everything()
    for row in rows:
        click.echo(f"{row.id:>4}  {row.lab.course.slug}/{row.lab.slug}: {warm_plans.words(warm_plans.as_plan(row))}")
    if not rows:
        click.echo("Nothing is kept warm.", err=True)
    names = {row.lab_id: f"{row.lab.course.slug}/{row.lab.slug}" for row in rows}
    for stock in warm_stock.stock(utcnow()):
        words = f"{stock.wanted} wanted, {stock.ready} ready, {stock.starting} starting"
        click.echo(f"now   {names.get(stock.lab_id, 'a lab without a plan')}: {words}")
