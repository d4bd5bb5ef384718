"""`flask labs doctor`: what labs left behind on this machine, and how to end it."""

import click
from flask import current_app

from backends import BackendError, Leftover
from backends.makers import make_backend
from services import plain


@click.command("doctor", short_help="Find what labs left behind on this machine.")
def doctor() -> None:
    """Find Nomad's executors on this machine whose lab has ended, and print the command that ends them.

    Run it as root on each machine that has a Nomad client. It ends nothing by itself. The exit status is 1 when
    something was found.
    """
    backend = make_backend(current_app.extensions["yurt"])
    if backend is None:
        raise click.ClickException("Labs are not set up here (LAB_BACKEND=off).")
    try:
        leftovers = backend.leftovers()
    except BackendError as error:
        raise click.ClickException(f"The {backend.name} backend says: {error}") from error
    left = [leftover for leftover in leftovers if leftover.is_sure]
    unknown = [leftover for leftover in leftovers if not leftover.is_sure]
    if left:
        _say("Left behind: executors whose allocation has ended. As root, end them with:", left)
    if unknown:
        _say(
            "Not known to this cluster in NOMAD_NAMESPACE: left behind, or of another cluster or namespace. Where "
            "`nomad alloc status -namespace='*' ALLOCATION` doesn't know them either, end them with:",
            unknown,
        )
    if leftovers:
        raise SystemExit(1)
    click.echo("Labs left nothing behind on this machine.")


def _say(head: str, leftovers: list[Leftover]) -> None:
    click.echo(head)
    for leftover in leftovers:
        whose = f"{plain.sentence(leftover.job_id)}, " if leftover.job_id else ""
        click.echo(f"  kill -9 {' '.join(map(str, leftover.pids))}  # {whose}allocation {leftover.name}")
