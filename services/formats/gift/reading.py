"""GIFT -> questions."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from reasons import Code, Reason
from services.formats import building, hypertext, texts
from services.formats.base import Item, NotCarried, Notes, Reading
from services.formats.building import Option
from services.formats.decoding import text_of
from services.formats.gaps import GAP, parted
from services.formats.gift import grammar
from services.formats.gift.grammar import Answer, Block
from services.formats.tags import of_category

_TITLE = re.compile(r"\s*::((?:\\.|[^\\])*?)::", re.DOTALL)
MAX_TITLE = 2_000
_TRUTH = {"T": True, "TRUE": True, "F": False, "FALSE": False}
_GAP = "{1}"


def read(data: bytes, reading: Reading) -> None:
    """Read question after question; one that can't be read hides no other."""
    for block in grammar.blocks(text_of(data)):
        title = _TITLE.match(block.text[:MAX_TITLE])
        with reading.question(grammar.plain(title[1]) if title else _begin(block.text)) as notes:
            rest = block.text[title.end() :] if title else block.text
            reading.add(notes, _question(block, grammar.plain(title[1]) if title else "", rest, notes, reading))


def _begin(text: str) -> str:
    """Return how a question begins, for one without a name."""
    end = grammar.find(text[:MAX_TITLE], "{")
    return grammar.read_text(text[: end if end > 0 else MAX_TITLE]).text[:60]


@dataclass
class _Part:
    """What stands between the braces of a question, and how its texts are read."""

    inside: str
    form: str
    notes: Notes
    place: texts.Place

    def line(self, text: str) -> str:
        said = grammar.read_text(text, self.form)
        return texts.line(said.text, said.form or texts.AUTOMATIC, self.place)

    def block(self, text: str) -> str:
        said = grammar.read_text(text, self.form)
        return texts.block(said.text, said.form or texts.AUTOMATIC, self.place)


def _question(block: Block, title: str, text: str, notes: Notes, reading: Reading) -> Item:
    if len(text) > hypertext.MAX_HTML:
        raise NotCarried("text", Reason(Code.MOVE_TOO_LONG, most=hypertext.MAX_HTML))
    begin = grammar.find(text, "{")
    end = grammar.find(text, "}", begin + 1) if begin >= 0 else -1
    if begin < 0:
        raise NotCarried("question", Reason(Code.MOVE_KIND_UNKNOWN, kind="description"))
    if end < 0:
        raise NotCarried("answers", Reason(Code.MOVE_UNREADABLE, said="{"))
    before, inside, after = text[:begin], text[begin + 1 : end].strip(), text[end + 1 :].strip()
    # A tool that writes such files puts a quote there; nothing of the question stands in it.
    after = "" if re.fullmatch(r'["\';.]{1,3}', after) and after != "." else after
    said = grammar.read_text(before)
    part = _Part(inside, said.form, notes, texts.Place(reading, notes, {}))
    at = _general(inside)
    feedback = part.block(inside[at + 4 :]) if at >= 0 else ""
    part.inside = inside[:at].strip() if at >= 0 else inside
    kind, fields = _answers(part, has_gap=bool(after))
    prompt = texts.block(said.text, said.form or texts.AUTOMATIC, part.place)
    if after:
        rest = part.block(after)
        if kind == "text" and "patterns" not in fields:
            joint = "" if rest[:1] in (*".,;:!?)",) else " "
            gap_begins = "\n\n" if before.rstrip().endswith("\\n\\n") else " "
            above, text = parted(f"{prompt}{gap_begins}{_GAP}{joint}{rest}".strip(), re.compile(re.escape(_GAP)))
            prompt = above or hypertext.escape(title, is_at_start=True) or text.replace(_GAP, "…")
            kind, fields = "blanks", {"text": text, "blanks": {"1": fields["accept"]}}
        else:
            prompt = f"{prompt} {GAP} {rest}".strip()
    return Item(
        name=title or said.text[:60],
        kind=kind,
        fields=fields,
        prompt=prompt,
        feedback=feedback,
        tags=[*of_category(block.category), *block.tags],
        slug=block.slug,
    )


def _general(inside: str) -> int:
    """Return where feedback for everybody begins: behind four hashes; -1 where there is none."""
    return grammar.find(inside, "####")


