"""The page on which teachers say when and how a quiz is taken. Times are typed and shown in the teacher's own zone."""

import json
from typing import Any

import flask_babel
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from blueprints import access, shown
from blueprints.pages import login_required, me, now
from blueprints.quizzes import form_fields
from extensions import db
from models import Course, Quiz
from quiz_settings import MAX_REQUIREMENTS, MAX_STEPS, REVEALED, said
from reasons import text
from services.courses.outlines import Outline, outline
from services.quizzes import settings

quiz_settings = Blueprint("quiz_settings", __name__)

TIMES = ("opens_at", "due_at", "closes_at")
LABELS = {
    "opens_at": lazy_gettext("Opens"),
    "due_at": lazy_gettext("Due"),
    "closes_at": lazy_gettext("Closes"),
}
ROWS = 3


@quiz_settings.get("/courses/<slug>/quizzes/<quiz>/settings")
@login_required
def show(slug: str, quiz: str) -> ResponseReturnValue:
    """Show the settings."""
    course, chosen_quiz = access.set_quiz(slug, quiz, me())
    typed = _typed_of(chosen_quiz)
    return _page(course, chosen_quiz, typed, {}, typed)


@quiz_settings.post("/courses/<slug>/quizzes/<quiz>/settings")
@login_required
def change(slug: str, quiz: str) -> ResponseReturnValue:
    """Change them; what can't be used is told beside its field, and nothing is lost of what was typed."""
    course, chosen_quiz = access.set_quiz(slug, quiz, me())
    typed = {name: request.form.get(name, "") for name in _names(request.form.to_dict())}
    seen = _seen(request.form.get("seen", ""))
    given, faults = _read(typed)
    given = _changed(given, seen)
    if not faults:
        try:
            settings.change(course, chosen_quiz, given, by_id=me().id, now=now())
        except settings.Wrong as wrong:
            faults = {str(fault.place[0]): _worded(fault) for fault in reversed(wrong.faults)}
    if faults:
        db.session.rollback()
        course, chosen_quiz = access.set_quiz(slug, quiz, me())
        return _page(course, chosen_quiz, typed, faults, seen), 422
    db.session.commit()
    flash(_("Saved."), "success")
    return redirect(url_for("quizzes.show", slug=slug, quiz=quiz))


def _page(course: Course, quiz: Quiz, typed: dict[str, str], faults: dict[str, str], seen: dict[str, str]) -> str:
    steps = [number for number in range(MAX_STEPS) if typed.get(f"late_hours-{number}")]
    requirements = [number for number in range(MAX_REQUIREMENTS) if typed.get(f"requires-{number}")]
    return render_template(
        "quizzes/settings.html",
        course=course,
        quiz=quiz,
        typed=typed,
        seen=json.dumps(seen),
        faults=faults,
        labels=LABELS,
        zone=shown.time_zone(),
        step_rows=range(min(MAX_STEPS, max(ROWS, max(steps, default=0) + 2))),
        requirement_rows=range(min(MAX_REQUIREMENTS, max(ROWS, max(requirements, default=0) + 2))),
        choices=_choices(outline(course), quiz, quiz.requires),
    )


