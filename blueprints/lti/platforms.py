"""The pages on which the admin registers learning platforms."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField, SubmitField, TextAreaField
from wtforms.validators import DataRequired

from blueprints import access, faults
from blueprints.lti.addresses import addresses
from blueprints.lti.arrivals import outbound
from blueprints.pages import login_required, me, now
from extensions import db
from models import LtiPlatform
from services.errors import InvalidInput
from services.lti import own_keys, platforms

lti_platforms = Blueprint("lti_platforms", __name__, url_prefix="/learning-platforms")


# Fields with one value a line.
LISTS = ("deployments", "frame_origins")


class PlatformForm(FlaskForm):
    """What a platform shows of itself where a tool is registered."""

    name = StringField(lazy_gettext("Name"), validators=[DataRequired()])
    issuer = StringField(lazy_gettext("Issuer"), validators=[DataRequired()])
    client_id = StringField(lazy_gettext("Client ID"), validators=[DataRequired()])
    deployments = TextAreaField(lazy_gettext("Deployment IDs"), validators=[DataRequired()])
    auth_url = StringField(lazy_gettext("Address of authentication requests"), validators=[DataRequired()])
    token_url = StringField(lazy_gettext("Address of access tokens"), validators=[DataRequired()])
    keys_url = StringField(lazy_gettext("Address of the public key set"), validators=[DataRequired()])
    frame_origins = TextAreaField(lazy_gettext("Further addresses of its pages"))
    is_active = BooleanField(lazy_gettext("Launches are taken"), default=True)
    submit = SubmitField(lazy_gettext("Save"))


@lti_platforms.get("")
@login_required
def index() -> ResponseReturnValue:
    """List the platforms, and say what they have to be told of this site."""
    access.site_runner(me())
    return render_template("lti/platforms.html", platforms=platforms.every(), addresses=addresses())


@lti_platforms.route("/new", methods=["GET", "POST"])
@login_required
def new() -> ResponseReturnValue:
    """Register one."""
    access.site_runner(me())
    return _form(None, PlatformForm())


@lti_platforms.route("/<int:platform_id>", methods=["GET", "POST"])
@login_required
def edit(platform_id: int) -> ResponseReturnValue:
    """Change one."""
    access.site_runner(me())
    platform = platforms.load(platform_id)
    form = PlatformForm(obj=platform)
    for name in LISTS:
        if name not in request.form:
            form[name].data = "\n".join(getattr(platform, name))
    return _form(platform, form)


@lti_platforms.post("/<int:platform_id>/remove")
@login_required
def remove(platform_id: int) -> ResponseReturnValue:
    """Forget one, and its connections with courses."""
    access.site_runner(me())
    platforms.remove(platforms.load(platform_id))
    db.session.commit()
    flash(_("The platform is removed."), "success")
    return redirect(url_for("lti_platforms.index"))


@lti_platforms.post("/keys")
@login_required
def rotate() -> ResponseReturnValue:
    """Sign with a new key from now on."""
    access.site_runner(me())
    own_keys.rotate(now=now())
    db.session.commit()
    flash(_("There is a new key. The one before is shown for seven days more."), "success")
    return redirect(url_for("lti_platforms.index"))


def _form(platform: LtiPlatform | None, form: PlatformForm) -> ResponseReturnValue:
    if form.validate_on_submit():
        try:
            platforms.put(platform, _values(form), outbound())
        except InvalidInput as fault:
            db.session.rollback()
            form[fault.field].errors = [faults.line(fault)]
        else:
            db.session.commit()
            flash(_("The platform is saved."), "success")
            return redirect(url_for("lti_platforms.index"))
    page = render_template("lti/platform.html", form=form, platform=platform, addresses=addresses())
    return page, 422 if form.errors else 200


def _values(form: PlatformForm) -> dict[str, Any]:
    values: dict[str, Any] = {name: form[name].data for name in platforms.FIELDS}
    for name in LISTS:
        values[name] = [line.strip() for line in (values[name] or "").splitlines() if line.strip()]
    return values
