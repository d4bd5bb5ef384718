"""Pages of courses as files: one is chosen, what it would do is shown, and done once somebody says so."""

from typing import Any

import flask_babel
from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from werkzeug.exceptions import RequestEntityTooLarge

from blueprints import access, faults, limits
from blueprints.contents import hindrances
from blueprints.imports import documents, downloads, sent
from blueprints.pages import login_required, me, now
from extensions import db
from models import CourseImport
from models.course_import import APPLIED, WAITING
from reasons import sentence
from services.archive import imports
from services.courses import catalogue, members
from services.errors import InvalidInput, Refused

course_imports = Blueprint("course_imports", __name__)
course_imports.url_value_preprocessor(sent.allow)
ALL = "/course-imports"
ONE = f"{ALL}/<int:course_import_id>"
# What a part of a course is called; what has none of these is a file, by its path.
PARTS = {
    "course": lazy_gettext("Course"),
    "module": lazy_gettext("Module"),
    "lesson": lazy_gettext("Lesson"),
    "quiz": lazy_gettext("Quiz"),
    "lab": lazy_gettext("Lab"),
    "question": lazy_gettext("Question"),
}
# Of a long list a page shows so much; the API gives all.
MOST_SHOWN = 300


@course_imports.get(ALL)
@login_required
def index() -> ResponseReturnValue:
    """Choose a file, go on with one that was sent, or take a course home."""
    access.course_maker(me())
    return _index()


@course_imports.post(ALL)
@login_required
def send() -> ResponseReturnValue:
    """Have a file read: what it would do is shown before anything changes."""
    access.course_maker(me())
    limits.spend("course_imports", me().id)
    try:
        file = request.files.get("file")
        if file is None or not file.filename:
            raise InvalidInput("file", _("choose a file"))
        slug = request.form.get("into", "")
        into = access.edited_course(slug, me()).slug if slug else None
        made = imports.ask(file.read(imports.MAX_ZIP + 1), by_id=me().id, now=now(), into=into)
    except (InvalidInput, RequestEntityTooLarge) as refusal:
        db.session.rollback()
        fault = refusal if isinstance(refusal, InvalidInput) else sent.too_large()
        return _index(f"{_('The file')} {faults.words(fault)}"), 422
    db.session.commit()
    return redirect(url_for("course_imports.show", course_import_id=made.id))


@course_imports.get(ONE)
@login_required
def show(course_import_id: int) -> ResponseReturnValue:
    """What an import does, or has done, or what is wrong with it; the page asks again while the scheduler is at it."""
    return _page(imports.find(course_import_id, me().id))


@course_imports.post(f"{ONE}/apply")
@login_required
def apply(course_import_id: int) -> ResponseReturnValue:
    """Have it done as it was shown, all or nothing."""
    limits.spend("course_imports", me().id)
    row = access.agreed_import(course_import_id, me())
    try:
        imports.agree(row, digest=request.form.get("digest", ""), now=now())
    except Refused as refusal:
        db.session.rollback()
        told = sentence(refusal.reason, flask_babel)
        return _page(imports.find(course_import_id, me().id), told), 409
    db.session.commit()
    return redirect(url_for("course_imports.show", course_import_id=course_import_id))


@course_imports.get("/courses/<slug>/archive")
@login_required
def download(slug: str) -> Response:
    """Give a course's folder as a zip, with its solutions."""
    return downloads.archive_of(access.edited_course(slug, me()), "application/zip")


def _index(fault: str = "") -> str:
    return render_template(
        "imports/index.html",
        taught=members.taught(me().id),
        rows=imports.mine(me().id),
        fault=fault,
        most_mb=imports.MAX_ZIP // 2**20,
    )


def _page(row: CourseImport, refused: str = "") -> str:
    course = catalogue.look_for(row.slug) if row.slug and row.state == APPLIED else None
    report = row.report or {}
    return render_template(
        "imports/_import.html" if "partial" in request.args else "imports/show.html",
        row=row,
        found=course,
        refused=refused,
        is_waiting=row.state in WAITING,
        progress=sent.progress(row),
        changes=_changes(report),
        touched=report.get("touched", [])[:MOST_SHOWN],
        faults=row.faults[:MOST_SHOWN],
        findings=documents.findings(row)[:MOST_SHOWN],
        cannot_start=hindrances.of(course) if course else {},
    )


def _changes(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Give what becomes of each part, those first that were edited on the site and would be overwritten."""
    edited = set(report.get("overwritten") or [])
    ways = ("archived", "updated", "created")
    told = [{**_named(name), "how": how, "is_edited": name in edited} for how in ways for name in report.get(how, [])]
    seen = {name for how in ways for name in report.get(how, [])}
    told += [{**_named(name), "how": "updated", "is_edited": True} for name in sorted(edited - seen)]
    return sorted(told, key=lambda each: not each["is_edited"])


def _named(name: str) -> dict[str, Any]:
    kind, _space, slug = name.partition(" ")
    return {"kind": PARTS[kind], "slug": slug} if kind in PARTS else {"kind": _("File"), "slug": name}
