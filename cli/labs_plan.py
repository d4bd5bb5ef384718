"""`flask labs plan`: how many nodes of what size a class needs, in a table that a terminal of 80 columns holds."""

from collections import Counter
from collections.abc import Iterator, Sequence

import click
from flask import current_app

from config import Settings
from models import Course, Lab
from services import capacity_plan, clusters, courses, lab_steps
from services.capacity_plan import Need, Size
from services.errors import ServiceError

# What a small server has, where no cluster tells.
USUAL = Size(8000, 16384)
WIDEST_NAME = 22


@click.command("plan")
@click.option("--students", type=click.IntRange(1, 100_000), required=True, help="How many start a lab at once.")
@click.option("--course", "slug", help="Plan for the labs of this course; else for those of all.")
@click.option("--node-cpu", type=click.IntRange(1), help="CPU of a node in MHz.")
@click.option("--node-memory", type=click.IntRange(1), help="Memory of a node in MB.")
def plan(students: int, slug: str | None, node_cpu: int | None, node_memory: int | None) -> None:
    """Say how many nodes of what size a class needs, lab by lab, and which dimension is short first."""
    settings: Settings = current_app.extensions["yurt"]
    there = _nodes(settings.instance)
    usual = capacity_plan.like(there) if there else USUAL
    asked = Size(node_cpu or usual.cpu_mhz, node_memory or usual.memory_mb)
    node = None if there and asked == usual else asked
    try:
        chosen = [courses.find(slug)] if slug else courses.with_labs()
    except ServiceError as error:
        raise click.ClickException(f"There is no course {slug}.") from error
    labs = [(course, lab_steps.of_course(course)) for course in chosen]
    if not any(found for _course, found in labs):
        raise click.ClickException("There are no labs.")
    click.echo("\n".join(_report(labs, students, node, asked, there)))
    if students > settings.lab_limit_total:
        click.echo(f"LAB_LIMIT_TOTAL={settings.lab_limit_total} lets only that many labs run at once: raise it.")


def _nodes(instance: str) -> list[Size]:
    """Return what the cluster's ready nodes have for labs."""
    state = clusters.state(instance)
    return [
        Size(max(0, node["cpu_mhz"] - node["cpu_taken_mhz"]), max(0, node["memory_mb"] - node["memory_taken_mb"]))
        for node in (state.nodes if state else [])
        if node["is_ready"]
    ]


def _report(
    labs: Sequence[tuple[Course, Sequence[Lab]]], students: int, node: Size | None, asked: Size, there: Sequence[Size]
) -> Iterator[str]:
    yield f"{students} student{'' if students == 1 else 's'} at once, on nodes of {_words(asked)}:"
    notes: list[str] = []
    most = 0
    width = min(WIDEST_NAME, max(len(lab.slug) for _course, found in labs for lab in found))
    for course, found in labs:
        if not found:
            continue
        sizes = [(lab.slug, Size(lab.cpu_mhz, lab.memory_mb)) for lab in found]
        needs = capacity_plan.plan(sizes, students, node, there or None)
        yield from ("", course.slug, *_table(needs, max(width, len("lab"))))
        notes += [note for need, lab in zip(needs, found, strict=True) for note in _notes(need, lab, asked)]
        most = max(most, *(need.nodes or 0 for need in needs))
    if there:
        counts = sorted(Counter(there).items(), key=lambda pair: (pair[0].cpu_mhz, pair[0].memory_mb))
        yield ""
        yield "The cluster has for labs:"
        yield from (f"  {count} node{'' if count == 1 else 's'} of {_words(size)}" for size, count in counts)
    if notes:
        yield from ("", *notes)
    yield ""
    yield f"{most} node{'' if most == 1 else 's'} for any of these labs. Add one for each that may fail in class."


def _table(needs: Sequence[Need], width: int) -> Iterator[str]:
    has_cluster = needs[0].here is not None
    here = f"  {'here':>6}  {'add':>4}" if has_cluster else ""
    yield f"  {'lab':<{width}}  {'MHz':>6}  {'MB':>6}  {'a node':>6}  {'nodes':>5}{here}  short of"
    for need in needs:
        name = need.lab if len(need.lab) <= width else f"{need.lab[: width - 1]}…"
        sizes = f"{need.size.cpu_mhz:>6}  {need.size.memory_mb:>6}"
        here = f"  {need.here:>6}  {_count(need.more):>4}" if has_cluster else ""
        row = f"  {name:<{width}}  {sizes}  {need.on_a_node:>6}  {_count(need.nodes):>5}{here}"
        yield f"{row}  {need.bound_by}"


def _notes(need: Need, lab: Lab, asked: Size) -> Iterator[str]:
    """Say what the figures alone don't."""
    if need.nodes is None:
        yield f"{need.lab} fits on no such node: it needs {_words(need.size)}."
    elif need.node != asked:
        yield f"{need.lab} needs nodes of {_words(need.node)}."
    wanted = lab.memory_max_mb * need.on_a_node
    if lab.memory_max_mb > lab.memory_mb and wanted > need.node.memory_mb:
        yield f"{need.lab} may use {lab.memory_max_mb} MB where there is room; a full node has less for each."


def _count(number: int | None) -> str:
    return "-" if number is None else str(number)


def _words(size: Size) -> str:
    return f"{size.cpu_mhz} MHz and {size.memory_mb} MB"
