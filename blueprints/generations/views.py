"""Pages of questions that a language model writes: asking for them, and following how far they are."""

import secrets
from typing import Any

import flask_babel
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from blueprints import access, faults, live_tickets
from blueprints.generations import documents, means
from blueprints.generations.documents import texts
from blueprints.limits import each_person
from blueprints.pages import login_required, me, now
from extensions import db
from models import Course
from models.question import DIFFICULTIES
from reasons import sentence
from services import policy
from services.errors import InvalidInput
from services.generations import answers, asking, statistics
from services.generations.asking import Asked
from services.generations.budgets import BudgetUsed

generations = Blueprint("generations", __name__)
ALL = "/courses/<slug>/generations"
ONE = f"{ALL}/<int:generation_id>"
# What the form has chosen when it opens.
NEW: dict[str, Any] = {"lessons": [], "kinds": ["single"], "count": "5", "difficulty": "", "language": "", "lab": ""}


@generations.get(ALL)
@login_required
def index(slug: str) -> ResponseReturnValue:
    """What was asked for in a course, and the form for more."""
    course, role = access.bank(slug, me())
    return _index(course, role, {**NEW, "language": course.language})


def _index(course: Course, role: str | None, typed: dict[str, Any], fault: str = "") -> str:
    terms = means.terms()
    page = asking.page(course, after=request.args.get("after", None, int))
    lessons = asking.lessons_by_id(course, page.rows)
    can_ask = policy.may_generate(me(), role)
    return render_template(
        "generations/index.html",
        course=course,
        rows=[documents.summary(row, lessons) for row in page.rows],
        after=page.after,
        settings=documents.settings(course, terms, means.left(course, me())),
        lessons=asking.lessons_of(course) if can_ask else [],
        kinds=answers.kinds(),
        labs=asking.labs_of(course) if can_ask else [],
        difficulties=DIFFICULTIES,
        most=asking.MOST,
        can_ask=can_ask,
        typed=typed,
        fault=fault,
        key=secrets.token_urlsafe(16),
    )


@generations.get(f"{ALL}/figures")
@login_required
def figures(slug: str) -> ResponseReturnValue:
    """How drafts fared, by the version of the prompts."""
    course, _role = access.bank(slug, me())
    return render_template("generations/figures.html", course=course, figures=statistics.of_course(course))


@generations.post(f"{ALL}/settings")
@login_required
def allow(slug: str) -> ResponseReturnValue:
    """Let the teachers of a course have questions written, or no longer."""
    course = access.generated(slug, me())
    is_on = request.form.get("allow") == "1"
    asking.allow(course, **{"students" if "students" in request.form else "is_on": is_on})
    db.session.commit()
    flash(_("Allowed.") if is_on else _("No longer allowed."), "success")
    return redirect(url_for("generations.index", slug=slug))


@generations.get(f"{ALL}/estimate")
@login_required
def estimate(slug: str) -> ResponseReturnValue:
    """What the form's request is likely to cost, as a part of its page."""
    course, terms = access.generated(slug, me()), means.terms()
    try:
        found = asking.estimate(course, _asked(request.args), terms)
    except InvalidInput as error:
        return render_template("generations/_estimate.html", fault=faults.line(error))
    return render_template(
        "generations/_estimate.html",
        fault="",
        likely=documents.budget(found.likely),
        most=documents.budget(found.most),
        currency=terms.currency,
    )


@generations.post(ALL)
@login_required
@each_person("generations")
def ask(slug: str) -> ResponseReturnValue:
    """Ask for questions. The form's own key makes one request of a form that is sent twice."""
    course = access.generated(slug, me())
    key = request.form.get("key", "")[:100] or None
    try:
        made = asking.request(me(), course, _asked(request.form), means.terms(), means.redis(), key=key, now=now())
    except (InvalidInput, BudgetUsed) as error:
        db.session.rollback()
        course, role = access.bank(slug, me())
        status = 422 if isinstance(error, InvalidInput) else 429
        return _index(course, role, _typed(request.form), _line(error)), status
    db.session.commit()
    return redirect(url_for("generations.show", slug=slug, generation_id=made.id))


@generations.get(ONE)
@login_required
def show(slug: str, generation_id: int) -> ResponseReturnValue:
    """How far a generation is, and its drafts; the page follows it."""
    course, role = access.bank(slug, me())
    row = asking.find(course, generation_id)
    ticket = live_tickets.issuer().live("generation", course.id, row.id)
    return render_template(
        "generations/_board.html" if "partial" in request.args else "generations/show.html",
        course=course,
        row=documents.detail(row, asking.lessons_by_id(course, [row])),
        currency=means.terms().currency,
        can_ask=policy.may_generate(me(), role),
        live_url=f"/live/generations/{course.id}/{row.id}?ticket={ticket}",
    )


@generations.get(f"{ONE}/sent")
@login_required
def sent(slug: str, generation_id: int) -> ResponseReturnValue:
    """What was sent to the model for a generation, word for word, call by call."""
    course, _role = access.bank(slug, me())
    row = asking.find(course, generation_id)
    calls = [{"number": call.number, "made_at": call.made_at, "texts": texts(call.sent)} for call in row.calls]
    return render_template("generations/sent.html", course=course, row=row, calls=calls)


@generations.post(f"{ONE}/resume")
@login_required
@each_person("generations")
def resume(slug: str, generation_id: int) -> ResponseReturnValue:
    """Ask for the questions that are missing."""
    course = access.generated(slug, me())
    asking.resume(asking.find(course, generation_id), means.terms())
    db.session.commit()
    return redirect(url_for("generations.show", slug=slug, generation_id=generation_id))


def _line(error: InvalidInput | BudgetUsed) -> str:
    """Say what is wrong above the form, which keeps what was chosen."""
    if isinstance(error, InvalidInput):
        return faults.line(error)
    return sentence(error.reason, flask_babel) if error.reason else error.message


def _typed(form: Any) -> dict[str, Any]:
    return {
        "lessons": form.getlist("lessons"),
        "kinds": form.getlist("kinds"),
        **{name: form.get(name, "")[:40] for name in ("count", "difficulty", "language", "lab")},
    }


def _asked(form: Any) -> Asked:
    typed = _typed(form)
    count = typed["count"].strip()
    return Asked(
        lessons=tuple(typed["lessons"]),
        kinds=tuple(typed["kinds"]),
        count=int(count) if count.isascii() and count.isdecimal() and len(count) < 4 else 0,
        difficulty=typed["difficulty"] or None,
        language=typed["language"].strip(),
        lab=typed["lab"] or None,
    )
