"""What students ask a model for to practise: the form on the page of practice, and what became of it."""

import secrets
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from blueprints import access, faults
from blueprints.generations import documents, means
from blueprints.limits import each_person
from blueprints.pages import login_required, me, now
from extensions import db
from models import Course, User
from services import policy
from services.errors import InvalidInput
from services.generations import asking

practice_wishes = Blueprint("practice_wishes", __name__)


@practice_wishes.post("/courses/<slug>/practice/wishes")
@login_required
@each_person("generations")
def ask(slug: str) -> ResponseReturnValue:
    """Ask for questions of a lesson to practise; a teacher reviews them."""
    course = access.asking_practice(slug, me())
    key = request.form.get("key", "")[:100] or None
    try:
        lesson, count = request.form.get("lesson", ""), request.form.get("count", 0, int)
        asking.wish(me(), course, lesson, count, means.terms(), means.redis(), key=key, now=now())
    except InvalidInput as error:
        db.session.rollback()
        flash(faults.line(error), "error")
        return redirect(url_for("practice.show", slug=slug))
    db.session.commit()
    flash(_("Asked. A teacher looks at the questions before you practise them."), "success")
    return redirect(url_for("practice.show", slug=slug))


def shown(course: Course, user: User, role: str | None) -> dict[str, Any] | None:
    """Return what the page of practice shows of wishes; None where its person may not ask, or no model is there."""
    if not policy.may_ask_for_practice(course, role) or not means.terms().has_key:
        return None
    rows = asking.wishes(user, course)
    lessons = asking.lessons_by_id(course, rows)
    return {
        "lessons": asking.lessons_of(course),
        "most": asking.MOST_FOR_PRACTICE,
        "rows": [documents.wish(row, lessons) for row in rows],
        "key": secrets.token_urlsafe(16),
    }
