"""The page of an attempt without its questions, rendered with holes: for what is the student's own, and each question.

Its key has the version of the course's contents in it (services/kept_versions.py), so a frame never changes.
"""

import re
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from flask import g, render_template
from flask_babel import get_locale
from markupsafe import Markup, escape

from blueprints.kept_parts import digest
from blueprints.quizzes import results
from blueprints.quizzes.kept_questions import Hole
from models import Course, Quiz
from services.quizzes import breaks, terms

TEMPLATE = "quizzes/attempt.html"
# What is the student's own; the questions follow.
OWN = ("csrf", "person", "name", "initial", "theme", "attempt", "number", "now", "deadline", "left", "live")
# What a request remembers of the page that it made: whose it is, its token, its scripts.
REMEMBERED = ("_login_user", "csrf_token", "scripts")


class _Name(str):
    """A name whose first letter has a hole of its own."""

    initial = ""

    def __getitem__(self, _key: Any) -> str:
        return self.initial


def key_of(course: Course, moved: int, quiz_id: int, kinds: Collection[str], total: int, *, is_timed: bool) -> str:
    """Return the key of a frame for who reads the language of this request; `moved` is the course's kept version."""
    return digest("frame", str(get_locale()), course.id, moved, quiz_id, sorted(set(kinds)), total, is_timed)


def render(course: Course, quiz: Quiz, kinds: Collection[str], total: int, *, is_timed: bool) -> list[str]:
    """Return text and holes by their numbers in turn: those of OWN, then the questions from the first one on."""
    # Digits: what a hole stands for may be shown in capitals. An author can't know them.
    secret, attempt_id = f"{secrets.randbelow(10**18):018}", 10**18 + secrets.randbelow(10**18)

    def hole(number: int) -> str:
        return f"-{secret}-{number}-"

    own = {name: hole(number) for number, name in enumerate(OWN)}
    called = _Name(own["name"])
    called.initial = own["initial"]
    known = sorted(set(kinds))
    questions = [
        Hole(known[number % len(known)], Markup(hole(len(OWN) + number)))  # digits of ours
        for number in range(max(total, len(known)))
    ][:total]
    with _as(SimpleNamespace(is_authenticated=True, id=own["person"], display_name=called, theme=own["theme"]), own):
        html = render_template(
            TEMPLATE,
            course=course,
            quiz=quiz,
            attempt=SimpleNamespace(id=attempt_id, number=own["number"]),
            items=questions,
            saved=0,
            total=total,
            now=own["now"],
            deadline_at=own["deadline"] if is_timed else None,
            left=own["left"],
            breaks=breaks.Breaks(breaks.NONE, breaks.NONE, None),
            grace_s=int(terms.GRACE.total_seconds()),
            read_as=results.read_as,
            hints={},
            live=own["live"],
        )
    pieces = re.split(f"-{secret}-([0-9]+)-", html.replace(str(attempt_id), own["attempt"]))
    holes = [int(number) for number in pieces[1::2]]
    if [number for number in holes if number >= len(OWN)] != list(range(len(OWN), len(OWN) + total)):
        raise ValueError("a frame has each question once, in its order")
    return pieces


def filled(pieces: list[str], own: Mapping[str, str], questions: list[str]) -> str:
    """Return the page; `questions` are HTML, what is one's own is text."""
    values = [*(str(escape(own[name])) for name in OWN), *questions]
    page = list(pieces)
    page[1::2] = [values[int(number)] for number in pieces[1::2]]
    return "".join(page)


@contextmanager
def _as(reader: Any, own: Mapping[str, str]) -> Iterator[None]:
    """Render for somebody who isn't there; what the request remembers of its own page comes back."""
    remembered = {name: g.pop(name) for name in REMEMBERED if name in g}
    g._login_user, g.csrf_token = reader, own["csrf"]
    try:
        yield
    finally:
        for name in REMEMBERED:
            g.pop(name, None)
        for name, value in remembered.items():
            setattr(g, name, value)
