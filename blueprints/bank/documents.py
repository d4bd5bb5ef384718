"""A question of the bank as the API gives it, and as its page takes it."""

from typing import Any

from models import Question, QuestionVersion
from models.question import STATES, TRANSITIONS
from question_types import type_of
from services.bank import questions, shortages, usage
from services.bank.usage import Given


def current(question: Question) -> QuestionVersion:
    """Return what a question says now: a question is found with its current version."""
    assert question.current is not None
    return question.current


def summary(question: Question, given: Given) -> dict[str, Any]:
    """Give a question of a list."""
    version = current(question)
    return {
        "id": question.id,
        "slug": question.slug,
        "quiz": question.quiz.slug if question.quiz else None,
        "kind": version.kind,
        "prompt_md": version.prompt_md,
        "prompt_html": version.prompt_html,
        "points": version.points,
        "tags": question.tags,
        "difficulty": question.difficulty,
        "state": question.state,
        "version": version.number,
        "given": given.given,
        "answered": given.answered,
    }


def detail(question: Question) -> dict[str, Any]:
    """Give a question with its solution, its versions and its usage."""
    version, counts = current(question), usage.given_by_version(question)
    whole = Given(sum(each.given for each in counts.values()), sum(each.answered for each in counts.values()))
    versions = [
        {"number": each.number, **vars(counts.get(each.number, Given()))} for each in questions.history(question)
    ]
    return {
        **summary(question, whole),
        "feedback_md": version.feedback_md,
        "feedback_html": version.feedback_html,
        "hints": version.hints,
        "rubric": version.rubric,
        "fields": type_of(version.kind).export(version.spec),
        "versions": versions,
        "asked_by": usage.asked_by(question),
        "moves": moves(question),
        "leaves_short": shortages.caused_by(question),
    }


def moves(question: Question) -> list[str]:
    """Return the states to which a question may be moved."""
    return [state for state in STATES if state in TRANSITIONS[question.state]]
