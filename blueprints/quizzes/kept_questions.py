"""Questions of open attempts as HTML, kept rendered where they have no answer yet: a rush at Start asks for the same.

What is kept is the same for all who read a language: the question as it was drawn, with a number in the place of its
position. Its key has in it what it is made of, and the course's version, which moves with pictures and whatever else a
template may show of a course.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Blueprint, current_app, render_template
from flask_babel import get_locale
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from blueprints.courses import pictures
from blueprints.kept_parts import PARTS, Parts, digest
from blueprints.quizzes.results import read_as
from models import AttemptItem, Course, QuestionVersion
from question_types import TYPES, Frozen

kept_questions = Blueprint("kept_questions", __name__)
TEMPLATE = "quizzes/_question.html"
# Stands for the position. An author who writes this number into a question gets the position there, and nothing else.
PLACE = 7_219_403_856_119


@dataclass(frozen=True)
class Unanswered:
    """An item as it is drawn, at no position."""

    version: QuestionVersion
    frozen: Frozen
    points: float
    position: int = PLACE
    revision: int = 0
    response: None = None


@dataclass(frozen=True)
class Hole:
    """The place of a question of this kind, in a page that is rendered without its questions."""

    kind: str
    html: Markup

    @property
    def version(self) -> "Hole":
        """What a page's head asks for its kind."""
        return self


@kept_questions.app_template_global()
@pass_context
def attempt_question(context: Context, item: AttemptItem | Hole) -> Markup:
    """Return a question of an open attempt."""
    if isinstance(item, Hole):
        return item.html
    if not _is_kept(context, item):
        template = current_app.jinja_env.get_template(TEMPLATE)
        return Markup(template.render({**context.get_all(), "item": item}))  # our template escapes
    course, kept = context["course"], parts()
    [key] = keys_of(course, [(item.version_id, item.version.prompt_html, item.points, item.frozen)])
    pieces: list[str] | None = kept.near(key)
    if pieces is None:
        pieces = render(key, course, item.version, item.points, item.frozen)
    return Markup(at_position(pieces, item.position))


def at_position(pieces: list[str], position: int) -> str:
    """Return a kept question as it stands at a position of an attempt."""
    return str(position).join(pieces)


def keys_of(course: Course, drawn: Iterable[tuple[int, str, float, Frozen]]) -> list[str]:
    """Return the keys of questions as they were drawn, for who reads the language of this request.

    Each is told by its version, that one's prompt as HTML, its points and what is frozen of it.
    """
    of_course = str(get_locale()), course.id, course.version
    return [
        digest("question", *of_course, version_id, prompt_html, float(points), frozen)
        for version_id, prompt_html, points, frozen in drawn
    ]


def render(key: str, course: Course, version: QuestionVersion, points: float, frozen: Frozen) -> list[str]:
    """Render a question that nobody has answered, and keep it."""
    template = current_app.jinja_env.get_template(TEMPLATE)
    item = Unanswered(version, frozen, points)
    html = template.render({"course": course, "read_as": read_as, "item": item, "hints": {}})
    # Those who ask for a picture that no worker has given yet would all wait for a worker.
    pictures.offer(html)
    pieces = html.split(str(PLACE))
    parts().put(key, pieces)
    return pieces


def is_kind_kept(kind: str) -> bool:
    """Whether questions of a type show nothing of their student: no files of theirs, and no lab."""
    known = TYPES.get(kind)
    return known is not None and not known.takes_files and known.check_of is None


def _is_kept(context: Context, item: AttemptItem) -> bool:
    """Whether the question is as it was drawn."""
    is_drawn = item.response is None and not item.revision and item.position not in context["hints"]
    return is_drawn and is_kind_kept(item.version.kind)


@kept_questions.app_template_global()
def kept_words(template: str) -> Markup:
    """Return a template that takes nothing of its page, rendered once for each language."""
    kept, key = parts(), digest("words", str(get_locale()), template)
    html: str | None = kept.near(key)
    if html is None:
        html = render_template(template)
        kept.put(key, html)
    return Markup(html)  # our template escapes


def parts() -> Parts:
    """Return the parts that this process keeps."""
    found: Parts = current_app.extensions[PARTS]
    return found
