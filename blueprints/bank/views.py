"""Pages of a course's bank of questions: the list, a question as students see it, and writing one."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from blueprints import access, faults
from blueprints.bank import documents, sources
from blueprints.pages import login_required, me
from blueprints.quizzes import results
from blueprints.quizzes.responses import of_page
from extensions import db
from models import Course, Question
from models.question import DIFFICULTIES, READY, STATES
from services import policy
from services.bank import previews, questions, shortages, states, usage
from services.bank.questions import ChangedMeanwhile, Filter
from services.bank.usage import Given
from services.errors import InvalidInput
from services.markdown import plain

bank = Blueprint("bank", __name__)
TRY = "try"


@dataclass(frozen=True)
class _Form:
    """A question that is being written: what was typed, its faults, and what it looks like if it has none."""

    source: str
    faults: list[str]
    shown: Any = None
    based_on: int = 0


@bank.get("/courses/<slug>/bank")
@login_required
def index(slug: str) -> ResponseReturnValue:
    """List the questions of a course, by what is asked for."""
    course, role = access.bank(slug, me())
    wanted = Filter(
        **{name: request.args.get(name, "")[:200].strip() for name in ("tag", "state", "difficulty", "text")}
    )
    page = questions.page(course, wanted, after=request.args.get("after", None, int))
    given = usage.given(row.id for row in page.rows)
    return render_template(
        "bank/index.html",
        course=course,
        rows=[documents.summary(row, given.get(row.id, Given())) for row in page.rows],
        after=page.after,
        total=questions.count(course, wanted),
        wanted=vars(wanted),
        is_filtered=wanted != Filter(),
        tags=questions.tags(course),
        states=STATES,
        difficulties=DIFFICULTIES,
        can_edit=policy.may_edit_bank(me(), role),
    )


@bank.get("/courses/<slug>/bank/<int:question_id>")
@login_required
def show(slug: str, question_id: int) -> ResponseReturnValue:
    """Show a question as a student sees it under a seed, its solution, and who uses it."""
    course, role = access.bank(slug, me())
    question = questions.find(course, question_id)
    # Without a link to it, because each seed has a next one: whoever follows links would never end.
    asked = request.args.get("seed", 1, int) + ("another" in request.args)
    return _shown(course, role, question, asked)


@bank.post("/courses/<slug>/bank/<int:question_id>/try")
@login_required
def try_out(slug: str, question_id: int) -> ResponseReturnValue:
    """Say what an answer would earn that was tried on the preview. Nothing of it is kept."""
    course, role = access.bank(slug, me())
    question, seed = questions.find(course, question_id), request.form.get("seed", 1, int)
    tried = _tried(previews.of_question(question, _bounded(seed)))
    if "partial" in request.args:
        return render_template("bank/_tried.html", course=course, tried=tried, read_as=results.read_as)
    return _shown(course, role, question, seed, tried)


def _shown(course: Course, role: str | None, question: Question, seed: int, tried: Any = None) -> ResponseReturnValue:
    item = previews.of_question(question, _bounded(seed))
    return render_template(
        "bank/show.html",
        course=course,
        question=documents.detail(question),
        item=item,
        explained=previews.explain(item),
        seed=_bounded(seed),
        tried=tried,
        read_as=results.read_as,
        can_edit=policy.may_edit_bank(me(), role),
    )


@bank.app_template_global()
def fault_words(fault: InvalidInput) -> str:
    """Say why something can't be an answer."""
    return faults.words(fault)


@bank.app_template_global()
def checked_by(course: Course, item: previews.Shown) -> previews.Checked | None:
    """Return the check that answers a question which no student can."""
    return previews.checked(course, item.version)


def _bounded(seed: int) -> int:
    return min(max(seed, 0), previews.MAX_SEED)


def _tried(item: previews.Shown) -> previews.Tried:
    """Grade what was entered on a preview; what can't be read is told as what can't be an answer."""
    try:
        response = of_page(request.form, item.version.kind)
    except InvalidInput as error:
        return previews.Tried({"version": item.version}, fault=error)
    return previews.tried(item, response)


