"""Pages of certificates: one's own, how far one is in a course, and a course's for its staff."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import IntegerField, SelectMultipleField
from wtforms.validators import NumberRange, Optional

from blueprints import access, faults
from blueprints.pages import login_required, me, now
from extensions import db
from models import Course
from services import markdown, policy
from services.archive.content import CertificateContent
from services.certificates import issuing, offering, rules, standings
from services.errors import InvalidInput

certificates = Blueprint("certificates", __name__)


def _percent(label: str) -> IntegerField:
    return IntegerField(label, validators=[Optional(), NumberRange(1, 100)])


class RuleForm(FlaskForm):
    """What a certificate asks; nothing filled in: the course gives none."""

    lessons_percent = _percent(lazy_gettext("Lessons read, in per cent of all"))
    quiz_percent = _percent(lazy_gettext("Score in each quiz, in per cent"))
    lab_percent = _percent(lazy_gettext("Checks passed in each lab, in per cent"))
    grade_percent = _percent(lazy_gettext("Grade in total, in per cent"))
    leave_out = SelectMultipleField(lazy_gettext("Not asked for"))

    def rule(self) -> CertificateContent | None:
        """Return what was filled in."""
        asked = {field: self[field].data for field in rules.FIELDS.values()}
        return CertificateContent(**asked, leave_out=tuple(self.leave_out.data)) if any(asked.values()) else None


@certificates.get("/account/certificates")
@login_required
def mine() -> ResponseReturnValue:
    """List one's certificates."""
    return render_template("certificates/mine.html", certificates=issuing.all_of(me().id))


@certificates.get("/courses/<slug>/certificate")
@login_required
def standing(slug: str) -> ResponseReturnValue:
    """Say what a course asks for its certificate and how far one is; its staff go to the list."""
    course, role = access.study(slug, me())
    if policy.may_see_certificates(me(), role):
        return redirect(url_for("certificates.index", slug=slug))
    found = standings.of_people(course, [me().id], now=now())[me().id] if course.certificate else None
    return render_template(
        "certificates/standing.html", course=course, standing=found, certificate=issuing.valid_of(me().id, course)
    )


@certificates.get("/courses/<slug>/certificates")
@login_required
def index(slug: str) -> ResponseReturnValue:
    """List a course's certificates, with what one asks."""
    course, may_decide = access.certified_course(slug, me())
    return _page(course, may_decide, _form(course))


@certificates.post("/courses/<slug>/certificates")
@login_required
def set_rule(slug: str) -> ResponseReturnValue:
    """Say what the course's certificate asks, or that it gives none."""
    course = access.certifying_course(slug, me())
    form = _form(course)
    if not form.validate():
        return _page(course, True, form), 422
    offering.put(course, form.rule(), now=now())
    db.session.commit()
    flash(_("Saved. Whoever has earned it gets it within moments.") if form.rule() else _("Saved."), "success")
    return redirect(url_for("certificates.index", slug=slug))


@certificates.post("/courses/<slug>/certificates/<int:certificate_id>/revoke")
@login_required
def revoke(slug: str, certificate_id: int) -> ResponseReturnValue:
    """Say that a certificate isn't valid any more."""
    return _decide(slug, certificate_id, issuing.revoke, _("The certificate is revoked."))


@certificates.post("/courses/<slug>/certificates/<int:certificate_id>/reissue")
@login_required
def reissue(slug: str, certificate_id: int) -> ResponseReturnValue:
    """Issue a certificate again, with the name of today."""
    return _decide(slug, certificate_id, issuing.reissue, _("A new certificate is issued."))


def _decide(slug: str, certificate_id: int, decide: Callable[..., object], done: str) -> ResponseReturnValue:
    """Do what a teacher decides about a certificate, with the reason that the form gives."""
    course = access.certifying_course(slug, me())
    row = issuing.find(course, certificate_id)
    try:
        decide(row, reason=request.form.get("reason", ""), by_id=me().id, now=now())
    except InvalidInput as error:
        flash(faults.line(error), "error")
    else:
        db.session.commit()
        flash(done, "success")
    return redirect(url_for("certificates.index", slug=slug))


def _form(course: Course) -> RuleForm:
    rule = rules.rule_of(course) or CertificateContent()
    form = RuleForm(obj=rule)
    form.leave_out.choices = [(item.slug, markdown.plain(item.title)) for item in standings.items_of(course)]
    return form


def _page(course: Course, may_decide: bool, form: RuleForm) -> str:
    page = issuing.of_course(course, request.args.get("page", 1, int))
    return render_template(
        "certificates/index.html",
        course=course,
        may_decide=may_decide,
        form=form,
        rule=rules.rule_of(course),
        certificates=page.rows,
        total=page.total,
        page=page.number,
        pages=page.pages,
    )
