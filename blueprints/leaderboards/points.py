"""What a student got points for, and an instructor's way to give some."""

import secrets

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from flask_wtf import FlaskForm
from wtforms import HiddenField, IntegerField, SubmitField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Regexp, ValidationError

from blueprints import access, pages
from blueprints.pages import login_required, me, now
from extensions import db
from models import Course, User
from services.leaderboards import awards, entries
from services.leaderboards.awards import LONGEST_KEY, LONGEST_REASON, MOST_POINTS

points = Blueprint("points", __name__)


class AwardForm(FlaskForm):
    """Points for a student, and why."""

    points = IntegerField(
        lazy_gettext("Points to give"),
        validators=[
            InputRequired(lazy_gettext("Say how many points.")),
            NumberRange(
                -MOST_POINTS, MOST_POINTS, lazy_gettext("Give or take %(most)d points at most.", most=MOST_POINTS)
            ),
        ],
    )
    reason = TextAreaField(
        lazy_gettext("Reason"),
        validators=[
            DataRequired(lazy_gettext("Say why; the student reads it.")),
            Length(max=LONGEST_REASON, message=lazy_gettext("%(most)d characters at most.", most=LONGEST_REASON)),
        ],
        filters=[lambda text: text.replace("\x00", "").strip() if text else text],
    )
    key = HiddenField(validators=[Regexp(rf"^[A-Za-z0-9_-]{{1,{LONGEST_KEY}}}$")])
    submit = SubmitField(lazy_gettext("Give points"))

    def validate_points(self, field: IntegerField) -> None:
        """Refuse an award of nothing."""
        if field.data == 0:
            raise ValidationError(_("Give at least one point, or take one."))


@points.get("/courses/<slug>/points", endpoint="mine")
@login_required
def mine(slug: str) -> ResponseReturnValue:
    """Show what one got points for."""
    course, _role = access.study(slug, me())
    return _page(course, me(), None)


@points.get("/courses/<slug>/people/<int:user_id>/points", endpoint="show")
@login_required
def show(slug: str, user_id: int) -> ResponseReturnValue:
    """Show the course's staff what a person got points for."""
    course, place = access.pointed(slug, user_id, me())
    form = AwardForm(formdata=None, key=secrets.token_urlsafe(12)) if place.role == "student" else None
    return _page(course, place.user, form)


@points.post("/courses/<slug>/people/<int:user_id>/points", endpoint="give")
@login_required
def give(slug: str, user_id: int) -> ResponseReturnValue:
    """Give a student points, or take some."""
    course, place = access.pointed(slug, user_id, me())
    form = AwardForm()
    if not form.validate():
        return _page(course, place.user, form), 422
    amount = form.points.data or 0
    awards.give(place, amount, form.reason.data or "", key=form.key.data or "", by=me(), now=now())
    db.session.commit()
    if amount > 0:
        flash(ngettext("%(num)d point given.", "%(num)d points given.", amount), "success")
    else:
        flash(ngettext("%(num)d point taken.", "%(num)d points taken.", -amount), "success")
    return redirect(url_for("points.show", slug=slug, user_id=user_id))


def _page(course: Course, person: User, form: AwardForm | None) -> str:
    page = entries.of(course, person.id, request.args.get("page", 1, int))
    rows = [
        {"entry": entry, "url": pages.activity_url(course, entry.activity) if entry.activity else None}
        for entry in page.rows
    ]
    return render_template(
        "leaderboards/points.html",
        course=course,
        person=person,
        is_own=person.id == me().id,
        rows=rows,
        points=entries.total(course, person.id),
        page=page.number,
        pages=page.pages,
        form=form,
        most=MOST_POINTS,
    )
