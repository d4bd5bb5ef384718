"""What `make run` says: the lines of every process under its name, and the lines that people wait for."""

import os
import sys
import threading
from datetime import UTC, datetime

from honcho.colour import get_colours
from honcho.printer import Message, Printer

from lines import as_json

OURS = "yurt"
ACCOUNTS = (
    ("alice@example.org", "teaches the demo course"),
    ("bob@example.org", "is enrolled in it"),
    ("charlie@example.org", "is enrolled in nothing"),
    ("dana@example.org", "is the administrator"),
)
PASSWORD = "yurt-demo-2026"


def _now() -> datetime:
    """Return this machine's time; UTC where its TZ names a zone that there can't be, as XYZ-99 does."""
    try:
        return datetime.now().astimezone()
    except ValueError:
        return datetime.now(UTC)


class Voice:
    """Lines on standard output, as honcho prints them: coloured names on a terminal, plain text elsewhere.

    With LOG_FORMAT=json each is an object, our own too.
    """

    def __init__(self, names: list[str], *, is_json: bool = False) -> None:
        self.is_json = is_json
        self.printer = Printer(sys.stdout, width=max(map(len, [OURS, *names])))
        colours = get_colours()
        self.colours = {name: next(colours) for name in names}
        self.turn = threading.Lock()

    def say(self, name: str, line: str) -> None:
        """Print a line of a process."""
        with self.turn:
            if self.is_json:
                self._write(lambda: print(as_json(name, line), flush=True))
            else:
                self._write(lambda: self.printer.write(self._message(name, line)))

    def note(self, line: str) -> None:
        """Print a line of our own."""
        self.say(OURS, line)

    def ready(self, url: str, *, is_demo: bool) -> None:
        """Print the lines that people wait for."""
        lines = ["", f"Yurt is ready: {url}", ""]
        if is_demo:
            width = max(len(email) for email, _ in ACCOUNTS)
            lines += [f"  {email:<{width}}  {PASSWORD}  {what}" for email, what in ACCOUNTS]
            lines += [""]
        lines += ["Ctrl-C ends it; the data stays.", ""]
        if self.is_json:
            for line in filter(None, map(str.strip, lines)):
                self.note(line)
            return
        with self.turn:
            self._write(lambda: print("\n".join(lines), flush=True))

    def _message(self, name: str, line: str) -> Message:
        return Message(
            type="line",
            data=line or " ",
            time=_now(),
            name=name,
            colour=self.colours.get(name),
        )

    def _write(self, write: "object") -> None:
        try:
            write()  # type: ignore[operator]
        except OSError:
            # The terminal or the pipe is gone, but the site goes on.
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115  # for the rest of our life
            self.printer.output = sys.stdout
