"""Questions -> GIFT, texts as Markdown, which Moodle reads by its prefix."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from reasons import Code, Reason
from services.archive.content import QuestionContent
from services.formats import carrying
from services.formats.base import NotCarried, Notes, Written
from services.formats.gift.grammar import escaped

FORM = "[markdown]"


def write(questions: Sequence[QuestionContent], files: Mapping[str, bytes]) -> Written:
    """Write each question that GIFT has a form for; the rest is told."""
    return carrying.written(questions, lambda question, notes: _question(question, notes, files), _joined)


def _joined(parts: list[str]) -> bytes:
    return "\n".join(parts).encode()


def _question(question: QuestionContent, notes: Notes, files: Mapping[str, bytes]) -> str:
    make = _KINDS.get(question.kind)
    if make is None:
        raise NotCarried("question", Reason(Code.MOVE_KIND_UNKNOWN, kind=question.kind))
    carrying.note_common(question, notes, has=())
    for path in carrying.files_shown(question, files):
        notes.no_place("picture", path)
    head, tail = make(question, notes)
    if question.feedback:
        tail = f"{tail}####{FORM}{escaped(question.feedback)}"
    names = [f"[id:{question.slug}]", *(f"[tag:{tag}]" for tag in carrying.tags(question))]
    before, gap, after = head if isinstance(head, tuple) else (head, None, "")
    # A blank that begins a paragraph stays in it.
    joint = "\\n\\n" if gap is not None and before.endswith("\n\n") else " "
    text = f"{FORM}{escaped(before)}{joint}{{{tail}}}{gap or ''}{escaped(after)}"
    return f"// {' '.join(names)}\n::{escaped(carrying.title(question))}::{text}\n"


def _single(question: QuestionContent, notes: Notes) -> tuple[str, str]:
    return question.prompt, "".join(
        f"\n\t{'=' if choice['is_correct'] else '~'}{_choice(choice)}" for choice in question.spec["choices"]
    ) + "\n"


def _multiple(question: QuestionContent, notes: Notes) -> tuple[str, str]:
    choices = question.spec["choices"]
    if question.spec.get("scoring") == "all":
        notes.changed("scoring", "all", "partial")
    each = Fraction(100, sum(choice["is_correct"] for choice in choices))
    return question.prompt, "".join(
        f"\n\t~%{'' if choice['is_correct'] else '-'}{carrying.decimal(each)}%{_choice(choice)}" for choice in choices
    ) + "\n"


def _choice(choice: dict[str, Any]) -> str:
    feedback = f"#{FORM}{escaped(choice['feedback'])}" if choice.get("feedback") else ""
    return f"{FORM}{escaped(choice['text'])}{feedback}"


def _truth(question: QuestionContent, notes: Notes) -> tuple[str, str]:
    is_true = question.spec["is_true"]
    wrong = question.spec.get("feedback_false" if is_true else "feedback_true", "")
    right = question.spec.get("feedback_true" if is_true else "feedback_false", "")
    said = "".join(f"#{FORM}{escaped(text)}" if text else "#" for text in (wrong, right)).rstrip("#")
    return question.prompt, f"{'TRUE' if is_true else 'FALSE'}{said}"


def _text(question: QuestionContent, notes: Notes) -> tuple[str, str]:
    if question.spec.get("is_case_sensitive"):
        notes.no_place("case", "is_case_sensitive")
    answers = carrying.wildcards(question.spec, notes)
    return question.prompt, "".join(f"={_answer(answer)} " for answer in answers)


def _answer(text: str) -> str:
    """Return an answer that is typed; one that begins as a weight does has one before it."""
    return f"%100%{escaped(text)}" if text.startswith("%") else escaped(text)


def _number(question: QuestionContent, notes: Notes) -> tuple[str, str]:
    answer, tolerance = carrying.number(question.spec, notes, has_unit=False)
    return question.prompt, f"#{answer}:{tolerance}"


def _matching(question: QuestionContent, notes: Notes) -> tuple[str, str]:
    pairs = [(pair["left"], pair["right"]) for pair in question.spec["pairs"]]
    pairs += [("", text) for text in question.spec.get("extra", [])]
    for left, _right in pairs:
        if "->" in left:
            notes.changed("text", left, left.replace("->", "→"))
    # Right sides have no format of their own in GIFT.
    words = [(left.replace("->", "→"), escaped(carrying.plain(right, notes))) for left, right in pairs]
    lines = [f"\n\t={_side(left)} -> {right}" for left, right in words]
    return question.prompt, "".join(lines) + "\n"


def _side(text: str) -> str:
    return f"{FORM}{escaped(text)}" if text else ""


def _essay(question: QuestionContent, notes: Notes) -> tuple[str, str]:
    for name, what in (("min_words", "words"), ("max_words", "words"), ("model_answer", "answer")):
        if name in question.spec:
            notes.no_place(what, f"{name}: {question.spec[name]}")
    return question.prompt, ""


def _blanks(question: QuestionContent, notes: Notes) -> tuple[Any, str]:
    """Write one blank as a missing word."""
    blanks = question.spec["blanks"]
    if len(blanks) != 1:
        raise NotCarried("blanks", Reason(Code.MOVE_NO_PLACE, value=str(len(blanks))))
    [(name, accept)] = blanks.items()
    before, _mark, after = question.spec["text"].partition(f"{{{name}}}")
    if not after.strip():
        raise NotCarried("blanks", Reason(Code.MOVE_NO_PLACE, value=f"{{{name}}}"))
    if question.spec.get("is_case_sensitive"):
        notes.no_place("case", "is_case_sensitive")
    starred = [answer.replace("*", "\\*") for answer in accept]
    answers = "".join(f"={_answer(answer)} " for answer in starred)
    return (f"{question.prompt}\n\n{before}", " " if after[:1].isspace() else "", after), answers


_KINDS: dict[str, Any] = {
    "single": _single,
    "multiple": _multiple,
    "truefalse": _truth,
    "text": _text,
    "numeric": _number,
    "matching": _matching,
    "essay": _essay,
    "blanks": _blanks,
}
