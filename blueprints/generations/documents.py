"""Generations and drafts as pages and the API show them: facts of the rows, with the words of reasons."""

from typing import Any

import flask_babel

from models import Course, Generation, GenerationDraft, Lesson
from models.generation import ACCEPTED, CHECKING, PENDING, REFUSED, REGENERATING, REPLACED, RUNNING_KEY
from reasons import Reason, sentence
from services.errors import LimitReached, Refused
from services.generations import asking, findings, material
from services.generations.prompts import Messages
from services.generations.terms import Budget, Terms

MICROS = 1_000_000


def reason(why: Reason | None) -> dict[str, Any] | None:
    """Return a reason as a program takes it, with its words."""
    return None if why is None else {**why.as_json(), "text": sentence(why, flask_babel)}


def budget(amount: Budget) -> dict[str, Any]:
    """Return tokens, and money in the currency's own unit."""
    return {"tokens": amount.tokens, "cost": amount.cost / MICROS}


def settings(course: Course, terms: Terms, left: dict[Any, Budget]) -> dict[str, Any]:
    """Return whether a course's teachers may have questions written, and what is left of today's budgets."""
    return {
        "is_allowed": course.allows_generation,
        "students_may_ask": course.students_may_ask,
        "is_possible": terms.has_key,
        "model": terms.model if terms.has_key else None,
        "currency": terms.currency,
        "left": {scope: budget(amount) for scope, amount in left.items()},
    }


def summary(row: Generation, lessons: dict[int, Lesson]) -> dict[str, Any]:
    """Return what a list says of a generation."""
    made = [draft for draft in row.drafts if draft.state not in (REFUSED, REPLACED)]
    return {
        "id": row.id,
        "state": row.state,
        "lessons": [lessons[lesson_id].slug for lesson_id in row.lesson_ids if lesson_id in lessons],
        "kinds": row.kinds,
        "lab": row.lab.slug if row.lab else None,
        "count": row.count,
        "difficulty": row.difficulty,
        "language": row.language,
        "prompt_version": row.prompt_version,
        "for_practice": row.for_practice,
        "requested_by": row.user.display_name if row.user else None,
        "requested_at": row.requested_at,
        "finished_at": row.finished_at,
        "tried_again_at": row.retry_at if row.state == "queued" else None,
        "reason": reason(row.reason),
        "written": len(made),
        "checked": len([draft for draft in made if draft.state not in (CHECKING, REGENERATING, RUNNING_KEY)]),
        "to_review": len([draft for draft in row.drafts if draft.state == PENDING]),
        "refused": len([draft for draft in row.drafts if draft.state == REFUSED]),
        "missing": asking.missing_of(row),
        "spent": budget(Budget(sum(call.tokens for call in row.calls), sum(call.cost for call in row.calls))),
    }


def wish(row: Generation, lessons: dict[int, Lesson]) -> dict[str, Any]:
    """Return what a student sees of their own request: how far it is, and nothing that nobody has reviewed."""
    return {
        "id": row.id,
        "state": row.state,
        "lesson": next((lessons[lesson_id].slug for lesson_id in row.lesson_ids if lesson_id in lessons), None),
        "title": next((lessons[lesson_id].title for lesson_id in row.lesson_ids if lesson_id in lessons), None),
        "count": row.count,
        "requested_at": row.requested_at,
        "to_review": len([draft for draft in row.drafts if draft.state == PENDING]),
        "accepted": len([draft for draft in row.drafts if draft.state == ACCEPTED]),
    }


def detail(row: Generation, lessons: dict[int, Lesson]) -> dict[str, Any]:
    """Return a generation with its drafts, each beside what it cites."""
    texts = {lesson_id: material.of_lesson(lesson) for lesson_id, lesson in lessons.items()}
    numbers = {each.id: each.number for each in row.drafts}
    return {**summary(row, lessons), "drafts": [draft(each, lessons, texts, numbers) for each in row.drafts]}


def draft(
    row: GenerationDraft,
    lessons: dict[int, Lesson],
    texts: dict[int, material.Material],
    numbers: dict[int, int],
) -> dict[str, Any]:
    """Return a draft: its question, what it cites, what was found, and who decided what."""
    return {
        "number": row.number,
        "state": row.state,
        "question": row.document,
        "citations": [_citation(span, lessons, texts) for span in row.citations],
        "findings": [_finding(found) for found in row.findings],
        "note": row.note,
        "reviewer": row.reviewer.display_name if row.reviewer else None,
        "reviewed_at": row.reviewed_at,
        "question_id": row.question_id,
        "replaces": numbers.get(row.replaces_id) if row.replaces_id else None,
    }


def _citation(span: dict[str, Any], lessons: dict[int, Lesson], texts: dict[int, material.Material]) -> dict[str, Any]:
    lesson = lessons.get(span["lesson"])
    around = material.around(texts[lesson.id], span) if lesson else None
    before, _quote, after = around or ("", "", "")
    return {
        "lesson": lesson.slug if lesson else None,
        "title": lesson.title if lesson else None,
        "quote": span["quote"],
        "before": before,
        "after": after,
        "is_current": around is not None,
    }


def _finding(found: findings.Finding) -> dict[str, Any]:
    return {"weight": found["weight"], "reason": reason(findings.reason_of(found))}


def words(error: Refused | LimitReached) -> str:
    """Say why something isn't done."""
    return sentence(error.reason, flask_babel) if error.reason else error.message


def texts(messages: Messages | None) -> list[str]:
    """Return the texts of messages that were sent, in their order."""
    return [message["content"] for message in messages or []]
