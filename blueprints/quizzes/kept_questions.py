"""Questions of open attempts as HTML, kept rendered where they have no answer yet: a rush at Start asks for the same.

What is kept is the same for all who read a language: the question as it was drawn, with a number in the place of its
position. It is kept in the process alone, for as long as it is asked for. Its key has in it what it is made of, and the
course's version, which moves with pictures and whatever else a template may show of a course.
"""

import json
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, render_template
from flask_babel import get_locale
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from models import AttemptItem, QuestionVersion
from question_types import TYPES, Frozen

kept_questions = Blueprint("kept_questions", __name__)
TEMPLATE = "quizzes/_question.html"
# Stands for the position. An author who writes this number into a question gets the position there, and nothing else.
PLACE = 7_219_403_856_119
MOST = 4096
NAMES = ("course", "read_as")


@dataclass(frozen=True)
class Unanswered:
    """An item as it is drawn, at no position."""

    version: QuestionVersion
    frozen: Frozen
    points: float
    position: int = PLACE
    revision: int = 0
    response: None = None


@kept_questions.app_template_global()
@pass_context
def attempt_question(context: Context, item: AttemptItem) -> Markup:
    """Return a question of an open attempt."""
    template = current_app.jinja_env.get_template(TEMPLATE)
    if not _is_kept(context, item):
        return Markup(template.render({**context.get_all(), "item": item}))  # our template escapes
    version, course = item.version, context["course"]
    drawn = json.dumps(item.frozen, sort_keys=True)
    key = (str(get_locale()), course.id, course.version, version.id, version.prompt_html, item.points, drawn)
    kept = _kept()
    pieces: list[str] | None = kept.get(key)
    if pieces is None:
        known = {name: context[name] for name in NAMES}
        html = template.render({**known, "item": Unanswered(version, item.frozen, item.points), "hints": {}})
        pieces = html.split(str(PLACE))
        _put(kept, key, pieces)
    return Markup(str(item.position).join(pieces))


def _is_kept(context: Context, item: AttemptItem) -> bool:
    """Whether the question is as it was drawn, and shows nothing of its student: no files of theirs, and no lab."""
    kind = TYPES.get(item.version.kind)
    if kind is None or kind.takes_files or kind.check_of is not None:
        return False
    return item.response is None and not item.revision and item.position not in context["hints"]


@kept_questions.app_template_global()
def kept_words(template: str) -> Markup:
    """Return a template that takes nothing of its page, rendered once for each language."""
    kept, key = _kept(), (str(get_locale()), template)
    html: str | None = kept.get(key)
    if html is None:
        html = render_template(template)
        _put(kept, key, html)
    return Markup(html)  # our template escapes


def _kept() -> dict[tuple[Any, ...], Any]:
    kept: dict[tuple[Any, ...], Any] = current_app.extensions.setdefault("yurt_kept_questions", {})
    return kept


def _put(kept: dict[tuple[Any, ...], Any], key: tuple[Any, ...], value: Any) -> None:
    if len(kept) >= MOST:
        # The oldest; another thread may be doing the same.
        for old in list(kept)[: MOST // 4]:
            kept.pop(old, None)
    kept[key] = value
