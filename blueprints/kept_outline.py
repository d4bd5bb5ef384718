"""A course's outline as HTML: kept rendered by the course's version, with what is one's own put in.

Everybody in a course sees the same outline, but for what they have done and where they are. The page's part is rendered
once with a slot for each of these, and kept under a key that says all that it depends on: course, version, language,
and the templates that it was made by. So a change of the course is seen with the next request, and nothing is cleared.
"""

import hashlib
import re
from collections.abc import Collection
from functools import cache as once
from typing import Any

from flask import Flask, get_template_attribute
from flask_babel import get_locale
from markupsafe import Markup

from blueprints import pages
from config import ROOT
from extensions import cache
from models import Course
from services.courses.outlines import KEPT_S, Outline

MADE_BY = ("templates/_macros/ui.html", "templates/_macros/outline.html", "blueprints/pages.py", "blueprints/shown.py")
# An author who writes these characters into a title gets a mark there, and nothing else.
SLOT = re.compile("\x01(mark|here)([0-9]+)\x02")


def beside(course: Course, outline: Outline, done: Collection[int], current: int) -> Markup:
    """Return the contents beside a lesson, a quiz or a lab, with `current` as the one that is open."""
    return _filled(_kept("contents", course, outline), done, current)


def modules(course: Course, outline: Outline, done: Collection[int], *, is_open: bool) -> Markup:
    """Return the modules of the course's own page; their activities are links where they are open to the person."""
    return _filled(_kept("modules" if is_open else "locked_modules", course, outline), done, None)


def _kept(shape: str, course: Course, outline: Outline) -> list[str]:
    """Return text and slots in turn: text, name, id, text, ..."""
    key = f"outline-html:{shape}:{course.id}:{course.version}:{get_locale()}:{_makers()}"
    pieces: list[str] | None = cache.get(key)
    if pieces is None:
        macro = get_template_attribute("_macros/outline.html", shape)
        pieces = SLOT.split(str(macro(course, pages.outline_context(course, outline))))
        cache.set(key, pieces, timeout=KEPT_S)
    return pieces


def _filled(pieces: list[str], done: Collection[int], current: int | None) -> Markup:
    mark = get_template_attribute("_macros/ui.html", "mark")
    done_mark, open_mark = str(mark(True)), str(mark(False))
    filled = list(pieces)
    for place in range(1, len(pieces), 3):
        entry = int(pieces[place + 1])
        if pieces[place] == "mark":
            filled[place] = done_mark if entry in done else open_mark
        else:
            filled[place] = ' aria-current="page"' if entry == current else ""
        filled[place + 1] = ""
    return Markup("".join(filled))  # rendered by our templates, which escaped it


@once
def _makers() -> str:
    """Return a digest of what makes the HTML, so that another version of Yurt keeps its own."""
    digest = hashlib.sha256()
    for name in MADE_BY:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()[:10]


def init_app(app: Flask) -> None:
    """Give the templates `slot`."""
    app.jinja_env.globals["slot"] = slot


def slot(name: str, entry: Any) -> Markup:
    """Mark, in a template, the place of what is a person's own."""
    return Markup(f"\x01{name}{int(entry)}\x02")  # a name of ours and a number
