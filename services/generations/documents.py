"""A draft's question as the bank's API takes it, and as the folder of a course has it."""

import re
import unicodedata
from typing import Any

from question_types import type_of
from services.archive.content import QuestionContent
from services.bank.questions import Written
from services.generations.answers import AskedQuestion

TAG = "generated"
_OTHER = re.compile(r"[^a-z0-9]+")
# What PostgreSQL can't keep, and what changes how a text looks: no author writes it.
_UNKEPT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def of_answer(said: AskedQuestion, lab: str = "") -> dict[str, Any]:
    """Return the document of a question that the model wrote; its tests run in `lab`."""
    fields = said.fields.fields()
    if "tests" in fields:
        fields["tests"]["lab"] = lab
    return {
        "slug": slug_of(said.name),
        "kind": said.kind,
        "prompt": said.prompt.strip(),
        "points": 1,
        "feedback": said.feedback.strip(),
        "tags": [TAG],
        "difficulty": said.difficulty,
        "fields": fields,
    }


def slug_of(name: str) -> str:
    """Return a name as a slug."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return _OTHER.sub("-", plain).strip("-")[:50].strip("-") or "question"


def content(document: dict[str, Any]) -> QuestionContent:
    """Return the question as a course's folder has it; raise InvalidInput for fields that its type refuses."""
    return QuestionContent(
        slug=document["slug"],
        kind=document["kind"],
        prompt=document["prompt"],
        spec=type_of(document["kind"]).parse(document["fields"]),
        points=float(document["points"]),
        feedback=document["feedback"],
        tags=tuple(document["tags"]),
        difficulty=document["difficulty"],
    )


def written(document: dict[str, Any]) -> Written:
    """Return the question as the bank writes it; raise InvalidInput for fields that its type refuses."""
    said = content(document)
    return Written(said.kind, said.prompt, said.spec, said.points, said.feedback, said.tags, said.difficulty)


def texts(value: Any) -> list[str]:
    """Return all texts in a document."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for each in value for text in texts(each)]
    return [text for each in value.values() for text in texts(each)] if isinstance(value, dict) else []


def kept(text: str) -> str:
    """Return a text without what nobody sees."""
    return _UNKEPT.sub("", text)


def has_unkept(document: dict[str, Any]) -> bool:
    """Say whether a text holds what nobody sees, or what makes it look like another."""
    return any(_UNKEPT.search(text) for text in texts(document))
