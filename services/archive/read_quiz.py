"""A quiz's YAML -> a quiz. What a question holds beside the common fields is checked by its type."""

import re
from dataclasses import fields
from typing import Any

from question_types import type_of
from quiz_settings import faults_between, values_of
from services.archive.content import QuestionContent, QuizContent
from services.archive.documents import Document
from services.archive.messages import Place
from services.archive.shapes import QuestionEntry, QuizFile
from services.errors import InvalidInput

COMMON = {field.name for field in fields(QuestionEntry)}


def read_quiz(document: Document[QuizFile], slug: str) -> QuizContent:
    """Return the quiz; faults are noted in the document's list."""
    quiz = document.said
    questions: dict[str, QuestionContent] = {}
    for index, entry in enumerate(quiz.questions):
        question = _question(document, entry, index)
        if question.slug in questions:
            document.fault(f"{question.slug} is the slug of another question here", "questions", index, "slug")
        elif question.slug:
            questions[question.slug] = question
    for place, message in faults_between(quiz):
        document.fault(message, *place)
    return QuizContent(
        slug=slug,
        title=quiz.title,
        instructions=quiz.instructions,
        time_limit_s=_time_limit(document),
        attempts_allowed=quiz.attempts_allowed,
        counts=quiz.counts,
        points=quiz.points,
        pass_percent=quiz.pass_percent,
        is_shuffled=quiz.is_shuffled,
        **values_of(quiz),
        questions=tuple(questions.values()),
    )


def _time_limit(document: Document[QuizFile]) -> int | None:
    minutes, seconds = document.said.time_limit_minutes, document.said.time_limit_seconds
    if minutes is not None and seconds is not None:
        document.fault("stands beside time_limit_minutes; give one of them", "time_limit_seconds")
    return minutes * 60 if minutes is not None else seconds


def _question(document: Document[QuizFile], entry: QuestionEntry, index: int) -> QuestionContent:
    spec: dict[str, Any] = {}
    if entry.kind:
        written = document.node.at("questions", index).plain()
        try:
            spec = type_of(entry.kind).parse({name: value for name, value in written.items() if name not in COMMON})
        except InvalidInput as error:
            document.fault(error.message, "questions", index, *_place(error.field))
    return QuestionContent(
        slug=entry.slug,
        kind=entry.kind,
        prompt=entry.prompt,
        points=entry.points,
        feedback=entry.feedback,
        spec=spec,
    )


def _place(field: str) -> Place:
    """Return the place that a kind means by choices[2].text."""
    return tuple(int(index) - 1 if index else name for index, name in re.findall(r"\[(\d+)\]|([^.\[\]]+)", field))
