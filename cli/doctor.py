"""`flask doctor`: what a deployment needs mended, with the command that mends it."""

import json
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

import reporting
from cli.diagnosis import alerts, labs, mail, postgresql, redis, site
from cli.diagnosis.findings import Finding, Part, State, look_at
from config import Settings

WIDEST, NARROWEST, NAMES = 110, 60, 16
SIGNS: dict[State, tuple[str, str, dict[str, Any]]] = {
    "well": ("✓", "ok", {"fg": "green"}),
    "note": ("!", "!", {"fg": "yellow", "bold": True}),
    "fault": ("✗", "X", {"fg": "red", "bold": True}),
    "left": ("·", "-", {"dim": True}),
}


@click.command("doctor", short_help="Look at this deployment, and say what to mend.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@click.option("--alertmanager", default="", metavar="URL", help="Send this Alertmanager an alert for trial.")
@with_appcontext
def doctor(as_json: bool, alertmanager: str) -> None:
    """Look at every part of this deployment, and say what to mend and how.

    It changes nothing. Run it where the web processes run, with their environment. The exit status is 1 where something
    is to be mended.
    """
    settings: Settings = current_app.extensions["yurt"]
    looks: dict[str, Callable[[], Iterable[Finding]]] = {
        "Site": lambda: site.look(settings),
        "PostgreSQL": lambda: postgresql.look(settings),
        "Redis": lambda: redis.look(settings),
        "Scheduler": lambda: redis.look_at_scheduler(settings),
        "Labs": lambda: labs.look(settings),
        "Mail": lambda: mail.look(settings),
        "Alerts": lambda: alerts.look(settings, alertmanager),
    }
    parts: list[Part] = []
    if not as_json:
        click.echo(_head(settings))
    for name, look in looks.items():
        part = look_at(name, look)
        parts.append(part)
        if not as_json:
            click.echo("\n".join(_lines(part)))
    faults = _count(parts, "fault")
    if as_json:
        told = {
            "is_well": not faults,
            "release": reporting.release(settings),
            "parts": [part.as_json() for part in parts],
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        click.echo(_sum(parts))
    if faults:
        raise SystemExit(1)


def _head(settings: Settings) -> str:
    title = click.style(f"{settings.site_name} at {settings.public_url}", bold=True)
    return f"{title}\n{click.style(f'release {reporting.release(settings)}, instance {settings.instance}', dim=True)}"


def _lines(part: Part) -> Iterator[str]:
    """Yield a heading, a line for each finding, and below it what mends it."""
    yield ""
    yield click.style(part.name, bold=True)
    width = max(NARROWEST, min(WIDEST, shutil.get_terminal_size().columns))
    for finding in part.findings:
        sign, plain_sign, style = SIGNS[finding.state]
        head = f"  {click.style(sign if _is_unicode() else plain_sign.ljust(2), **style)} "
        yield from _wrapped(head, finding.name.ljust(NAMES), finding.said, width, dim=finding.state == "left")
        if finding.mend:
            arrow = "→ " if _is_unicode() else "> "
            mend = click.style(arrow, dim=True) + click.style(finding.mend, fg="cyan")
            # A command isn't wrapped: it is to be copied.
            yield f"{' ' * (4 + NAMES)} {mend}"


def _wrapped(head: str, name: str, said: str, width: int, *, dim: bool) -> Iterator[str]:
    rows = textwrap.wrap(said, width - NAMES - 5, break_long_words=False, break_on_hyphens=False) or [""]
    yield f"{head}{name} {click.style(rows[0], dim=True) if dim else rows[0]}"
    for row in rows[1:]:
        yield f"{' ' * (4 + NAMES)} {click.style(row, dim=True) if dim else row}"


def _sum(parts: list[Part]) -> str:
    faults, notes, wells = (_count(parts, state) for state in ("fault", "note", "well"))
    words = [
        click.style(f"{faults} to mend", fg="red", bold=True) if faults else click.style("nothing to mend", fg="green"),
        *([click.style(f"{notes} to look at", fg="yellow")] if notes else []),
        f"{wells} well",
    ]
    return f"\n{', '.join(words)}"


def _count(parts: list[Part], state: State) -> int:
    return sum(finding.state == state for part in parts for finding in part.findings)


def _is_unicode() -> bool:
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"
