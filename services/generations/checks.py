"""The checks of a draft that need no second call: its place in the lessons, its key, its likes in the bank.

All are pure functions of what the model said, the lessons and the bank.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rapidfuzz import fuzz, process
from rapidfuzz.utils import default_process

from reasons import Code, Reason
from services.errors import InvalidInput
from services.generations import documents, material
from services.generations.answers import AskedQuestion, Read
from services.generations.findings import Finding, confirms, is_refused, refuses, warns
from services.generations.material import Material, Span

# No text of a sound question is longer.
LONGEST = 4_000
# From how much likeness on a question says what another one says: of 0 to 100, words in any order.
ALIKE = 88.0
_POINTS_AWAY = re.compile(r"https?://|\]\(|\]\[|<[a-zA-Z!/][^>]*>|javascript:", re.IGNORECASE)


def judged(
    read: Read, materials: Sequence[Material], known: Mapping[str, str], lab: str = ""
) -> tuple[dict[str, Any], list[Span], list[Finding]]:
    """Return a draft's document, its spans, and what was found; `known` are texts by their slug, `lab` is where
    programs run."""
    said = read.question
    if said is None:
        return _unread(read.raw), [], [refuses(read.fault or Reason(Code.DRAFT_SHAPE, field="questions"))]
    document = documents.of_answer(said, lab)
    spans, found = cited(said, materials)
    found += _fields(said, document)
    if documents.has_unkept(document) or any(points_away(text) for text in _shown(document)):
        found.append(refuses(Reason(Code.DRAFT_POINTS_AWAY)))
    if not is_refused(found):
        found += key(said)
        found += alike(document, known)
    return document, spans, found


def _unread(raw: dict[str, Any]) -> dict[str, Any]:
    """Return what can be shown of a question that hasn't the shape."""
    said = {name: value if isinstance(value := raw.get(name), str) else "" for name in ("kind", "prompt", "feedback")}
    shown = {name: documents.kept(value)[:4000] for name, value in said.items()}
    return {"slug": "question", "points": 1, "tags": [], "difficulty": None, "fields": {}, **shown}


def cited(said: AskedQuestion, materials: Sequence[Material]) -> tuple[list[Span], list[Finding]]:
    """Return the spans that a question cites; a citation that isn't in its lesson refuses the question."""
    spans, found = [], []
    for citation in said.citations:
        span = None
        if 1 <= citation.lesson <= len(materials):
            span = material.find(materials[citation.lesson - 1], citation.quote)
        if span is None:
            found.append(refuses(Reason(Code.DRAFT_NOT_CITED, quote=material.squeezed(citation.quote)[:200])))
        elif span not in spans:
            spans.append(span)
    return spans, found


def _fields(said: AskedQuestion, document: dict[str, Any]) -> list[Finding]:
    for name in ("prompt", "feedback", "fields"):
        texts = documents.texts(document[name])
        if any(len(text) > LONGEST for text in texts) or (name == "prompt" and not document["prompt"]):
            return [refuses(Reason(Code.DRAFT_SHAPE, field=name))]
    try:
        documents.content(document)
    except InvalidInput as error:
        return [refuses(Reason(Code.DRAFT_FIELDS, field=error.field, said=error.message))]
    if said.kind == "multiple" and all(choice["is_correct"] for choice in document["fields"]["choices"]):
        return [warns(Reason(Code.DRAFT_ALL_RIGHT))]
    return []


def key(said: AskedQuestion) -> list[Finding]:
    """Compute a number's key by the safe evaluator: where it doesn't agree, the question is refused."""
    computed = said.fields.computed()
    if computed is None:
        return []
    if computed.made is None:
        return [refuses(Reason(Code.DRAFT_KEY_UNCOMPUTED))]
    if not computed.agrees:
        return [refuses(Reason(Code.DRAFT_KEY_DIFFERS, key=computed.said[:60], made=computed.made))]
    return [confirms(Reason(Code.DRAFT_KEY_COMPUTED, made=computed.made))]


def alike(document: dict[str, Any], known: Mapping[str, str]) -> list[Finding]:
    """Refuse a question that says nearly what another one says."""
    text = asked_text(document["kind"], document["prompt"], document["fields"])
    best = process.extractOne(text, known, scorer=fuzz.token_sort_ratio, processor=default_process, score_cutoff=ALIKE)
    if best is None:
        return []
    _text, score, slug = best
    return [refuses(Reason(Code.DRAFT_ALIKE, slug=str(slug), percent=int(score)))]


def asked_text(kind: str, prompt: str, fields: Mapping[str, Any]) -> str:
    """Return what is compared of a question: what it asks, and what is right. Wrong choices may be others."""
    right: list[Any] = []
    if kind in ("single", "multiple"):
        right = [choice["text"] for choice in fields.get("choices", []) if choice.get("is_correct")]
    elif kind == "text":
        right = fields.get("accept", [])[:1]
    return "\n".join([prompt, *sorted(map(str, right))])


def _shown(document: dict[str, Any]) -> list[str]:
    fields = document["fields"] if document["kind"] != "code" else {}
    return [document["prompt"], document["feedback"], *documents.texts(fields)]


def points_away(text: str) -> bool:
    """Say whether a text leads elsewhere, or holds HTML."""
    # Code may hold anything: it is shown, never followed.
    return bool(_POINTS_AWAY.search(re.sub(r"(`+).*?\1", "", text, flags=re.DOTALL)))