@bank.post("/courses/<slug>/bank/<int:question_id>/state")
@login_required
def move(slug: str, question_id: int) -> ResponseReturnValue:
    """Move a question from the state that the page showed."""
    course = access.edited_bank(slug, me())
    question = questions.find(course, question_id)
    short = shortages.caused_by(question)
    moved = states.move(question, old=request.form.get("old", ""), new=request.form.get("new", ""))
    is_ready = moved.state == READY
    db.session.commit()
    flash(_("Moved."), "success")
    if short and not is_ready:
        names = ", ".join(dict.fromkeys(plain(each.title) for each in short))
        flash(_("Nobody can start these quizzes now, which draw more than is ready: %(names)s", names=names), "warning")
    return redirect(url_for("bank.show", slug=slug, question_id=question_id))


@bank.route("/courses/<slug>/bank/new", methods=["GET", "POST"])
@login_required
def new(slug: str) -> ResponseReturnValue:
    """Write a question: a draft that nobody is asked yet."""
    course = access.edited_bank(slug, me())
    if request.method == "GET":
        return _page(course, None, _Form(sources.TEMPLATE, []))
    form = _sent(course)
    if form.faults or not _is_saved():
        return _page(course, None, form)
    said = sources.read(form.source)
    try:
        made = questions.create(course, said.slug, sources.written(said))
    except InvalidInput as error:
        db.session.rollback()
        return _page(
            access.edited_bank(slug, me()), None, _Form(form.source, [f"{error.field}: {faults.words(error)}"])
        )
    db.session.commit()
    flash(_("Saved as a draft. Nobody is asked it until it is ready."), "success")
    return redirect(url_for("bank.show", slug=slug, question_id=made.id))


@bank.route("/courses/<slug>/bank/<int:question_id>/edit", methods=["GET", "POST"])
@login_required
def edit(slug: str, question_id: int) -> ResponseReturnValue:
    """Change a question: what is saved is a new version, and attempts keep theirs."""
    course = access.edited_bank(slug, me())
    question = questions.find(course, question_id)
    number = documents.current(question).number
    if request.method == "GET":
        return _page(course, question, _Form(sources.of_question(question), [], based_on=number))
    form = _sent(course, question)
    if form.faults or not _is_saved():
        return _page(course, question, form)
    try:
        is_changed = questions.edit(
            course, question_id, sources.written(sources.read(form.source)), based_on=form.based_on
        )
    except ChangedMeanwhile as refusal:
        # What was typed stays on the page, and saving it again replaces what somebody else has written.
        fault = _("Somebody else saved version %(number)s meanwhile.", number=refusal.number)
        kept = _Form(form.source, [fault], form.shown, refusal.number)
        return _page(course, question, kept, theirs=sources.of_question(question))
    except InvalidInput as error:
        fault = f"{error.field}: {faults.words(error)}"
        return _page(course, question, _Form(form.source, [fault], form.shown, form.based_on))
    db.session.commit()
    flash(_("Saved as a new version.") if is_changed else _("Nothing has changed."), "success")
    return redirect(url_for("bank.show", slug=slug, question_id=question_id))


def _is_saved() -> bool:
    """Whether a form is to be saved; else its preview is asked for, or what an answer to it would earn."""
    return request.form.get("action") not in ("preview", TRY)


def _sent(course: Course, question: Question | None = None) -> _Form:
    source = request.form.get("source", "")
    faults = sources.faults(source, slug=question.slug if question else None)
    shown = None if faults else sources.preview(course, source, question.id if question else 0)
    based_on = request.form.get("based_on", 0, int)
    return _Form(source, faults, shown, based_on)


def _page(course: Course, question: Question | None, form: _Form, theirs: str = "") -> ResponseReturnValue:
    if form.shown and request.form.get("action") == TRY:
        return render_template("bank/_tried.html", course=course, tried=_tried(form.shown), read_as=results.read_as)
    is_refused = bool(form.faults) and request.method == "POST"
    facts = {
        "course": course,
        "question": question,
        "form": form,
        "item": form.shown,
        "explained": previews.explain(form.shown) if form.shown else None,
        "theirs": theirs,
    }
    if "partial" in request.args:
        return render_template("bank/_preview.html", **facts)
    return render_template("bank/edit.html", **facts), 422 if is_refused else 200
