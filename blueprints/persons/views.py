"""Pages of one's own data: the archive, and the erasure of the account."""

from datetime import timedelta

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from blueprints.auth.factors import fresh_required
from blueprints.pages import login_required, me, now
from blueprints.persons import documents
from extensions import db
from models.data_export import EXPORT_QUEUED, EXPORT_READY
from services.persons import erasures, exports

persons = Blueprint("persons", __name__)


@persons.get("/account/data")
@login_required
def show() -> ResponseReturnValue:
    """Say what of one's data is to be had, and how far an archive is."""
    rows = exports.newest(me().id)
    queued = next((row for row in rows if row.state == EXPORT_QUEUED), None)
    return render_template(
        "persons/data.html",
        queued=queued,
        progress=documents.progress(queued) if queued else None,
        ready=next((row for row in rows if row.state == EXPORT_READY), None),
        has_failed=bool(rows) and rows[0].state == "failed",
        days=exports.KEPT.days,
        erasure=erasures.waiting(me().id),
    )


@persons.post("/account/data")
@login_required
def ask() -> ResponseReturnValue:
    """Have an archive made."""
    exports.ask(me(), now=now())
    db.session.commit()
    flash(_("Your archive is being made."), "success")
    return redirect(url_for("persons.show"))


@persons.get("/account/data/<int:export_id>/archive.zip")
@login_required
def archive(export_id: int) -> ResponseReturnValue:
    """Download one's archive."""
    return documents.archive(exports.find(export_id, me().id), "application/zip")


@persons.get("/account/erase")
@fresh_required
def erase() -> ResponseReturnValue:
    """Say what erasing the account does, to who has shown lately who they are."""
    return _erase_page()


@persons.post("/account/erase")
@fresh_required
def ask_to_erase() -> ResponseReturnValue:
    """Have one's account erased, once the time to call it off is over."""
    if "is_sure" not in request.form:
        return _erase_page(is_unsure=True), 422
    erasures.ask(me(), by_id=me().id, after=timedelta(days=_days()), now=now())
    db.session.commit()
    return redirect(url_for("persons.show"))


@persons.post("/account/erase/cancel")
@login_required
def cancel_erasure() -> ResponseReturnValue:
    """Call the erasure off."""
    erasures.cancel(me().id, now=now())
    db.session.commit()
    flash(_("Your account stays."), "success")
    return redirect(url_for("persons.show"))


def _erase_page(*, is_unsure: bool = False) -> str:
    return render_template("persons/erase.html", days=_days(), is_unsure=is_unsure, erasure=erasures.waiting(me().id))


def _days() -> int:
    days: int = current_app.extensions["yurt"].erasure_days
    return days
