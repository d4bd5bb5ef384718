"""What the API says of a quiz and of an attempt, to its student and to the staff."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import flask_babel

from blueprints.quizzes import tests
from models import AnswerSave, Attempt, AttemptItem, Quiz, RegradeNote
from question_types import type_of
from quiz_settings import columns_of
from reasons import Reason, sentence
from services.quizzes import answer_log, breaks, reveal, trials
from services.quizzes import hints as quiz_hints
from services.quizzes.reveal import Reveal
from services.quizzes.settings import current
from services.regrades import history

NAMES = ("id", "quiz_id", "user_id", "number", "closed_by", "started_at", "deadline_at", "closed_at", "credit_percent")


def state_of(attempt: Attempt) -> str:
    """Say whether an attempt can still be answered; `stage` is how far its grading is."""
    return "open" if attempt.is_open else "closed"


def settings(quiz: Quiz) -> dict[str, Any]:
    """Give the settings of a quiz, to those who may change them."""
    return {**current(quiz), **columns_of(quiz)}


def reason_of(reason: Reason) -> dict[str, Any]:
    """Give a reason as a code and as words."""
    return {**reason.as_json(), "text": sentence(reason, flask_babel)}


def summaries(made: Sequence[Attempt], quiz: Quiz, *, now: datetime, is_staff: bool) -> list[dict[str, Any]]:
    """Give attempts at a quiz without their questions."""
    last_close = reveal.last_close(quiz)
    return [_summary(each, reveal.of(each, quiz, now=now, last_close=last_close, is_staff=is_staff)) for each in made]


def detail(attempt: Attempt, *, now: datetime, is_staff: bool) -> dict[str, Any]:
    """Give an attempt with its questions, and once it is closed with what is shown of their solutions."""
    last_close = reveal.last_close(attempt.quiz)
    shown = reveal.of(attempt, attempt.quiz, now=now, last_close=last_close, is_staff=is_staff)
    others = answer_log.by_position(answer_log.uncounted(attempt.id))
    keys = history.keys(attempt)
    taken = quiz_hints.of_attempt(attempt)
    tested = tests.of_attempt(attempt, shown, is_staff=is_staff)
    # In a break the questions are put away.
    is_away = not is_staff and breaks.of(attempt, now).until is not None
    rows = [] if is_away else attempt.items
    items = [
        {
            **_item(item, others.get(item.position, []), shown, keys),
            "hints": hints(taken.get(item.position, quiz_hints.NONE)),
            "tests": tested.get(item.position),
            "runnable": trials.allowed(item.version.kind, item.version.spec),
        }
        for item in rows
    ]
    notes = history.notes([attempt.id]).get(attempt.id, []) if not attempt.is_open else []
    return {**_summary(attempt, shown), "items": items, "regrades": [_note(note, shown) for note in notes]}


def _note(note: RegradeNote, shown: Reveal) -> dict[str, Any]:
    marks = ("score_before", "max_before", "score_after", "max_after")
    why = note.regrade
    return {
        "noted_at": note.noted_at,
        "is_undo": note.is_undo,
        "reason": (note.is_undo and why.undo_reason) or why.reason,
        **{name: getattr(note, name) if shown.score else None for name in marks},
    }


def hints(found: quiz_hints.Hints) -> dict[str, Any]:
    """Give the hints of a question in an attempt."""
    taken = [asdict(each) for each in found.taken]
    return {"taken": taken, "left": found.left, "next_cost": found.next_cost, "lost": found.lost}


def version(save: AnswerSave) -> dict[str, Any]:
    """Give an answer that came, with what became of it."""
    names = ("revision", "response", "typed_at", "tab")
    fields = {name: getattr(save, name) for name in names}
    return {**fields, "hash": save.digest, "saved_at": save.received_at, "fate": save.why or "kept"}


def _summary(attempt: Attempt, shown: Reveal) -> dict[str, Any]:
    fields = {name: getattr(attempt, name) for name in NAMES}
    score = {name: getattr(attempt, name) if shown.score else None for name in ("score", "percent")}
    hidden = [] if attempt.is_open else list(shown.hidden)
    state = {"state": state_of(attempt), "stage": attempt.state, "hidden": hidden}
    return {**fields, **state, **score, "max_score": attempt.max_score}


def _item(
    item: AttemptItem, uncounted: list[answer_log.Uncounted], shown: Reveal, keys: Mapping[int, dict[str, Any]]
) -> dict[str, Any]:
    version = item.version
    kind, key = type_of(version.kind), keys[version.id]["key"] if version.id in keys else version.spec
    explained = shown.of_solution(kind.explain(key, item.response, item.frozen), item.response)
    return {
        "position": item.position,
        "question_id": version.question_id,
        "version": version.number,
        "kind": version.kind,
        "prompt_html": kind.prompt(version.prompt_html, version.spec, item.frozen),
        "points": float(item.points),
        "frozen": item.frozen,
        "response": item.response,
        "revision": item.revision,
        "saved_at": item.saved_at,
        "typed_at": item.typed_at,
        "read_as": kind.reading(version.spec, item.response),
        "uncounted": uncounted,
        "score": item.score if shown.correctness else None,
        "solution": explained["solution"],
        "feedback_html": version.feedback_html if shown.feedback else None,
        "choice_feedback": _of_choices(explained, item.response) if shown.feedback else None,
        "comment": item.comment if shown.feedback else None,
        "graded_at": item.graded_at if shown.feedback else None,
    }


def _of_choices(explained: Mapping[str, Any], response: Any) -> dict[str, str]:
    """Give the feedback of choices that were taken, or are right as far as that is shown, by their ids."""
    told = [*(response if isinstance(response, list) else [response]), *explained.get("correct", ())]
    return {one: said for one, said in explained["notes"].items() if one in told}
