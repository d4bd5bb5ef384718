"""Pages of questions that move as files: choosing a file, its preview, what it brought, and exports."""

from typing import Any

import flask_babel
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.exceptions import RequestEntityTooLarge

from blueprints import access, faults, limits
from blueprints.pages import login_required, me, now
from blueprints.question_files import documents, downloads, uploads
from extensions import db
from models import Course, QuestionImport
from models.question_import import PREVIEWED
from reasons import sentence
from services import formats, policy
from services.bank import questions
from services.errors import InvalidInput, Refused
from services.formats.base import MAX_FILE, MAX_QUESTIONS, MEGABYTE
from services.moving import exports, imports, plans

question_files = Blueprint("question_files", __name__)
question_files.url_value_preprocessor(uploads.allow)
question_files.add_app_template_filter(documents.shown, "reason_shown")
BANK = "/courses/<slug>/bank"
IMPORT = f"{BANK}/imports/<int:import_id>"
PER_PAGE = 50
# How much of what isn't carried a page tells of each format; the API tells all.
MOST_TOLD = 200


@question_files.route(f"{BANK}/imports/new", methods=["GET", "POST"])
@login_required
def new(slug: str) -> ResponseReturnValue:
    """Choose a file, and have it read: what it would bring is shown before anything changes."""
    course = access.edited_bank(slug, me())
    if request.method == "GET":
        return _form(course)
    limits.spend("question_files", me().id)
    try:
        sent = request.files.get("file")
        data, name = (sent.read(MAX_FILE + 1), sent.filename or "") if sent else (b"", "")
        if not name:
            raise InvalidInput("file", _("choose a file"))
        wanted = request.form.get("format", "")
        made = imports.preview(course, data, name=name, wanted=wanted, by_id=me().id, now=now())
    except (InvalidInput, RequestEntityTooLarge) as refusal:
        db.session.rollback()
        fault = refusal if isinstance(refusal, InvalidInput) else uploads.too_large()
        return _form(access.edited_bank(slug, me()), f"{_('The file')} {faults.words(fault)}"), 422
    db.session.commit()
    return redirect(url_for("question_files.show", slug=slug, import_id=made.id))


@question_files.get(IMPORT)
@login_required
def show(slug: str, import_id: int) -> ResponseReturnValue:
    """Show what a file would bring, or what it brought: question by question."""
    course, role = access.bank(slug, me())
    return _page(course, imports.find(course, import_id), may_apply=policy.may_edit_bank(me(), role))


@question_files.post(f"{IMPORT}/apply")
@login_required
def apply(slug: str, import_id: int) -> ResponseReturnValue:
    """Add what the preview showed; where the bank has changed since, show what the file would bring now."""
    course = access.edited_bank(slug, me())
    limits.spend("question_files", me().id)
    said: dict[str, Any] = {"digest": request.form.get("digest", ""), "adds_similar": "similar" in request.form}
    try:
        done = imports.apply(course, import_id, **said, by_id=me().id, now=now())
    except Refused as refusal:
        db.session.rollback()
        course = access.edited_bank(slug, me())
        row = imports.restate(course, imports.find(course, import_id))
        db.session.commit()
        return _page(course, row, may_apply=True, refused=sentence(refusal.reason, flask_babel)), 409
    many = documents.counts(done)["new"]
    db.session.commit()
    told = ngettext("%(num)s question came in, as a draft.", "%(num)s questions came in, as drafts.", many)
    flash(told if many else _("Nothing has changed."), "success")
    return redirect(url_for("question_files.show", slug=slug, import_id=import_id))


@question_files.get(f"{BANK}/exports")
@login_required
def choose(slug: str) -> ResponseReturnValue:
    """Say what each format leaves out of the questions that match."""
    course, _role = access.bank(slug, me())
    limits.spend("question_files", me().id)
    wanted = downloads.wanted(request.args)
    files = []
    for name, made in exports.every(course, wanted).items():
        lost = sum(finding.is_whole for finding in made.findings)
        told = documents.of_export(sorted(made.findings, key=lambda each: not each.is_whole))
        named = {"name": name, "title": formats.writable()[name].title, "bytes": len(made.data), "lost": lost}
        files.append({**named, "findings": told[:MOST_TOLD], "many": len(told)})
    return render_template(
        "question_files/export.html",
        course=course,
        files=files,
        wanted={name: value for name, value in vars(wanted).items() if value},
        total=questions.count(course, wanted),
    )


@question_files.get(f"{BANK}/exports/<file_format>")
@login_required
def download(slug: str, file_format: str) -> ResponseReturnValue:
    """Give the questions that match as a file of a format."""
    course, _role = access.bank(slug, me())
    limits.spend("question_files", me().id)
    return downloads.attachment(course, file_format, exports.write(course, file_format, downloads.wanted(request.args)))


def _form(course: Course, fault: str = "") -> str:
    return render_template(
        "question_files/import.html",
        course=course,
        fault=fault,
        formats={name: form.title for name, form in formats.readable().items()},
        most_mb=MAX_FILE // MEGABYTE,
        most_questions=MAX_QUESTIONS,
    )


def _page(course: Course, row: QuestionImport, *, may_apply: bool, refused: str = "") -> str:
    state = request.args.get("state", "")
    state = state if state in plans.STATES else ""
    number = max(1, min(request.args.get("page", 1, int), 100_000))
    shown, pages, total = documents.entries(row, state, number, PER_PAGE)
    form = formats.readable().get(row.format)
    return render_template(
        "question_files/show.html",
        course=course,
        row=row,
        title=form.title if form else row.format,
        entries=shown,
        findings=[documents.said(finding) for finding in row.findings],
        counts=documents.counts(row),
        state=state,
        page=number,
        pages=pages,
        total=total,
        is_preview=row.state == PREVIEWED,
        may_apply=may_apply and row.state == PREVIEWED,
        refused=refused,
    )
