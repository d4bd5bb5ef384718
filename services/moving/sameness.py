"""Whether two questions are the same, however their texts are written, or nearly the same.

A question's likeness is what students read and what is right, without marks, case and the order of choices. Pictures
are what they show, so that one under another name is the same.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from html import unescape
from typing import Any

from rapidfuzz import fuzz, process

from services import markdown
from services.archive.content import QuestionContent

# How alike the words of two questions are that are nearly the same, of 100.
NEAR = 94
# Text in which nothing can mean anything in Markdown.
_PLAIN = re.compile(r"[^\W_](?:[^\W_]|[ ,;?()'/])*[.:]?")
_TAG = re.compile(r"<[^>]*>")
_PICTURE = re.compile(r'<img\b[^>]*?\bsrc="([^"]*)"[^>]*>')
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


@dataclass(frozen=True)
class Likeness:
    """What two questions share that are the same (`key`), and what is compared of those that may be near (`words`)."""

    key: str
    kind: str
    words: str
    numbers: tuple[str, ...]


def likeness(question: QuestionContent, pictures: Mapping[str, str]) -> Likeness:
    """Return what a question is by; `pictures` are digests of the course's files by their paths."""
    prompt = visible(question.prompt, pictures)
    answers = _answers(question.kind, question.spec, pictures)
    told = json.dumps([question.kind, prompt, answers], sort_keys=True, ensure_ascii=True)
    words = f"{prompt} {' '.join(_words(answers))}"
    return Likeness(
        hashlib.sha256(told.encode()).hexdigest(), question.kind, words, tuple(sorted(_NUMBER.findall(words)))
    )


def visible(text: str, pictures: Mapping[str, str]) -> str:
    """Return what people read of Markdown, in one line and small letters; pictures as what they show."""
    if _PLAIN.fullmatch(text):
        return " ".join(text.split()).casefold()
    html = _PICTURE.sub(lambda found: f" picture {pictures.get(unescape(found[1]), found[1])} ", markdown.render(text))
    return " ".join(unescape(_TAG.sub(" ", html)).split()).casefold()


def nearest(wanted: Likeness, others: "Index") -> str | None:
    """Return the name of a question that is nearly the same: of its kind, in nearly the same words, with exactly the
    same numbers."""
    group = others.groups.get((wanted.kind, wanted.numbers))
    if not group:
        return None
    found = process.extractOne(wanted.words, group, scorer=fuzz.ratio, score_cutoff=NEAR)
    return str(found[2]) if found else None


class Index:
    """The questions that there are, by what they are and by what may be near."""

    def __init__(self, there: Iterable[tuple[str, Likeness]] = ()) -> None:
        self.keys: dict[str, str] = {}
        self.groups: dict[tuple[str, tuple[str, ...]], dict[str, str]] = {}
        for name, like in there:
            self.add(name, like)

    def add(self, name: str, like: Likeness) -> None:
        """Take one in."""
        self.keys.setdefault(like.key, name)
        self.groups.setdefault((like.kind, like.numbers), {})[name] = like.words


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the digests of files by their paths."""
    return {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}


def _answers(kind: str, spec: dict[str, Any], pictures: Mapping[str, str]) -> Any:
    def seen(text: str) -> str:
        return visible(text, pictures)

    if kind in ("single", "multiple"):
        choices = sorted([seen(each["text"]), each["is_correct"]] for each in spec["choices"])
        return [choices, spec.get("scoring", "partial")]
    if kind == "matching":
        pairs = sorted([seen(pair["left"]), seen(pair["right"])] for pair in spec["pairs"])
        return [pairs, sorted(map(seen, spec.get("extra", [])))]
    if kind == "ordering":
        return [list(map(seen, spec["items"])), spec.get("scoring", "partial")]
    if kind == "text":
        return [_accepted(spec["accept"], spec), sorted(spec.get("patterns", [])), bool(spec.get("exact"))]
    if kind == "blanks":
        return _blanks(spec, pictures)
    if kind == "numeric":
        return _number(spec)
    if kind == "formula":
        parameters = {name: _values(each) for name, each in spec["parameters"].items()}
        formula = re.sub(r"[\s()]", "", spec["answer"])
        return [formula, parameters, spec.get("tolerance"), spec.get("tolerance_percent"), spec.get("unit", "")]
    if kind == "truefalse":
        return spec["is_true"]
    if kind == "upload":
        return [sorted(spec["accept"]), spec["most"]]
    return {} if kind == "essay" else spec


def _accepted(texts: list[str], spec: dict[str, Any]) -> list[str]:
    is_sensitive = bool(spec.get("is_case_sensitive"))
    return sorted({" ".join(text.split()) if is_sensitive else " ".join(text.split()).casefold() for text in texts})


def _blanks(spec: dict[str, Any], pictures: Mapping[str, str]) -> Any:
    """Return the text with gaps, and what fills them in its order: their names say nothing."""
    text = spec["text"]
    names = sorted(spec["blanks"], key=lambda name: text.index(f"{{{name}}}"))
    for name in names:
        text = text.replace(f"{{{name}}}", "…")
    return [visible(text, pictures), [_accepted(spec["blanks"][name], spec) for name in names]]


def _number(spec: dict[str, Any]) -> Any:
    answer = Decimal(spec["answer"])
    off = Decimal(spec.get("tolerance", "0"))
    if "tolerance_percent" in spec:
        off = abs(answer) * Decimal(spec["tolerance_percent"]) / 100
    said = [format(answer.normalize(), "f"), format(off.normalize(), "f")]
    return [*said, spec.get("unit", ""), bool(spec.get("asks_unit")), spec.get("figures")]


def _values(parameter: dict[str, Any]) -> Any:
    if "values" in parameter:
        return sorted(parameter["values"], key=Decimal)
    low, high, step = (Decimal(parameter[end]) for end in ("from", "to", "step"))
    many = int((high - low) / step) + 1
    return [format((low + step * at).normalize(), "f") for at in range(many)] if many <= 100 else parameter


def _words(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [word for each in value.values() for word in _words(each)]
    if isinstance(value, list):
        return [word for each in value for word in _words(each)]
    return [] if value is None else [str(value)]
