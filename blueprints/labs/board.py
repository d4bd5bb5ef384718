"""The board of a course's labs, for its staff: who needs help, and what is done for all labs at once."""

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from blueprints import access, access_labs, live_tickets
from blueprints.labs import board_words
from blueprints.pages import login_required, me, now
from extensions import db
from models import Course
from services.errors import InvalidInput, NotFound
from services.help import board
from services.labs import bulk, steps

labs_board = Blueprint("labs_board", __name__)


@labs_board.get("/courses/<slug>/labs-board")
@login_required
def show(slug: str) -> ResponseReturnValue:
    """Everyone who has a lab in the course now, those first who need help."""
    course = access.board(slug, me())
    lab = request.args.get("lab", "")
    lab_id, page = access_labs.lab_id_of(course, lab), request.args.get("page", 1, int)
    board_page = board.board(course, me(), now=now(), lab_id=lab_id, page=page)
    ticket = live_tickets.issuer().live("labs", course.id)
    return render_template(
        "labs/_board.html" if "partial" in request.args else "labs/board.html",
        course=course,
        board=board_page,
        rows=board_page.page.rows,
        page=board_page.page.number,
        pages=board_page.page.pages,
        lab=lab,
        labs=steps.of_course(course),
        now=now(),
        words=board_words,
        live_url=f"/live/labs-boards/{course.id}?ticket={ticket}",
    )


@labs_board.post("/courses/<slug>/labs-board/<action>")
@login_required
def act(slug: str, action: str) -> ResponseReturnValue:
    """Stop, keep or save the labs of the course, or of one lab in it."""
    course = access.board(slug, me())
    if action not in ACTIONS:
        raise NotFound
    lab = request.form.get("lab", "")
    message = ACTIONS[action](course, access_labs.lab_id_of(course, lab), now())
    db.session.commit()
    flash(message, "success")
    return redirect(url_for("labs_board.show", slug=slug, lab=lab or None))


def _stop(course: Course, lab_id: int | None, at: datetime) -> str:
    count = bulk.stop_all(course, lab_id, now=at)
    return ngettext("%(num)d lab stops now.", "%(num)d labs stop now.", count) if count else _("No lab was running.")


def _extend(course: Course, lab_id: int | None, at: datetime) -> str:
    minutes = request.form.get("minutes", 60, int)
    if not 1 <= minutes <= bulk.MOST_MINUTES:
        raise InvalidInput("minutes", _("Say 1 to %(most)d minutes.", most=bulk.MOST_MINUTES))
    count = bulk.keep_all(course, lab_id, minutes, me(), now=at)
    if not count:
        return _("No running lab needed it.")
    return ngettext("%(num)d lab is kept longer.", "%(num)d labs are kept longer.", count)


def _save(course: Course, lab_id: int | None, at: datetime) -> str:
    count = bulk.save_all(course, lab_id, now=at)
    if not count:
        return _("No running lab needed it.")
    return ngettext("The work in %(num)d lab is being saved.", "The work in %(num)d labs is being saved.", count)


ACTIONS: dict[str, Callable[[Course, int | None, datetime], str]] = {"stop": _stop, "extend": _extend, "save": _save}