def _answers(part: _Part, *, has_gap: bool) -> tuple[str, dict[str, Any]]:
    inside = part.inside
    if not inside:
        return "essay", {}
    if inside.startswith("#"):
        return _number(part, inside[1:].strip())
    if inside.startswith(">"):
        raise NotCarried("question", Reason(Code.MOVE_KIND_UNKNOWN, kind="ordering"))
    truth = grammar.split(inside, "#")
    if truth[0][1].strip().upper() in _TRUTH:
        return _truth(part, truth)
    try:
        found = grammar.answers(inside)
    except ValueError as error:
        raise NotCarried("answers", Reason(Code.MOVE_UNREADABLE, said=str(error)[:200])) from error
    if all(answer.sign == "=" and grammar.find(answer.text, "->") >= 0 for answer in found):
        return _matching(part, found)
    if any(answer.sign == "~" for answer in found):
        return _choice(part, found)
    options = [
        Option(grammar.read_text(answer.text).text, _credit(answer, part.notes), part.line(answer.feedback))
        for answer in found
    ]
    return building.text(options, part.notes)


def _credit(answer: Answer, notes: Notes) -> Fraction:
    if answer.weight is not None:
        return building.share(answer.weight, notes)
    return Fraction(1 if answer.sign == "=" else 0)


def _choice(part: _Part, found: list[Answer]) -> tuple[str, dict[str, Any]]:
    options = [
        Option(part.line(answer.text), _credit(answer, part.notes), part.line(answer.feedback)) for answer in found
    ]
    # Several may be chosen where no choice is right by its sign.
    if any(answer.sign == "=" for answer in found):
        return building.single(options, part.notes)
    return building.multiple(options, part.notes)


def _truth(part: _Part, pieces: list[tuple[str, str]]) -> tuple[str, dict[str, Any]]:
    is_true = _TRUTH[pieces[0][1].strip().upper()]
    fields: dict[str, Any] = {"is_true": is_true}
    # The first feedback is for those who were wrong, the second for those who were right.
    for (_mark, text), was_right in zip(pieces[1:3], (False, True), strict=False):
        chosen = is_true if was_right else not is_true
        if text.strip():
            fields[f"feedback_{'true' if chosen else 'false'}"] = part.line(text)
    return "truefalse", fields


def _matching(part: _Part, found: list[Answer]) -> tuple[str, dict[str, Any]]:
    pairs, extra = [], []
    for answer in found:
        at = grammar.find(answer.text, "->")
        said = grammar.read_text(answer.text[at + 2 :])
        left = part.line(answer.text[:at])
        right = texts.line(said.text, said.form or texts.PLAIN, part.place)
        if answer.feedback:
            part.notes.no_place("feedback", answer.feedback)
        if left:
            pairs.append({"left": left, "right": right})
        elif right:
            extra.append(right)
    rights = {pair["right"] for pair in pairs}
    extra = [text for text in dict.fromkeys(extra) if text not in rights]
    return "matching", {"pairs": pairs, **({"extra": extra} if extra else {})}


def _number(part: _Part, inside: str) -> tuple[str, dict[str, Any]]:
    if not inside.startswith(("=", "~")):
        at = grammar.find(inside, "#")
        text, feedback = (inside, "") if at < 0 else (inside[:at], inside[at + 1 :])
        found = [Answer("=", None, text.strip().rstrip("~"), feedback)]
    else:
        found = grammar.answers(inside)
    right = [answer for answer in found if answer.text and answer.text != "*" and _credit(answer, part.notes) > 0]
    if not right:
        raise NotCarried("answer", Reason(Code.MOVE_ANSWER_MISSING))
    best = max(right, key=lambda answer: _credit(answer, part.notes))
    for answer in found:
        if answer.feedback.strip():
            part.notes.no_place("feedback", f"{answer.text}: {part.line(answer.feedback)}")
        if answer is not best and answer.text not in ("", "*") and _credit(answer, part.notes) > 0:
            part.notes.changed("credit", f"{answer.text}: {building.percent(_credit(answer, part.notes))}", "0 %")
    low, dots, high = best.text.partition("..")
    if dots:
        return "numeric", building.within(low, high)
    number, _colon, tolerance = best.text.partition(":")
    return "numeric", building.numeric(number, tolerance)
