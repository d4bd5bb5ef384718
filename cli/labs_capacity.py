"""`flask labs plan` and `flask labs warm`: how many nodes a class needs, and what is kept warm for it."""

from datetime import datetime, time

import click
from flask import current_app

from config import Settings
from extensions import db
from models import Lab, utcnow
from services import capacity_plan, clusters, courses, lab_steps, warm, warm_labs
from services.capacity_plan import Need, Size
from services.errors import ServiceError
from services.outlines import activity
from services.warm import DAYS, Plan

# What a small server has, where no cluster tells.
CPU_MHZ, MEMORY_MB = 8000, 16384
# Of the table, beside the names of labs and how many fit.
TABLE = 54


@click.command("plan")
@click.option("--students", type=click.IntRange(1, 100_000), required=True, help="How many start a lab at once.")
@click.option("--course", "slug", help="Plan for the labs of this course; else for those of all.")
@click.option("--node-cpu", type=click.IntRange(1), help="CPU of a node in MHz.")
@click.option("--node-memory", type=click.IntRange(1), help="Memory of a node in MB.")
def plan(students: int, slug: str | None, node_cpu: int | None, node_memory: int | None) -> None:
    """Say how many nodes of what size a class needs, lab by lab, and which dimension is short first."""
    settings: Settings = current_app.extensions["yurt"]
    there = _nodes(settings.instance)
    seen = there[0] if there else Size(CPU_MHZ, MEMORY_MB)
    node = Size(node_cpu or seen.cpu_mhz, node_memory or seen.memory_mb)
    try:
        chosen = [courses.find(slug)] if slug else courses.with_labs()
    except ServiceError as error:
        raise click.ClickException(f"There is no course {slug}.") from error
    labs = [(f"{course.slug}/{lab.slug}", _size(lab)) for course in chosen for lab in lab_steps.of_course(course)]
    if not labs:
        raise click.ClickException("There are no labs.")
    click.echo(f"{students} students at once, on nodes of {node.cpu_mhz} MHz and {node.memory_mb} MB:\n")
    _table(capacity_plan.plan(labs, students, node, there or None))
    click.echo("\nAdd a node for each one that may fail while the class works.")
    if students > settings.lab_limit_total:
        click.echo(f"LAB_LIMIT_TOTAL={settings.lab_limit_total} lets only that many labs run at once: raise it.")


def _nodes(instance: str) -> list[Size]:
    """Return what the cluster's ready nodes have for labs, the smallest first."""
    state = clusters.state(instance)
    sizes = [
        Size(max(0, node["cpu_mhz"] - node["cpu_taken_mhz"]), max(0, node["memory_mb"] - node["memory_taken_mb"]))
        for node in (state.nodes if state else [])
        if node["is_ready"]
    ]
    return sorted(sizes, key=lambda size: (size.cpu_mhz, size.memory_mb))


def _size(lab: Lab) -> Size:
    return Size(lab.cpu_mhz, lab.memory_mb)


def _table(needs: list[Need]) -> None:
    has_cluster = any(need.here is not None for need in needs)
    width = max(len("lab"), *(len(need.lab) for need in needs))
    heads = f"{'lab':<{width}}  {'MHz':>6}  {'MB':>6}  {'per node':>8}  {'nodes':>6}  short of"
    click.echo(f"{heads:<{width + TABLE}}{'fit here':>8}" if has_cluster else heads)
    for need in needs:
        nodes = str(need.nodes) if need.nodes is not None else "none"
        bound = need.bound_by if need.nodes is not None else f"{need.bound_by}: too large"
        row = (
            f"{need.lab:<{width}}  {need.size.cpu_mhz:>6}  {need.size.memory_mb:>6}  {need.on_a_node:>8}  {nodes:>6}  "
        )
        click.echo(f"{row + bound:<{width + TABLE}}{need.here:>8}" if has_cluster else row + bound)


@click.command("warm")
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
    """Keep N machines of COURSE/LAB ready, always or by timetable; without arguments list what is kept."""
    try:
        if plan_id is not None:
            if not warm.remove(plan_id):
                raise click.ClickException(f"There is no plan {plan_id}.")
        elif name is not None:
            weekday = DAYS.index(day.lower()) if day else None
            warm.add(_lab(name), Plan(count, percent, weekday, _time(begins), _time(ends), time_zone))
    except ServiceError as error:
        raise click.ClickException(f"{getattr(error, 'field', 'COURSE/LAB')}: {error.message}") from error
    db.session.commit()
    _list()


def _time(given: datetime | None) -> time | None:
    return given.time() if given else None


def _lab(name: str) -> Lab:
    course, _slash, lab = name.partition("/")
    found = activity(courses.find(course), lab, Lab)
    assert isinstance(found, Lab)
    return found


def _list() -> None:
    rows = warm.everything()
    for row in rows:
        click.echo(f"{row.id:>4}  {row.lab.course.slug}/{row.lab.slug}: {warm.words(warm.as_plan(row))}")
    if not rows:
        click.echo("Nothing is kept warm.", err=True)
    names = {row.lab_id: f"{row.lab.course.slug}/{row.lab.slug}" for row in rows}
    for stock in warm_labs.stock(utcnow()):
        words = f"{stock.wanted} wanted, {stock.ready} ready, {stock.starting} starting"
        click.echo(f"now   {names.get(stock.lab_id, 'a lab without a plan')}: {words}")
