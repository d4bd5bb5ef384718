"""`flask labs plan`: how many nodes of what size a class needs, in a table that a terminal of 80 columns holds."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import click
from flask import current_app

from config import Settings
from models import Course, Lab
from services.capacity import placement, sizing
from services.capacity.sizing import Need, Size
from services.courses import catalogue
from services.errors import ServiceError
from services.labs import clusters, steps

# What a small server has, where no cluster tells.
USUAL = Size(8000, 16384)
WIDEST_NAME = 22
TAKEN = (("cpu_mhz", "cpu_taken_mhz"), ("memory_mb", "memory_taken_mb"))


@click.command("plan", short_help="Say how many nodes a class needs.")
@click.option("--students", type=click.IntRange(1, 100_000), required=True, help="How many start a lab at once.")
@click.option("--course", "slug", help="Plan for the labs of this course; else for those of all.")
@click.option("--node-cpu", type=click.IntRange(1), help="CPU of a node in MHz.")
@click.option("--node-memory", type=click.IntRange(1), help="Memory of a node in MB.")
@click.option("--node-disk", type=click.IntRange(1), help="Disk of a node for labs in MB.")
def plan(students: int, slug: str | None, node_cpu: int | None, node_memory: int | None, node_disk: int | None) -> None:
    """Say how many nodes of what size a class needs, lab by lab, and which dimension is short first."""
    settings: Settings = current_app.extensions["yurt"]
    there = _nodes(settings.instance)
    usual = sizing.like([node.size for node in there]) if there else USUAL
    asked = Size(node_cpu or usual.cpu_mhz, node_memory or usual.memory_mb, node_disk or usual.disk_mb)
    own = None if there and asked == usual else asked
    try:
        chosen = [catalogue.find(slug)] if slug else catalogue.with_labs()
    except ServiceError as error:
        raise click.ClickException(f"There is no course {slug}.") from error
    labs = [(course, steps.of_course(course)) for course in chosen]
    if not any(its_labs for _course, its_labs in labs):
        raise click.ClickException("There are no labs.")
    click.echo("\n".join(_report(labs, students, own, asked, there)))
    if students > settings.lab_limit_total:
        click.echo(f"LAB_LIMIT_TOTAL={settings.lab_limit_total} lets only that many labs run at once: raise it.")


@dataclass(frozen=True)
class Node:
    """What a ready node of the cluster has for labs, and the templates that it runs; None: any template."""

    size: Size
    templates: Sequence[str] | None

    def runs(self, lab: Lab) -> bool:
        """Say whether it has the driver of the lab."""
        return self.templates is None or lab.template in self.templates


def _nodes(instance: str) -> list[Node]:
    state = clusters.state(instance)
    return [_node(row) for row in (state.nodes if state else []) if row["is_ready"]]


def _node(row: dict[str, Any]) -> Node:
    # A row of a version before has neither a disk nor templates.
    disk = max(0, row["disk_mb"] - row["disk_taken_mb"]) if row.get("disk_mb") else None
    cpu, memory = (max(0, row[name] - row[taken]) for name, taken in TAKEN)
    return Node(Size(cpu, memory, disk), row.get("templates"))


def _report(
    labs: Sequence[tuple[Course, Sequence[Lab]]], students: int, own: Size | None, asked: Size, there: Sequence[Node]
) -> Iterator[str]:
    yield f"{students} student{'' if students == 1 else 's'} at once, on nodes of {_words(asked)}:"
    notes: list[str] = []
    most = 0
    width = min(WIDEST_NAME, max(len(lab.slug) for _course, its_labs in labs for lab in its_labs))
    for course, its_labs in labs:
        if not its_labs:
            continue
        needs = [_need(lab, students, own, asked, there) for lab in its_labs]
        yield from ("", course.slug, *_table(needs, max(width, len("lab"))))
        notes += [note for need, lab in zip(needs, its_labs, strict=True) for note in _notes(need, lab, asked, there)]
        most = max(most, *(need.nodes or 0 for need in needs))
    if there:
        counts = Counter(sizing.alike([node.size for node in there]))
        yield ""
        yield "The cluster has for labs:"
        for size, count in sorted(counts.items(), key=lambda pair: (pair[0].cpu_mhz, pair[0].memory_mb)):
            yield f"  {count} node{'' if count == 1 else 's'} of {_words(size)}"
    if notes:
        yield from ("", *notes)
    yield ""
    if not most:
        yield "No such node holds any of these labs."
    else:
        yield f"{most} node{'' if most == 1 else 's'} for any of these labs. Add one for each that may fail in class."


def _need(lab: Lab, students: int, own: Size | None, asked: Size, there: Sequence[Node]) -> Need:
    """Plan one lab on the nodes that run it, or on those that are asked for."""
    able = [node.size for node in there if node.runs(lab)]
    needs = placement.needs_of(lab.cpu_mhz, lab.memory_mb, lab.template)
    size = Size(needs.cpu_mhz, needs.memory_mb, lab.disk_mb + placement.OWN_DISK_MB)
    (need,) = sizing.plan([(lab.slug, size)], students, own or (None if able else asked), able if there else None)
    return need


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


def _notes(need: Need, lab: Lab, asked: Size, there: Sequence[Node]) -> Iterator[str]:
    """Yield a sentence where the figures don't tell all."""
    if there and not any(node.runs(lab) for node in there):
        yield f"{need.lab} runs on no node that there is: none has the driver of the template {lab.template}."
    if need.nodes is None:
        size = need.size if need.node.disk_mb is not None else replace(need.size, disk_mb=None)
        yield f"{need.lab} fits on no such node: it needs {_words(size)}."
    elif (need.node.cpu_mhz, need.node.memory_mb) != (asked.cpu_mhz, asked.memory_mb):
        yield f"{need.lab} needs nodes of {_words(need.node)}."
    wanted = lab.memory_max_mb * need.on_a_node
    if lab.memory_max_mb > lab.memory_mb and wanted > need.node.memory_mb:
        yield f"{need.lab} may use {lab.memory_max_mb} MB where there is room; a full node has less for each."


def _count(number: int | None) -> str:
    return "-" if number is None else str(number)


def _words(size: Size) -> str:
    if size.disk_mb is None:
        return f"{size.cpu_mhz} MHz and {size.memory_mb} MB"
    return f"{size.cpu_mhz} MHz, {size.memory_mb} MB and {size.disk_mb} MB of disk"
