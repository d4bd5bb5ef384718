"""The page of one's own data."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from blueprints.pages import login_required, me, now
from blueprints.persons import documents
from extensions import db
from models.data_export import EXPORT_QUEUED, EXPORT_READY
from services.persons import exports

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
