"""How pages show values to their reader: times, lengths of time, numbers, and authors' short texts.

Owns the reader's language, region and time zone, and the filters of templates that depend on them.
"""

import math
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime, format_time, get_timezone
from babel.numbers import format_decimal
from flask import Flask, get_flashed_messages, request
from flask_babel import get_locale, ngettext
from flask_login import current_user
from markupsafe import Markup

import languages
from models.user import NOWHERE
from services import markdown


def init_app(app: Flask) -> None:
    """Give the templates their filters."""
    filters = (localtime, clock, duration, countdown, inline, marks, direction, address)
    app.jinja_env.globals.update(language=language, messages_to_show=messages_to_show)
    app.jinja_env.filters.update({each.__name__: each for each in filters}, plain=markdown.plain)


def address(email: str) -> str:
    """Show an account's address; nothing for accounts that have none."""
    return "" if email.endswith(NOWHERE) else email


def messages_to_show() -> Sequence[str | tuple[str, str]]:
    """Take the messages for the page that a person opens; a script that fetches it in the background leaves them."""
    if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
        return []
    return get_flashed_messages(with_categories=True)


def locale() -> str:
    """Return the language of the page."""
    return languages.best(request.accept_languages)


def language() -> str:
    """Return the language of the page as HTML names it: "de", "pt-BR"."""
    return str(get_locale() or languages.DEFAULT).replace("_", "-")


def time_zone() -> str:
    """Return the reader's time zone."""
    return current_user.time_zone if current_user and current_user.is_authenticated else "UTC"


def localtime(at: datetime | None, form: str = "medium") -> Markup:
    """Show a time in the reader's zone, as <time> with the exact UTC value."""
    if at is None:
        return Markup("")
    shown = format_datetime(at, form, tzinfo=get_timezone(time_zone()), locale=region())
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), shown)


def region() -> Locale:
    """The reader's kind of the page's language: British people write dates in another way than Americans."""
    spoken = get_locale() or Locale(languages.DEFAULT)
    for tag in request.accept_languages.values():
        try:
            wanted = Locale.parse(tag, sep="-")
        except (ValueError, UnknownLocaleError):
            continue
        if wanted.language == spoken.language:
            return wanted
    return spoken


def duration(seconds: float | None) -> str:
    """Show a length of time in words: 45 seconds, 1 minute 30 seconds, 5 minutes, 2 hours 30 minutes."""
    if seconds is None:
        return ""
    whole = int(seconds)
    if whole < 60:
        return ngettext("%(num)d second", "%(num)d seconds", whole)
    hours, minutes = divmod(whole // 60, 60)
    rest = 0 if hours else whole % 60
    parts = [ngettext("%(num)d hour", "%(num)d hours", hours)] if hours else []
    if minutes or not hours:
        parts.append(ngettext("%(num)d minute", "%(num)d minutes", minutes))
    if rest:
        parts.append(ngettext("%(num)d second", "%(num)d seconds", rest))
    return " ".join(parts)


def clock(iso: str) -> str:
    """Show the time of day of a state document's time; the page's script shows it by the device's clock."""
    zone = get_timezone(time_zone())
    return str(format_time(datetime.fromisoformat(iso), "short", tzinfo=zone, locale=region()))


def countdown(seconds: float) -> str:
    """Show the time that is left as a clock does: 29:59. The page's script goes on with it (static/js/quiz-end.js)."""
    left = max(0, math.ceil(seconds))
    return f"{left // 60}:{left % 60:02}"


def marks(value: Fraction | float | None) -> str:
    """Show marks, which are kept exactly, rounded to two decimals."""
    return str(format_decimal(Decimal(round(Fraction(value or 0) * 100)) / 100, "0.##", locale=region()))


@lru_cache(maxsize=4096)
def inline(text: str) -> Markup:
    """Show a short author's text (a title, a choice) with its emphasis and code."""
    return Markup(markdown.render_inline(text))  # sanitised there


@lru_cache(maxsize=256)
def direction(language: str) -> str:
    """Return how a course's language is written: "ltr" or "rtl"."""
    try:
        return str(Locale.parse(language, sep="-").text_direction)
    except (ValueError, UnknownLocaleError):
        return "ltr"
