"""A lab's timeline in the reader's words."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import flask_babel
from babel.dates import format_datetime, get_timezone
from flask_babel import gettext as _
from flask_babel import ngettext

from blueprints.shown import duration, region, time_zone
from models import LabEvent
from reasons import listed, sentence, text
from services import markdown, timelines
from services.idleness import evidence

Detail = dict[str, Any]
GOOD, WARN, BAD = "good", "warn", "bad"
TONES = {
    "running": GOOD,
    "check_passed": GOOD,
    "saved": GOOD,
    "restored": GOOD,
    "warned": WARN,
    "check_failed": WARN,
    "waiting": WARN,
    "save_failed": BAD,
    "failed": BAD,
    "lost": BAD,
}


def lines(events: Sequence[LabEvent]) -> list[dict[str, Any]]:
    """Return [{at, kind, words, more, tone}], as they come."""
    return [
        {
            "at": event.at,
            "kind": event.kind,
            "words": words(event.kind, event.detail),
            "more": more(event.kind, event.detail),
            "tone": TONES.get(event.kind, ""),
        }
        for event in events
    ]


def words(kind: str, detail: Detail) -> str:
    """Say what happened; an unknown kind, of a newer version, by its name."""
    say = WORDS.get(kind)
    return say(detail) if say is not None else kind.replace("_", " ")


def more(kind: str, detail: Detail) -> str:
    """Say why, or how much, where there is more to say."""
    if kind in ("warned", "verdict"):
        return reasons(detail)
    if kind in ("saved", "restored"):
        return receipt(detail)
    if kind == "hand_raised":
        return str(detail.get("note") or "")
    if kind == "moved":
        return _why(kind, detail)
    return "" if kind == "waiting" else sentence(timelines.reason_of(kind, detail), flask_babel)


def reasons(facts: Detail) -> str:
    """Say what speaks for a lab's idleness: "no input 118 min, CPU 0.4 %, page closed"."""
    return listed(evidence.reasons(facts), flask_babel)


def with_texts(kind: str, detail: Detail) -> Detail:
    """Return an event's detail for programs: with texts for its reasons."""
    texts = {name: more(kind, detail) for name in [timelines.REASON_FIELDS.get(kind)] if name in detail}
    if kind == "waiting":
        texts = {"reason": _why(kind, detail)}
    if kind in ("warned", "verdict"):
        texts = {"words": reasons(detail)}
    return {**detail, **texts}


def _why(kind: str, detail: Detail) -> str:
    return text(timelines.reason_of(kind, detail), flask_babel)


def receipt(detail: Detail) -> str:
    """Say what a save holds: "12 files, 34 kB, sha256 1a2b3c4d"."""
    files = detail.get("files", 0)
    parts = [ngettext("%(num)d file", "%(num)d files", files), size(detail.get("size", 0))]
    if skipped := detail.get("skipped", 0):
        parts.append(ngettext("%(num)d more couldn’t be read", "%(num)d more couldn’t be read", skipped))
    return ", ".join([*parts, f"sha256 {str(detail.get('sha256', ''))[:8]}"])


def _title(detail: Detail, name: str) -> str:
    return markdown.plain(str(detail.get(name) or ""))


def size(count: int) -> str:
    """Show a number of bytes."""
    if count < 1000:
        return _("%(num)d bytes", num=count)
    if count < 1_000_000:
        return _("%(num)d kB", num=round(count / 1000))
    return _("%(num).1f MB", num=count / 1_000_000)


