"""Pages of one's own account: the profile and API tokens. Signing in and out is Flask-Security's."""

from flask import Blueprint, current_app, flash, jsonify, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from flask_wtf.csrf import generate_csrf
from wtforms import SelectField, StringField, SubmitField
from wtforms.validators import DataRequired, Length

from blueprints import kept_forms
from blueprints.auth import kept_words, scope_words
from blueprints.auth.token_form import TokenForm
from blueprints.pages import login_required, me, now, person
from extensions import db
from services.accounts import profiles, tokens
from services.courses import members
from services.errors import Conflict, InvalidInput

auth = Blueprint("auth", __name__)
# Zones named after cities first; then abbreviations and distances from Greenwich.
ZONES = sorted(profiles.ZONES - {"UTC"}, key=lambda zone: ("/" not in zone, zone.startswith("Etc/"), zone))


class ProfileForm(FlaskForm):
    """What a person decides about themselves."""

    display_name = StringField(lazy_gettext("Name"), validators=[DataRequired(), Length(max=profiles.MAX_NAME)])
    time_zone = SelectField(lazy_gettext("Time zone"), choices=[("UTC", "UTC"), *((zone, zone) for zone in ZONES)])
    theme = SelectField(
        lazy_gettext("Theme"),
        choices=[
            ("system", lazy_gettext("Like my device")),
            ("light", lazy_gettext("Light")),
            ("dark", lazy_gettext("Dark")),
        ],
    )
    submit = SubmitField(lazy_gettext("Save"))


@auth.get("/session")
def session_now() -> ResponseReturnValue:
    """Tell an open page who is signed in now, the CSRF token that counts, and the site's time."""
    user = person()
    # Visitors get no token: it would begin a session for each of them.
    response = jsonify(
        user_id=user.id if user else None, csrf_token=generate_csrf() if user else None, now=now().isoformat()
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@auth.get("/go-on")
def go_on() -> ResponseReturnValue:
    """Show what was filled in on a page whose session went away, to be sent after a look."""
    kept, user = kept_forms.load(), person()
    if kept is None:
        flash(_("There is nothing waiting any more."), "info")
        return redirect(url_for("courses.home"))
    if user is None and kept.needs_person:
        return redirect(url_for("security.login", next=url_for("auth.go_on")))
    is_mine = kept.is_of(user.id if user else None) or not kept.needs_person
    made = {"auth.profile": ProfileForm, "auth.tokens": TokenForm}.get(kept.endpoint)
    form = made(formdata=None) if made else None
    return render_template(
        "auth/go_on.html",
        kept=kept,
        is_mine=is_mine,
        name=session[kept_forms.SESSION_KEY],
        shown=kept_words.shown(kept, form) if is_mine else [],
        secrets=[(field, kept_words.label(field)) for field in kept.secrets],
    )


@auth.get("/signed-in")
@login_required
def signed_in() -> ResponseReturnValue:
    """Say whose session it is: where a page whose session went away sends people, in a tab beside it."""
    return render_template("auth/signed_in.html")


@auth.route("/account", methods=["GET", "POST"])
@login_required
def profile() -> ResponseReturnValue:
    """Show and change the profile."""
    user = me()
    form = ProfileForm(obj=user)
    if user.time_zone not in profiles.ZONES | {"UTC"}:
        # A zone that only an older zone database knew: nobody loses theirs by saving their name.
        form.time_zone.choices = [*form.time_zone.choices, (user.time_zone, user.time_zone)]
    if form.validate_on_submit():
        try:
            profiles.update_profile(
                user, display_name=form.display_name.data, time_zone=form.time_zone.data, theme=form.theme.data
            )
        except InvalidInput as fault:
            form[fault.field].errors = [fault.message]
        else:
            db.session.commit()
            flash(_("Your profile is saved."), "success")
            return redirect(url_for("auth.profile"))
    return render_template("auth/profile.html", form=form), 422 if form.errors else 200


@auth.route("/account/tokens", methods=["GET", "POST"], endpoint="tokens")
@login_required
def tokens_page() -> ResponseReturnValue:
    """List API tokens; make one and show it this once."""
    user, plain = me(), None
    theirs = [enrolment.course for enrolment in members.enrolments_of(user.id)]
    form = TokenForm().offering(theirs)
    if form.validate_on_submit():
        try:
            _row, plain = tokens.issue(
                user.id,
                name=form.name.data,
                scopes=form.chosen,
                course_id=form.course_id,
                days=form.days.data,
                now=now(),
                most=current_app.extensions["yurt"].limit_tokens,
            )
        except Conflict as fault:
            form.form_errors.append(fault.message)
        except InvalidInput as fault:
            form[fault.field].errors = [fault.message]
        else:
            db.session.commit()
            form = TokenForm(formdata=None).offering(theirs)
    shown = {"form": form, "tokens": tokens.of_user(user.id), "new_token": plain, "words": scope_words}
    return render_template("auth/tokens.html", **shown), 422 if form.errors else 200


@auth.post("/account/tokens/<int:token_id>/revoke")
@login_required
def revoke(token_id: int) -> ResponseReturnValue:
    """End a token at once."""
    tokens.revoke(token_id, user_id=me().id, now=now())
    db.session.commit()
    flash(_("The token no longer works."), "success")
    return redirect(url_for("auth.tokens"))
