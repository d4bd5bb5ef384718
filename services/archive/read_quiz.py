"""A quiz's YAML -> a quiz. What a question holds beside the common fields is checked by its kind."""

from typing import Any

from services.archive.content import QuestionContent, QuizContent, line_text
from services.archive.fields import Fields, control_in
from services.archive.nodes import Node
from services.errors import InvalidInput
from services.quizzes.questions import kind_of

MAX_QUESTIONS = 200


def read_quiz(fields: Fields, slug: str) -> QuizContent:
    """Return the quiz; faults are noted in the fields' list."""
    questions: dict[str, QuestionContent] = {}
    for position, node in enumerate(fields.items("questions", limit=MAX_QUESTIONS), start=1):
        inner = Fields(node, fields.file, fields.faults, f"questions[{position}]")
        question = _question(inner, node)
        if question.slug in questions:
            inner.fault("slug", f"{question.slug} is the slug of another question here")
        elif question.slug:
            questions[question.slug] = question
    quiz = QuizContent(
        slug=slug,
        title=fields.text("title", is_required=True),
        instructions=fields.text("instructions", is_block=True),
        time_limit_s=_time_limit(fields),
        attempts_allowed=fields.optional_integer("attempts_allowed", 1, 1_000),
        points=fields.integer("points", 0, 0, 10_000),
        pass_percent=fields.integer("pass_percent", 50, 0, 100),
        is_shuffled=fields.flag("is_shuffled", False),
        questions=tuple(questions.values()),
    )
    fields.close()
    return quiz


def _time_limit(fields: Fields) -> int | None:
    minutes = fields.optional_integer("time_limit_minutes", 1, 10_080)
    seconds = fields.optional_integer("time_limit_seconds", 1, 604_800)
    if minutes is not None and seconds is not None:
        fields.fault("time_limit_seconds", "stands beside time_limit_minutes; give one of them")
    return minutes * 60 if minutes is not None else seconds


def _question(fields: Fields, node: Node) -> QuestionContent:
    slug, prompt = fields.slug(), fields.text("prompt", is_required=True, is_block=True)
    points = fields.number("points", 1.0, 0.01, 1_000)
    feedback = fields.text("feedback", is_block=True)
    kind = fields.text("kind", is_required=True)
    raw = fields.rest()
    spec = {}
    control = control_in(raw)
    if control:
        field, character = control
        fields.fault(field, f"holds the control character {character}", line=node.find(field).line)
    elif kind:
        try:
            spec = kind_of(kind).parse(_normalised(raw))
        except InvalidInput as error:
            fields.fault(error.field, error.message, line=node.find(error.field).line)
    return QuestionContent(slug=slug, kind=kind, prompt=prompt, points=points, feedback=feedback, spec=spec)


def _normalised(raw: Any) -> Any:
    if isinstance(raw, str):
        return line_text(raw)
    if isinstance(raw, list):
        return [_normalised(item) for item in raw]
    if isinstance(raw, dict):
        # A field without a value is a field that isn't there, as everywhere in the format.
        return {key: _normalised(item) for key, item in raw.items() if item is not None}
    return raw
