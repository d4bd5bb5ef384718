"""Fill in the blanks: a text with gaps, each with its accepted answers."""

import re
from fractions import Fraction
from functools import lru_cache
from html.parser import HTMLParser
from random import Random
from typing import Any

from question_types import raw, typed, writing
from question_types.base import NOTHING, Frozen, QuestionType, Spec
from reasons import N_
from services import markdown
from services.errors import InvalidInput

MAX_BLANKS = 20
MAX_ACCEPTED = 50
MAX_LENGTH = 200
MAX_TEXT = 20_000
# How wide a blank is shown, in characters: it tells a little of the answer, and not its length.
NARROW, WIDE = 8, 24
_NAME = re.compile(r"[a-z][a-z0-9_]{0,19}|[1-9][0-9]?")
# What stands for a blank while Markdown is rendered: one word, also for those who colour code.
_MARK = "yurtblank"
_MARKED = re.compile(rf"{_MARK}(\d+)x")


def parse(written: dict[str, Any]) -> Spec:
    """Read text (Markdown, with {name} for each blank), blanks (accepted answers by name) and is_case_sensitive."""
    raw.only(written, "text", "blanks", "is_case_sensitive")
    text, blanks = raw.text(written, "text"), written.get("blanks")
    if len(text) > MAX_TEXT or _MARK in text:
        raise InvalidInput("text", f"must be at most {MAX_TEXT} characters, without the word {_MARK}")
    if not isinstance(blanks, dict) or not 1 <= len(blanks) <= MAX_BLANKS:
        raise InvalidInput("blanks", f"must have 1 to {MAX_BLANKS} blanks, each with its accepted answers")
    accepted = {str(name): _accepted(text, str(name), {str(name): value}) for name, value in blanks.items()}
    if len(accepted) != len(blanks):
        raise InvalidInput("blanks", "has a name twice")
    in_order = sorted(accepted, key=lambda name: text.index(f"{{{name}}}"))
    spec: Spec = {"text": text, "blanks": {name: accepted[name] for name in in_order}}
    if len(_seen(_rendered(text, tuple(in_order)))) != len(in_order):
        raise InvalidInput("text", "has a blank where it can't be filled in, such as the address of a link")
    return {**spec, "is_case_sensitive": True} if raw.flag(written, "is_case_sensitive") else spec


def _accepted(text: str, name: str, blank: dict[str, Any]) -> list[str]:
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"blanks.{name}", "must be named by a number, or by a-z, 0-9 and _")
    if text.count(f"{{{name}}}") != 1:
        raise InvalidInput(f"blanks.{name}", f"must stand in the text once, as {{{name}}}")
    return raw.texts(blank, name, 1, MAX_ACCEPTED, inside="blanks.")


@lru_cache(maxsize=512)
def _rendered(text: str, names: tuple[str, ...]) -> str:
    for number, name in enumerate(names):
        text = text.replace(f"{{{name}}}", f"{_MARK}{number}x")
    return markdown.render(text)


def _seen(html: str) -> list[str]:
    """Return the marks of blanks that stand in what people read, and not inside of a tag."""

    class Reader(HTMLParser):
        marks: list[str] = []

        def handle_data(self, data: str) -> None:
            self.marks = self.marks + _MARKED.findall(data)

    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader.marks


def in_text_order(spec: Spec) -> list[str]:
    """Return the names of the blanks as they stand in the text: the database has an order of its own."""
    return sorted(spec["blanks"], key=lambda name: spec["text"].index(f"{{{name}}}"))


def freeze(spec: Spec, rng: Random, is_shuffled: bool) -> Frozen:
    """Show the text and which blanks it has."""
    longest = max(len(answer) for accepted in spec["blanks"].values() for answer in accepted)
    return {"text": spec["text"], "blanks": in_text_order(spec), "width": min(max(longest + 2, NARROW), WIDE)}


def show(spec: Spec, frozen: Frozen) -> dict[str, Any]:
    """Return the text in pieces: HTML, a blank's name, HTML ..."""
    names = tuple(frozen["blanks"])
    parts = _MARKED.split(_rendered(frozen["text"], names))
    return {"pieces": [(part, None) if at % 2 == 0 else ("", names[int(part)]) for at, part in enumerate(parts)]}


def clean(spec: Spec, response: Any) -> dict[str, str] | None:
    """Accept an object from names of blanks to texts; blank ones are left out."""
    names = in_text_order(spec)
    parts = typed.parts(response, names) or {}
    texts = {name: typed.text(parts[name], MAX_LENGTH) for name in names if name in parts}
    return {name: text for name, text in texts.items() if text is not None} or None


def is_right(spec: Spec, name: str, answer: str | None) -> bool:
    """Say whether an answer fills a blank."""
    if answer is None:
        return False
    given = _readings(spec, answer)
    return any(given & _readings(spec, accepted) for accepted in spec["blanks"][name])


def _readings(spec: Spec, text: str) -> set[str]:
    readings = writing.readings(text, is_exact=False)
    return readings if spec.get("is_case_sensitive") else {reading.casefold() for reading in readings}


def grade(spec: Spec, response: Any, frozen: Frozen) -> Fraction:
    """Give its share for each blank that is filled right."""
    given = response or {}
    right = sum(is_right(spec, name, given.get(name)) for name in spec["blanks"])
    return Fraction(right, len(spec["blanks"])) if right else NOTHING


def explain(spec: Spec, response: Any, frozen: Frozen) -> dict[str, Any]:
    """Name an answer for each blank; `filled_right` are those that were filled right."""
    names, given = in_text_order(spec), response or {}
    return {
        "solution": "; ".join(spec["blanks"][name][0] for name in names),
        "answers": {name: spec["blanks"][name][0] for name in names},
        "filled_right": [name for name in names if is_right(spec, name, given.get(name))],
        "notes": {},
    }


def in_words(spec: Spec, response: Any) -> str:
    """Say what was filled in, in the order of the text."""
    given = response or {}
    return "; ".join(given.get(name, "…") for name in in_text_order(spec)) if given else ""


def buckets(spec: Spec, response: Any) -> list[str]:
    """Count what was filled into each blank."""
    return [f"{name}: {min(_readings(spec, text))}" for name, text in (response or {}).items()]


TYPE = QuestionType(
    title=N_("Fill in the blanks"),
    parse=parse,
    clean=clean,
    grade=grade,
    explain=explain,
    fields=("text", "blanks", "is_case_sensitive"),
    freeze=freeze,
    show=show,
    in_words=in_words,
    buckets=buckets,
)
