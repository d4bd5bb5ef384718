"""What a run leaves: a table on the terminal and in docs/performance.md, a JSON document, and a page with plots."""

import json
import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

import psutil

from bench.speed.figures import Outcome, Row
from bench.speed.load import client_name
from bench.speed.plots import svg
from config import ROOT

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- speed: written by `python -m bench speed --write` -->", "<!-- end of speed -->"
STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --paper: #fff; --line: #d5dae0; --bad: #a32020; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e6e1; --paper: #171b20; --line: #3b434d; --bad: #ff8f80; } }
body { margin: 0 auto; max-width: 75rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
.no { color: var(--bad); font-weight: 600; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1.5rem; }
figure { margin: 0; } figcaption { font-weight: 600; } svg { width: 100%; height: auto; }
svg text { font: 11px system-ui, sans-serif; fill: currentColor; } svg polyline { fill: none; stroke-width: 2; }
svg .grid { stroke: var(--line); }
"""


@dataclass(frozen=True)
class Done:
    """A scenario that ran, with the machine's load average before and after."""

    name: str
    outcome: Outcome
    before: float
    after: float


def machine(workers: int) -> str:
    """Say what was measured on, and with what."""
    memory = psutil.virtual_memory().total / 2**30
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB"
    return f"{when}, {system}, {workers} web workers, {client_name()}."


def holds(row: Row) -> str:
    """Say whether a row's aim is met."""
    return "" if row.is_met is None else "yes" if row.is_met else "**no**"


def table(done: list[Done]) -> str:
    """Return the table in Markdown."""
    lines = ["| scenario | aim | measured | holds | load |", "| --- | --- | --- | --- | --- |"]
    for one in done:
        for row in one.outcome.rows:
            load = f"{one.before:.1f} to {one.after:.1f}"
            lines.append(f"| {row.what} | {row.aim} | {row.measured} | {holds(row)} | {load} |")
    return "\n".join(lines)


def write_files(folder: Path, done: list[Done], workers: int) -> None:
    """Write speed.json and speed.html."""
    folder.mkdir(parents=True, exist_ok=True)
    document: dict[str, Any] = {"machine": machine(workers), "scenarios": {}}
    for one in done:
        rows = [vars(row) for row in one.outcome.rows]
        load = [round(one.before, 1), round(one.after, 1)]
        document["scenarios"][one.name] = {"rows": rows, "load": load, **one.outcome.data}
    (folder / "speed.json").write_text(json.dumps(document, indent=1) + "\n")
    (folder / "speed.html").write_text(_page(done, workers))


def _page(done: list[Done], workers: int) -> str:
    rows = []
    for one in done:
        for row in one.outcome.rows:
            cells = [row.what, row.aim, row.measured.replace("**", ""), holds(row).replace("**", "")]
            cells.append(f"{one.before:.1f} to {one.after:.1f}")
            mark = ' class="no"' if row.is_met is False else ""
            rows.append(f"<tr{mark}>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>")
    head = "".join(f'<th scope="col">{name}</th>' for name in ("scenario", "aim", "measured", "holds", "load"))
    plots = "".join(svg(plot) for one in done for plot in one.outcome.plots)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>How fast Yurt is</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><h1>How fast Yurt is</h1><p>{escape(machine(workers))}</p>"
        f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
        f'<h2>Plots</h2><div class="plots">{plots}</div></body></html>\n'
    )


def write_docs(done: list[Done], workers: int) -> None:
    """Put the table into docs/performance.md."""
    before, begin, rest = PAGE.read_text().partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE} has no place for the table")
    PAGE.write_text(f"{before}{BEGIN}\n\n{machine(workers)}\n\n{table(done)}\n\n{END}{after}")
