"""Lines that a process prints beside its log: its children's output, why it can't start. One home for their form.

With LOG_FORMAT=json each is one object with the keys of the log (event, level, logger, timestamp, process), whoever
wrote it; else they are text. Standard library only.
"""

import json
import os
import sys
from datetime import UTC, datetime
from typing import Any

import environment

# What Caddy and other Go programs call them.
OTHER_NAMES = {"msg": "event", "ts": "timestamp"}


def is_json(*, is_log: bool = True) -> bool:
    """Say whether lines are JSON. `auto` is JSON for a log that no terminal shows; `make run` speaks to people."""
    form = environment.value(os.environ, "LOG_FORMAT", "auto").lower()
    return form == "json" or (is_log and form == "auto" and not sys.stderr.isatty())


def as_json(process: str, line: str, level: str = "info", logger: str = "yurt.processes") -> str:
    """Return the line as one JSON object; a line that is one already keeps its entries."""
    entry: Any = None
    if line.lstrip().startswith("{"):
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
    if not isinstance(entry, dict):
        entry = {"event": line, "level": level, "logger": logger}
    elif "event" in entry and "timestamp" in entry and "process" in entry:
        return line.strip()
    entry = {OTHER_NAMES.get(name, name): value for name, value in entry.items()}
    when = entry.get("timestamp")
    if not isinstance(when, str):
        moment = datetime.fromtimestamp(when, UTC) if isinstance(when, int | float) else datetime.now(UTC)
        entry["timestamp"] = moment.isoformat().replace("+00:00", "Z")
    return json.dumps({"event": "", **entry, "process": process}, ensure_ascii=False, default=str)


def complain(text: str, *, is_log: bool = True) -> None:
    """Print why the process ends on standard error."""
    lines = text.splitlines()
    if is_json(is_log=is_log):
        lines = [as_json("start", line.strip(), "error") for line in lines]
    print("\n".join(lines), file=sys.stderr, flush=True)


def relay(name: str, line: str) -> None:
    """Print a line of a child, or about it, on standard error."""
    print(as_json(name, line) if is_json() else f"{name}: {line}", file=sys.stderr, flush=True)
