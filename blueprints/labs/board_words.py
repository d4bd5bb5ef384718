"""What the labs board says of a student, in the reader's language: why they may need help, what they wait for."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import flask_babel
from flask_babel import gettext as _
from flask_babel import ngettext

import reasons
from reasons import capitalised, text
from services import markdown
from services.capacity.positions import Place
from services.help.needs import Reason


def reason(why: Reason, now: datetime) -> str:
    """Say why somebody may need help."""
    length = in_words(now - why.since)
    if why.kind == "hand":
        if why.note:
            return _("Hand up for %(length)s: %(note)s", length=length, note=why.note)
        return _("Hand up for %(length)s", length=length)
    if why.kind == "failing":
        return ngettext(
            "“%(title)s” failed once", "“%(title)s” failed %(num)d times", why.times, title=markdown.plain(why.title)
        )
    return _("No check passed for %(length)s", length=length)


def in_words(length: timedelta) -> str:
    """Return a length of time in words: 1 minute, 45 minutes, 2 hours."""
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes < 1:
        return _("less than a minute")
    if minutes >= 120:
        return ngettext("%(num)d hour", "%(num)d hours", minutes // 60)
    return ngettext("%(num)d minute", "%(num)d minutes", minutes)


def waits_for(place: Place | None) -> str:
    """Say to the staff what a student waits for."""
    if place is None:
        return ""
    if place.full is None:
        return capitalised(place.reason, flask_babel)
    return FULL[place.full["kind"]](place.full)


def unsaved(why: reasons.Reason) -> str:
    """Say why a student's work can't be saved."""
    return _("not saved: %(why)s", why=text(why, flask_babel))


FULL: dict[str, Callable[[dict[str, Any]], str]] = {
    "machines": lambda full: _("%(used)s of %(limit)s machines are in use", used=full["used"], limit=full["limit"]),
    "user": lambda full: _("Has %(used)s of %(limit)s labs already", used=full["used"], limit=full["limit"]),
    "course": lambda full: _(
        "The course has %(used)s of its %(limit)s machines, and others wait", used=full["used"], limit=full["limit"]
    ),
    "cpu": lambda full: _("Processors: %(used)s of %(limit)s MHz are in use", used=full["used"], limit=full["limit"]),
    "memory": lambda full: _("Memory: %(used)s of %(limit)s MB are in use", used=full["used"], limit=full["limit"]),
    "size": lambda _full: _("Needs a larger machine than there is"),
    "driver": lambda _full: _("No machine that there is can run labs of this kind"),
    "cluster": lambda _full: _("The machines’ cluster doesn’t answer"),
}
