"""What writers share: names, tags, numbers and wildcards, and what of a question a format has no place for."""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

from reasons import Code, Reason
from services import markdown
from services.archive.content import QuestionContent
from services.formats.base import Finding, NotCarried, Notes, Written
from services.formats.building import say
from services.formats.settling import texts_in

Part = TypeVar("Part")
MAX_TITLE = 80
_LITERAL = re.compile(r"\\([^a-zA-Z0-9])|([^\\.^$*+?{}\[\]|()])")


def written(
    questions: Sequence[QuestionContent],
    make: Callable[[QuestionContent, Notes], Part],
    join: Callable[[list[Part]], bytes],
) -> Written:
    """Write question after question; one that has no form there is told, and hides no other."""
    parts: list[Part] = []
    findings: list[Finding] = []
    for number, question in enumerate(questions, start=1):
        notes = Notes(number, question.slug)
        try:
            parts.append(make(question, notes))
        except NotCarried as refusal:
            notes.findings.clear()
            notes.say(refusal.what, refusal.why, is_whole=True)
        findings += notes.findings
    return Written(join(parts), findings)


def note_common(question: QuestionContent, notes: Notes, *, has: Sequence[str]) -> None:
    """Note what of a question's common fields there is no place for; `has` are those that there is one for."""
    if question.points != 1 and "points" not in has:
        notes.no_place("points", f"{question.points:g}")
    for hint in question.hints:
        if "hints" not in has:
            notes.no_place("hints", hint.text)
        elif hint.price != "0":
            notes.no_place("price", hint.price)
    for item in question.rubric:
        notes.no_place("rubric", f"{item.text}: {item.points:g}")
    if question.state not in ("ready", "draft"):
        notes.no_place("state", question.state)


def tags(question: QuestionContent) -> list[str]:
    """Return a question's tags, its difficulty as one more."""
    return [*question.tags, *([f"difficulty-{question.difficulty}"] if question.difficulty else [])]


def title(question: QuestionContent) -> str:
    """Return what people see in lists of questions: how it begins."""
    first = next((line for line in question.prompt.split("\n") if line.strip()), question.slug)
    plain = " ".join(markdown.plain(first).split())
    return (plain[: MAX_TITLE - 1] + "…" if len(plain) > MAX_TITLE else plain) or question.slug


def plain(text: str, notes: Notes) -> str:
    """Return a line of Markdown as its words alone; what that takes away is told."""
    if "$`" in text or "![" in text:
        notes.changed("text", text, markdown.plain(text))
    return " ".join(markdown.plain(text).split())


def files_shown(question: QuestionContent, files: Mapping[str, bytes]) -> list[str]:
    """Return the paths of the course's files that a question shows."""
    texts = texts_in(question)
    return [path for path in files if any(path in text for text in texts)]


def decimal(part: Fraction) -> str:
    """Write a share of per cent as other programs do: 33.33333."""
    return f"{float(part):.7g}"


def wildcards(spec: dict[str, Any], notes: Notes) -> list[str]:
    """Return the answers of a short text, `*` for anything; patterns that say more than that are told."""
    answers = [answer.replace("*", "\\*") for answer in spec["accept"]]
    for pattern in spec.get("patterns", []):
        wild = _wild(pattern)
        if wild is None:
            notes.no_place("pattern", pattern)
        else:
            answers.append(wild)
    if spec.get("exact"):
        notes.no_place("exact", "exact")
    return list(dict.fromkeys(answers))


def _wild(pattern: str) -> str | None:
    """Return a pattern of texts and `.*` with stars; None for any other."""
    parts = []
    for part in pattern.split(".*"):
        if _LITERAL.sub("", part):
            return None
        parts.append(_LITERAL.sub(lambda found: found[1] or found[2], part).replace("*", "\\*"))
    return "*".join(parts)


def number(spec: dict[str, Any], notes: Notes, *, has_unit: bool) -> tuple[str, str]:
    """Return a number and how far an answer may be off, as plain decimals."""
    answer = Decimal(spec["answer"])
    off = Decimal(spec.get("tolerance", "0"))
    if "tolerance_percent" in spec:
        off = abs(answer) * Decimal(spec["tolerance_percent"]) / 100
    if "figures" in spec:
        notes.no_place("figures", spec["figures"])
    if spec.get("unit") and not has_unit:
        notes.no_place("unit", spec["unit"])
    return say(answer), say(off)


def unknown(question: QuestionContent) -> NotCarried:
    """Say that a format has no such kind of question."""
    return NotCarried("question", Reason(Code.MOVE_KIND_UNKNOWN, kind=question.kind))