def _choices(plan: Outline, quiz: Quiz, requires: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Give what can be required: the course's activities, and the checks that are required already."""
    found = [(f"{entry.kind}:{entry.slug}", entry.title) for entry in plan.entries if entry.slug != quiz.slug]
    titles = dict(found)
    for requirement in requires:
        if requirement.get("check"):
            lab = f"lab:{requirement['lab']}"
            found.append((f"{lab}/{requirement['check']}", f"{titles.get(lab, lab)}: {requirement['check']}"))
    return found


def _typed_of(quiz: Quiz) -> dict[str, str]:
    """Return the settings as the form's fields hold them."""
    now = settings.current(quiz)
    typed = {name: form_fields.local(now[name]) for name in TIMES}
    typed |= {f"reveal_{name}": now[f"reveal_{name}"] for name in REVEALED}
    typed["time_limit_minutes"] = f"{now['time_limit_s'] / 60:g}" if now["time_limit_s"] else ""
    typed["attempts_allowed"] = str(now["attempts_allowed"] or "")
    typed["cooldown_minutes"] = str(now["cooldown_minutes"] or "")
    typed |= {name: str(now[name]) for name in settings.REACHING_BACK}
    typed["password"], typed["late_answers"] = now["password"], now["late_answers"]
    for number, step in enumerate(now["late_credit"]):
        typed |= {f"late_hours-{number}": str(step.hours), f"late_percent-{number}": str(step.percent)}
    for number, requirement in enumerate(map(said, now["requires"])):
        kind = next(name for name in ("lesson", "quiz", "lab") if name in requirement)
        check = f"/{requirement['check']}" if "check" in requirement else ""
        typed[f"requires-{number}"] = f"{kind}:{requirement[kind]}{check}"
        typed[f"requires_percent-{number}"] = str(requirement.get("percent", ""))
    return typed


def _names(form: dict[str, str]) -> list[str]:
    simple = [*TIMES, "late_answers", *(f"reveal_{name}" for name in REVEALED)]
    simple += ["time_limit_minutes", "attempts_allowed", "cooldown_minutes", "password"]
    simple += [name for name in settings.REACHING_BACK if name in form]
    lists = ("late_hours-", "late_percent-", "requires-", "requires_percent-")
    return [*simple, *(name for name in form if name.startswith(lists))]


def _read(typed: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the settings that were typed, and by field what can't be read."""
    given: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for name in TIMES:
        given[name] = form_fields.moment(typed[name], name, faults)
    for name in ("attempts_allowed", "cooldown_minutes"):
        given[name] = form_fields.whole(typed[name], name, faults)
    given["cooldown_minutes"] = given["cooldown_minutes"] or 0
    given |= _earning(typed, faults)
    given["time_limit_s"] = _seconds(typed["time_limit_minutes"], faults)
    given["late_answers"] = typed["late_answers"] or "keep"
    given["password"] = typed["password"].strip()
    given |= {f"reveal_{name}": typed[f"reveal_{name}"] or "submitted" for name in REVEALED}
    given["late_credit"] = [
        {
            "hours": form_fields.whole(typed[f"late_hours-{row}"], "late_credit", faults),
            "percent": form_fields.whole(typed.get(f"late_percent-{row}", ""), "late_credit", faults),
        }
        for row in _rows(typed, "late_hours-")
    ]
    given["requires"] = [_requirement(typed, row, faults) for row in _rows(typed, "requires-")]
    return given, faults


def _earning(typed: dict[str, str], faults: dict[str, str]) -> dict[str, Any]:
    """Read what attempts earn. These fields hold something: an empty one isn't taken for 0, which would cost points."""
    given: dict[str, Any] = {"counts": typed["counts"]} if "counts" in typed else {}
    for name in ("points", "pass_percent"):
        if name in typed:
            given[name] = form_fields.whole(typed[name], name, faults)
            if given[name] is None:
                faults[name] = _("This must be a whole number.")
    return given


def _seen(text: str) -> dict[str, str]:
    """Return what the form held when it was shown; nothing where it doesn't say so."""
    try:
        held = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return {str(name): str(value) for name, value in held.items()} if isinstance(held, dict) else {}


def _changed(given: dict[str, Any], seen: dict[str, str]) -> dict[str, Any]:
    """Return what differs from what the form showed: what somebody else has saved since stays, and so do seconds."""
    if not seen:
        return given
    before, _faults = _read({**dict.fromkeys(_names(seen), ""), **seen})
    return {name: value for name, value in given.items() if name not in before or value != before[name]}


def _rows(typed: dict[str, str], prefix: str) -> list[str]:
    rows = [name.removeprefix(prefix) for name, value in typed.items() if name.startswith(prefix) and value.strip()]
    return sorted(rows, key=lambda row: (len(row), row))


def _requirement(typed: dict[str, str], row: str, faults: dict[str, str]) -> dict[str, Any]:
    kind, _colon, name = typed[f"requires-{row}"].partition(":")
    slug, _slash, check = name.partition("/")
    said_here: dict[str, Any] = {kind: slug} | ({"check": check} if check else {})
    percent = form_fields.whole(typed.get(f"requires_percent-{row}", ""), "requires", faults)
    return said_here | ({"percent": percent} if percent is not None and kind == "quiz" else {})


def _seconds(text: str, faults: dict[str, str]) -> int | None:
    if not text.strip():
        return None
    try:
        return round(float(text) * 60)
    except (ValueError, OverflowError):
        faults["time_limit_s"] = _("This must be a number.")
        return None


def _worded(fault: settings.Fault) -> str:
    """Say a fault with the fields' names on the page."""
    message = text(fault.why, flask_babel)
    for name, label in LABELS.items():
        message = message.replace(name, f"“{label}”")
    row = next((part + 1 for part in fault.place if isinstance(part, int)), None)
    return _("Line %(row)s: %(message)s", row=row, message=message) if row else message[:1].upper() + message[1:]
