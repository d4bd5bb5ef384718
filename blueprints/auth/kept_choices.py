"""Words for the values of a kept form that mean something only on its page: a quiz's choices, a course's labs."""

import re

from flask_login import current_user

from blueprints.kept_forms import KeptForm
from services import markdown, policy
from services.courses import catalogue, members
from services.errors import ServiceError
from services.labs import steps
from services.quizzes import attempts

ATTEMPT = re.compile(r"/attempts/([0-9]{1,18})/")
COURSE = re.compile(r"/courses/([^/?]+)/")


def of(kept: KeptForm) -> dict[str, dict[str, str]]:
    """Return, by field, the words of its values; nothing where the reader may not know them any more."""
    if not current_user.is_authenticated:
        return {}
    try:
        if kept.endpoint == "quizzes.submit" and (match := ATTEMPT.match(kept.address)):
            return _choices(int(match[1]))
        if kept.endpoint == "labs_board.act" and (match := COURSE.match(kept.address)):
            return _labs(match[1])
    except ServiceError:
        pass
    return {}


def _choices(attempt_id: int) -> dict[str, dict[str, str]]:
    attempt, _role = attempts.load_as(attempt_id, current_user.id, is_whole=True)
    if attempt.user_id != current_user.id:
        return {}
    return {
        f"item-{item.position}": {
            str(choice["id"]): markdown.plain(choice["text"]) for choice in item.frozen.get("choices", ())
        }
        for item in attempt.items
    }


def _labs(slug: str) -> dict[str, dict[str, str]]:
    course = catalogue.find(slug)
    if not policy.may_see_labs_board(current_user, members.role_of(current_user.id, course)):
        return {}
    return {"lab": {lab.slug: markdown.plain(lab.title) for lab in steps.of_course(course)}}
