"""Lines that a process prints beside its log: what its children said, why it can't start. One home for their form.

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
    """Return the line as one object; one that is an object already keeps what it says."""
    found: Any = None
    if line.lstrip().startswith("{"):
        try:
            found = json.loads(line)
        except ValueError:
            found = None
    if not isinstance(found, dict):
        found = {"event": line, "level": level, "logger": logger}
    elif "event" in found and "timestamp" in found and "process" in found:
        return line.strip()
    found = {OTHER_NAMES.get(name, name): value for name, value in found.items()}
    when = found.get("timestamp")
    if not isinstance(when, str):
        moment = datetime.fromtimestamp(when, UTC) if isinstance(when, int | float) else datetime.now(UTC)
        found["timestamp"] = moment.isoformat().replace("+00:00", "Z")
    return json.dumps({"event": "", **found, "process": process}, ensure_ascii=False, default=str)


def complain(text: str, *, is_log: bool = True) -> None:
    """Print why the process ends on standard error."""
    told = text.splitlines()
    if is_json(is_log=is_log):
        told = [as_json("start", line.strip(), "error") for line in told]
    print("\n".join(told), file=sys.stderr, flush=True)


def relay(name: str, line: str) -> None:
    """Print a line of a child, or about it, on standard error."""
    print(as_json(name, line) if is_json() else f"{name}: {line}", file=sys.stderr, flush=True)
