"""A quiz's YAML -> a quiz. What a question holds beside the common fields is checked by its type."""

import re
from dataclasses import fields
from typing import Any

from question_hints import Hint
from question_rubrics import RubricItem
from question_types import type_of
from quiz_settings import faults_between, values_of
from reasons import ENGLISH, text
from services.archive.content import DrawContent, QuestionContent, QuizContent, TakenContent
from services.archive.documents import Document, Shape
from services.archive.messages import Place
from services.archive.nodes import Node
from services.archive.shapes import DrawEntry, QuestionEntry, QuizFile, TakenEntry
from services.errors import InvalidInput

COMMON = {field.name for field in fields(QuestionEntry)}


def read_quiz(document: Document[QuizFile], slug: str) -> QuizContent:
    """Return the quiz; faults are noted in the document's list."""
    quiz = document.said
    entries: list[QuestionContent | TakenContent | DrawContent] = []
    slugs: set[str] = set()
    for part in document.parts("questions", _shape):
        entry = _entry(part)
        if isinstance(entry, QuestionContent):
            if entry.slug in slugs:
                part.fault(f"{entry.slug} is the slug of another question here", "slug")
                continue
            slugs.add(entry.slug)
        if not isinstance(entry, QuestionContent) or entry.slug:
            entries.append(entry)
    for place, why in faults_between(quiz):
        document.fault(text(why, ENGLISH), *place)
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
        questions=tuple(entries),
    )


def _shape(entry: dict[str, Node]) -> type[Shape]:
    """Return what an entry is, by the field that says so."""
    return DrawEntry if "draw" in entry else TakenEntry if "bank" in entry else QuestionEntry


def _entry(part: Document[Any]) -> QuestionContent | TakenContent | DrawContent:
    said = part.said
    if isinstance(said, TakenEntry):
        return TakenContent(said.bank, said.points)
    if isinstance(said, DrawEntry):
        pool = said.draw
        return DrawContent(pool.tag, pool.count, pool.difficulty, said.points)
    return read_question(part)


def _time_limit(document: Document[QuizFile]) -> int | None:
    minutes, seconds = document.said.time_limit_minutes, document.said.time_limit_seconds
    if minutes is not None and seconds is not None:
        document.fault("stands beside time_limit_minutes; give one of them", "time_limit_seconds")
    return minutes * 60 if minutes is not None else seconds


def read_question(part: Document[QuestionEntry]) -> QuestionContent:
    """Return a question, of a quiz or of the bank; its slug is empty where it has none."""
    entry, spec = part.said, {}
    if entry.kind:
        written = part.node.plain()
        try:
            spec = type_of(entry.kind).parse({name: value for name, value in written.items() if name not in COMMON})
        except InvalidInput as error:
            part.fault(error.message, *_place(error.field))
    return QuestionContent(
        slug=entry.slug,
        kind=entry.kind,
        prompt=entry.prompt,
        points=entry.points,
        feedback=entry.feedback,
        spec=spec,
        tags=tuple(tag for tag, _line in part.each("tags", entry.tags)),
        difficulty=entry.difficulty,
        state=entry.state,
        hints=tuple(Hint(hint.text, hint.price) for hint in entry.hints),
        rubric=_rubric(part),
    )


def _rubric(part: Document[QuestionEntry]) -> tuple[RubricItem, ...]:
    slugs: set[str] = set()
    for index, item in enumerate(part.said.rubric):
        if item.slug in slugs:
            part.fault(f"{item.slug} is the slug of another item of the rubric", "rubric", index, "slug")
        slugs.add(item.slug)
    return tuple(RubricItem(item.slug, item.text, item.points) for item in part.said.rubric)


def _place(field: str) -> Place:
    """Return the place that a kind means by choices[2].text."""
    return tuple(int(index) - 1 if index else name for index, name in re.findall(r"\[(\d+)\]|([^.\[\]]+)", field))
