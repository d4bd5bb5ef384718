"""The page of one draft: as students would see it, beside what it cites and what the checks found, and the decision."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from blueprints import access, faults
from blueprints.bank import sources
from blueprints.generations import documents, means
from blueprints.generations.views import ONE
from blueprints.limits import each_person
from blueprints.pages import login_required, me, now
from extensions import db
from models import Course, Generation, GenerationDraft
from models.generation import DRAFT_TRANSITIONS, PENDING, REGENERATING, REJECTED
from services import archive, policy
from services.bank import previews
from services.errors import InvalidInput
from services.generations import asking, reviews
from services.generations import documents as written
from services.generations.reviews import MAX_NOTE, Edited

generation_drafts = Blueprint("generation_drafts", __name__)
DRAFT = f"{ONE}/drafts/<int:number>"


@generation_drafts.get(DRAFT)
@login_required
def show(slug: str, generation_id: int, number: int) -> ResponseReturnValue:
    """A draft, as students would see it."""
    course, role = access.bank(slug, me())
    row = asking.find(course, generation_id)
    return _page(course, row, reviews.find(row, number), can_decide=policy.may_generate(me(), role))


@generation_drafts.post(f"{DRAFT}/accept")
@login_required
def accept(slug: str, generation_id: int, number: int) -> ResponseReturnValue:
    """Take a draft into the bank, as the form has it."""
    course = access.generated(slug, me())
    row = asking.find(course, generation_id)
    draft, source = reviews.find(row, number), request.form.get("source", "")
    taken: object = None
    found = sources.faults(source) if source else []
    if not found:
        try:
            said = sources.read(source) if source else None
            edited = Edited(said.slug, sources.written(said)) if said is not None else None
            taken = reviews.accept(course, draft, me(), edited, now=now())
        except InvalidInput as error:
            db.session.rollback()
            course, row = access.generated(slug, me()), asking.find(course, generation_id)
            draft, found = reviews.find(row, number), [f"{error.field}: {faults.words(error)}"]
    if found:
        return _page(course, row, draft, can_decide=True, source=source, refused=found), 422
    db.session.commit()
    if not taken:
        flash(_("You changed what a lab runs: it is run first. Then it waits for you again."), "info")
        return redirect(url_for("generation_drafts.show", slug=slug, generation_id=generation_id, number=number))
    flash(_("It is in the bank, as a draft. Nobody is asked it until it is ready."), "success")
    return _next(slug, generation_id, number)


@generation_drafts.post(f"{DRAFT}/reject")
@login_required
def reject(slug: str, generation_id: int, number: int) -> ResponseReturnValue:
    """Put a draft away."""
    course = access.generated(slug, me())
    row = asking.find(course, generation_id)
    draft = reviews.find(row, number)
    try:
        reviews.reject(draft, me(), request.form.get("reason", ""), now=now())
    except InvalidInput as error:
        return _page(course, row, draft, can_decide=True, fault=faults.line(error)), 422
    db.session.commit()
    flash(_("Rejected."), "success")
    return _next(slug, generation_id, number)


@generation_drafts.post(f"{DRAFT}/regenerate")
@login_required
@each_person("generations")
def regenerate(slug: str, generation_id: int, number: int) -> ResponseReturnValue:
    """Have another question written instead of a draft."""
    course = access.generated(slug, me())
    row = asking.find(course, generation_id)
    draft = reviews.find(row, number)
    try:
        reviews.regenerate(draft, me(), request.form.get("reason", ""), means.terms(), now=now())
    except InvalidInput as error:
        return _page(course, row, draft, can_decide=True, fault=faults.line(error)), 422
    db.session.commit()
    flash(_("Another one is being written."), "success")
    return redirect(url_for("generations.show", slug=slug, generation_id=generation_id))


@generation_drafts.post(f"{DRAFT}/run")
@login_required
def run(slug: str, generation_id: int, number: int) -> ResponseReturnValue:
    """Have a draft's answer run in its lab again, where that wasn't possible."""
    course = access.generated(slug, me())
    reviews.run_again(reviews.find(asking.find(course, generation_id), number), me())
    db.session.commit()
    flash(_("It is run again."), "success")
    return redirect(url_for("generation_drafts.show", slug=slug, generation_id=generation_id, number=number))


def _next(slug: str, generation_id: int, number: int) -> ResponseReturnValue:
    """Go on with the next draft that waits, or back to all of them."""
    row = asking.find(access.generated(slug, me()), generation_id)
    waiting = [draft.number for draft in row.drafts if draft.state == PENDING]
    following = next((each for each in waiting if each > number), waiting[0] if waiting else None)
    if following is None:
        return redirect(url_for("generations.show", slug=slug, generation_id=generation_id))
    return redirect(url_for("generation_drafts.show", slug=slug, generation_id=generation_id, number=following))


def _page(
    course: Course,
    row: Generation,
    draft: GenerationDraft,
    *,
    can_decide: bool,
    source: str = "",
    refused: list[str] | None = None,
    fault: str = "",
) -> str:
    detail = documents.detail(row, asking.lessons_by_id(course, [row]))
    shown = next(each for each in detail["drafts"] if each["number"] == draft.number)
    as_written, item = _shown(course, draft)
    following = DRAFT_TRANSITIONS[draft.state]
    return render_template(
        "generations/draft.html",
        course=course,
        row=detail,
        draft=shown,
        item=item,
        explained=previews.explain(item) if item else None,
        source=source or as_written,
        can_accept=can_decide and REJECTED in following and bool(as_written),
        can_reject=can_decide and REJECTED in following,
        can_run=can_decide and reviews.could_not_run(draft),
        can_regenerate=can_decide and REGENERATING in following and means.terms().has_key,
        max_note=MAX_NOTE,
        refused=refused or [],
        fault=fault,
    )


def _shown(course: Course, draft: GenerationDraft) -> tuple[str, Any]:
    """Return a draft as its author would write it, and as a student sees it; nothing of one that its type refuses."""
    try:
        source = archive.write_source(written.content(draft.document))
    except InvalidInput:
        return "", None
    return source, None if sources.faults(source) else sources.preview(course, source, 0)
