"""What readers share in making a question of a type: choices by their credit, texts with wildcards, numbers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from question_types import numbers
from reasons import Code, Reason
from services.formats.base import NotCarried, Notes

# Other programs round thirds: 33.333 is one.
_NEAR = Fraction(1, 1000)


@dataclass(frozen=True)
class Option:
    """An answer with what it earns, as a share of all marks; texts are what the type's field takes."""

    text: str
    credit: Fraction
    feedback: str = ""


def share(percent: object, notes: Notes | None = None) -> Fraction:
    """Return a number of per cent as a share; what is no number is none."""
    try:
        read = Decimal(str(percent).strip().rstrip("%").replace(",", "."))
        return Fraction(read) / 100 if read.is_finite() and abs(read.adjusted()) < 9 else Fraction(0)
    except InvalidOperation:
        if notes is not None and str(percent).strip():
            notes.no_place("credit", percent)
        return Fraction(0)


def is_near(one: Fraction, other: Fraction) -> bool:
    """Whether two shares are the same but for rounding."""
    return abs(one - other) <= _NEAR


def single(options: Sequence[Option], notes: Notes) -> tuple[str, dict[str, Any]]:
    """Return a choice of exactly one: the one that earns most is right, and what others would earn is noted."""
    options = merged(options, notes)
    if not options or max(option.credit for option in options) <= 0:
        raise NotCarried("answer", Reason(Code.MOVE_ANSWER_MISSING))
    best = max(options, key=lambda option: option.credit)
    for option in options:
        if option is best:
            if not is_near(option.credit, Fraction(1)):
                notes.changed("credit", f"{option.text}: {percent(option.credit)}", "100 %")
        elif is_near(option.credit, best.credit):
            # Two that are right: a choice of several would ask for both.
            notes.changed("credit", f"{option.text}: {percent(option.credit)}", "0 %")
        elif option.credit != 0:
            notes.changed("credit", f"{option.text}: {percent(option.credit)}", "0 %")
    return "single", {"choices": [_choice(option, is_correct=option is best) for option in options]}


def multiple(options: Sequence[Option], notes: Notes, *, is_all_or_nothing: bool = False) -> tuple[str, dict[str, Any]]:
    """Return a choice of several: those that earn something are right.

    Here each right mark earns its share and each wrong one costs as much; what was worth something else is noted.
    """
    options = merged(options, notes)
    right = [option for option in options if option.credit > 0]
    if not right:
        raise NotCarried("answer", Reason(Code.MOVE_ANSWER_MISSING))
    fields: dict[str, Any] = {"choices": [_choice(option, is_correct=option.credit > 0) for option in options]}
    if is_all_or_nothing:
        return "multiple", {**fields, "scoring": "all"}
    each = Fraction(1, len(right))
    for option in options:
        here = each if option.credit > 0 else -each
        if not is_near(option.credit, here):
            notes.changed("credit", f"{option.text}: {percent(option.credit)}", percent(here))
    return "multiple", fields


def merged(options: Sequence[Option], notes: Notes) -> list[Option]:
    """Return the options that say something."""
    kept = [option for option in options if option.text.strip()]
    if len(kept) < len(options):
        notes.no_place("choices", '""')
    return kept


def _choice(option: Option, *, is_correct: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"text": option.text, "is_correct": is_correct}
    return {**made, "feedback": option.feedback} if option.feedback.strip() else made


def percent(part: Fraction) -> str:
    """Say a share in per cent."""
    return f"{float(part * 100):.7g} %"


def text(options: Sequence[Option], notes: Notes, *, is_case_sensitive: bool = False) -> tuple[str, dict[str, Any]]:
    """Return a short text. `*` stands for anything, `\\*` for a star; what earns a part of the marks is noted."""
    accept, patterns = [], []
    best = max((option.credit for option in options if option.text.strip()), default=Fraction(0))
    if best <= 0:
        raise NotCarried("answer", Reason(Code.MOVE_ANSWER_MISSING))
    for option in options:
        if option.feedback.strip():
            notes.no_place("feedback", f"{option.text}: {option.feedback}")
        if not option.text.strip():
            continue
        if option.credit < best:
            if option.credit != 0:
                notes.changed("credit", f"{option.text}: {percent(option.credit)}", "0 %")
            elif not option.feedback.strip() and option.text.strip() != "*":
                notes.no_place("answers", option.text)
            continue
        if not is_near(option.credit, Fraction(1)):
            notes.changed("credit", f"{option.text}: {percent(option.credit)}", "100 %")
        wild = re.split(r"(?<!\\)\*", option.text.strip())
        plain = [part.replace("\\*", "*") for part in wild]
        if len(wild) == 1:
            accept.append(plain[0])
        else:
            patterns.append(".*".join(_pattern(part) for part in plain))
            accept.append(" ".join(" ".join(plain).split()) or "…")
    fields: dict[str, Any] = {"accept": list(dict.fromkeys(accept))}
    if patterns:
        fields["patterns"] = list(dict.fromkeys(patterns))
    return "text", {**fields, "is_case_sensitive": True} if is_case_sensitive else fields


def _pattern(part: str) -> str:
    return re.sub(r"([.^$*+?{}\[\]\\|()#&~-])", r"\\\1", part)


def number(written: str) -> Decimal | None:
    """Return a number as other programs write it: a point or a comma before the decimals."""
    plain = written.strip().replace(" ", "")
    if plain.count(",") == 1 and "." not in plain:
        plain = plain.replace(",", ".")
    try:
        read = Decimal(plain)
    except InvalidOperation:
        return None
    return read if read.is_finite() and abs(read.adjusted()) <= numbers.MAX_EXPONENT else None


def numeric(answer: str, tolerance: str, what: str = "answer") -> dict[str, str]:
    """Return the fields of a number within a tolerance; raise NotCarried for what is no number."""
    read, off = number(answer), number(tolerance or "0")
    if read is None or off is None:
        raise NotCarried(what, Reason(Code.MOVE_UNREADABLE, said=f"{answer}:{tolerance}"[:200]))
    return {"answer": say(read), **({"tolerance": say(abs(off))} if off else {})}


def within(low: str, high: str) -> dict[str, str]:
    """Return the fields of a number between two others."""
    least, most = number(low), number(high)
    if least is None or most is None:
        raise NotCarried("answer", Reason(Code.MOVE_UNREADABLE, said=f"{low}..{high}"[:200]))
    return numeric(str((least + most) / 2), str(abs(most - least) / 2))


def say(read: Decimal) -> str:
    """Write a number so that a type reads it as it is."""
    return numbers.say(read)
