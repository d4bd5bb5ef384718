"""The page on which teachers say what a quiz asks: fixed questions, and draws by tag, each with its weight."""

import re
from typing import Any

import flask_babel
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from pydantic import ValidationError

from blueprints import access
from blueprints import faults as words
from blueprints.bank.schemas_slots import SlotIn
from blueprints.pages import login_required, me
from blueprints.quizzes import form_fields
from extensions import db
from models import Course, Quiz
from models.question import DIFFICULTIES
from reasons import text
from services.bank import questions, slots
from services.errors import InvalidInput
from services.quizzes import unreadable

quiz_slots = Blueprint("quiz_slots", __name__)
SLOTS = "/courses/<slug>/quizzes/<quiz>/questions"
NAMES = ("question", "tag", "difficulty", "count", "points")


@quiz_slots.get(SLOTS)
@login_required
def show(slug: str, quiz: str) -> ResponseReturnValue:
    """Show what the quiz asks."""
    course, chosen_quiz = access.set_quiz(slug, quiz, me())
    there = slots.of(chosen_quiz)
    return _page(course, chosen_quiz, [_typed(slot) for slot in there], {}, slots.version(there))


@quiz_slots.post(SLOTS)
@login_required
def change(slug: str, quiz: str) -> ResponseReturnValue:
    """Save all places, in the order of their numbers; what can't be used is told beside its line."""
    course, chosen_quiz = access.set_quiz(slug, quiz, me())
    typed, based_on = _sent(), request.form.get("based_on", "")
    faults: dict[str, str] = {}
    wanted = [_read(row, index, faults) for index, row in enumerate(typed)]
    try:
        if not faults:
            slots.replace(
                course,
                chosen_quiz,
                [slot for slot in wanted if slot is not None],
                based_on=based_on,
                keeps_attempts=bool(request.form.get("keeps_attempts")),
            )
    except InvalidInput as fault:
        faults[_line_of(fault.field)] = words.line(fault)
    except slots.Attempted:
        faults["keeps_attempts"] = _("Say that you know it, and save again.")
    except slots.SlotsChanged as refusal:
        # Whoever has read this and saves again replaces what somebody else has written.
        faults["all"], based_on = refusal.message, slots.version(slots.of(chosen_quiz))
    if faults:
        db.session.rollback()
        course, chosen_quiz = access.set_quiz(slug, quiz, me())
        return _page(course, chosen_quiz, typed, faults, based_on), 422
    db.session.commit()
    flash(_("Saved. New attempts get this."), "success")
    return redirect(url_for("quiz_slots.show", slug=slug, quiz=quiz))


def _sent() -> list[dict[str, str]]:
    """Return the lines that were sent and aren't to go away, in the order of their places."""
    form, new = request.form, request.form.get("new", "")
    numbers = sorted({int(name[6:]) for name in form if re.fullmatch(r"place-\d{1,8}", name)})
    lines = [
        (_place(form.get(f"place-{number}", ""), number), {name: form.get(f"{name}-{number}", "") for name in NAMES})
        for number in numbers[: slots.MOST + 1]
        if not form.get(f"drop-{number}") and (str(number) != new or _is_filled_in(number))
    ]
    return [line for _place_of, line in sorted(lines, key=lambda one: one[0])]


def _is_filled_in(number: int) -> bool:
    return any(request.form.get(f"{name}-{number}", "").strip() for name in ("question", "tag"))


def _place(typed: str, number: int) -> tuple[int, int]:
    """Return where a line goes: one that was moved up stands before the line of that place, one moved down after it."""
    place = int(typed) if typed.isdecimal() and len(typed) < 9 else number
    return place, (place > number) - (place < number)


def _read(row: dict[str, str], index: int, faults: dict[str, str]) -> slots.Slot | None:
    line: dict[str, str] = {}
    is_fixed = bool(row["question"])
    points = form_fields.marks(row["points"], "points", line) if row["points"].strip() else None
    said: dict[str, Any] = {"points": None if points is None else float(points)}
    if is_fixed:
        said["question_id"] = form_fields.whole(row["question"], "question", line)
    else:
        count = form_fields.whole(row["count"], "count", line)
        said |= {
            "tag": row["tag"].strip(),
            "difficulty": row["difficulty"] or None,
            "count": 1 if count is None else count,
        }
    try:
        slot = SlotIn.model_validate(said) if not line else None
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        line[str(fault["loc"][0])] = text(unreadable.reason_of(fault), flask_babel)
        slot = None
    if line:
        faults[str(index)] = " ".join(line.values())
    return slots.Slot(**vars(slot)) if slot else None


def _line_of(field: str) -> str:
    parts = field.split(".")
    return parts[1] if len(parts) > 1 and parts[1].isdecimal() else "all"


def _typed(slot: slots.Slot) -> dict[str, str]:
    return {
        "question": str(slot.question_id or ""),
        "tag": slot.tag or "",
        "difficulty": slot.difficulty or "",
        "count": "" if slot.question_id else str(slot.count),
        "points": f"{slot.points:g}" if slot.points is not None else "",
    }


def _page(course: Course, quiz: Quiz, rows: list[dict[str, str]], faults: dict[str, str], based_on: str) -> str:
    there = slots.choosable(course)
    taken = {row["question"] for row in rows}
    return render_template(
        "bank/slots.html",
        course=course,
        quiz=quiz,
        rows=rows,
        faults=faults,
        named={str(question.id): question for question in there},
        free=[question for question in there if str(question.id) not in taken],
        tags=questions.tags(course),
        difficulties=DIFFICULTIES,
        based_on=based_on,
        attempts=slots.attempts_made(quiz),
    )