def _clock(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    zone = get_timezone(time_zone())
    return str(format_datetime(datetime.fromisoformat(value), "medium", tzinfo=zone, locale=region()))


def _warned(detail: Detail) -> str:
    at = _clock(detail.get("stop_at"))
    if detail.get("reason") == "age":
        return _("Warned: its longest life ends, and it stops at %(at)s", at=at)
    if detail.get("action") == "warn_last":
        return _("Warned for the last time: it stops at %(at)s unless it is used", at=at)
    return _("Warned: it stops at %(at)s unless it is used", at=at)


def _verdict(detail: Detail) -> str:
    if detail.get("action") == "keep":
        return _("It is in use again: the warning is taken back")
    return _("Decided: its time is over") if detail.get("reason") == "age" else _("Decided: it is idle, and stops")


def _stopping(detail: Detail) -> str:
    reason = END_WORDS.get(str(detail.get("reason")))
    return _("Stopping") if reason is None else _("Stopping: %(why)s", why=reason())


def _extended(detail: Detail) -> str:
    if detail.get("name"):
        kept = duration(60 * int(detail.get("minutes", 0)))
        return _("%(name)s kept it from stopping for %(time)s", name=detail["name"], time=kept)
    return _("Kept longer")


def _save_failed(detail: Detail) -> str:
    if detail.get("is_kept"):
        return _("The work in it couldn’t be saved; it goes on")
    return _("The work in it couldn’t be saved")


def _lost(detail: Detail) -> str:
    if detail.get("saved_at"):
        return _("The machine was lost, with what was done since %(at)s", at=_clock(detail["saved_at"]))
    return _("The machine was lost")


END_WORDS: dict[str, Callable[[], str]] = {
    "user": lambda: _("by its student"),
    "idle": lambda: _("it was idle"),
    "age": lambda: _("its longest life was over"),
    "failed": lambda: _("it couldn’t be started"),
    "lost": lambda: _("the machine was lost"),
    "course": lambda: _("by the course’s staff"),
    "admin": lambda: _("by the people who run this site"),
    "platform": lambda: _("the site was stopped"),
}

WORDS: dict[str, Callable[[Detail], str]] = {
    "queued": lambda _detail: _("Asked for"),
    "waiting": lambda detail: _("Waits: %(why)s", why=_why("waiting", detail)),
    "claimed": lambda _detail: _("Its turn: a machine is being started"),
    "adopted": lambda _detail: _("Got a machine that was ready"),
    "placed": lambda detail: _("Placed on %(node)s", node=detail.get("node", "")),
    "restored": lambda detail: _("Begins with the work saved at %(at)s", at=_clock(detail.get("saved_at"))),
    "running": lambda _detail: _("Running"),
    "first_prompt": lambda _detail: _("First prompt in the terminal"),
    "check_passed": lambda detail: _("Check passed: %(title)s", title=_title(detail, "check")),
    "check_failed": lambda detail: _("Check not passed yet: %(title)s", title=_title(detail, "check")),
    "solution_shown": lambda detail: _("Solution shown: %(title)s", title=_title(detail, "title")),
    "hand_raised": lambda _detail: _("Asked for help"),
    "hand_lowered": lambda detail: _("%(name)s took the hand down", name=detail.get("name", "")),
    "visit_began": lambda detail: _("%(name)s looks in", name=detail.get("name", "")),
    "keyboard_given": lambda detail: _("%(name)s got the keyboard", name=detail.get("name", "")),
    "keyboard_returned": lambda detail: _("%(name)s gave the keyboard back", name=detail.get("name", "")),
    "visit_ended": lambda detail: _("%(name)s left", name=detail.get("name", "")),
    "message": lambda detail: _("%(name)s wrote a message", name=detail.get("name", "")),
    "extended": _extended,
    "warned": _warned,
    "verdict": _verdict,
    "saving": lambda _detail: _("Saving the work in it"),
    "saved": lambda _detail: _("The work in it is saved"),
    "save_failed": _save_failed,
    "reset": lambda _detail: _("Reset"),
    "moved": lambda _detail: _("Moved to another machine"),
    "stopping": _stopping,
    "stopped": lambda _detail: _("Stopped"),
    "failed": lambda _detail: _("It couldn’t be started"),
    "lost": _lost,
}
