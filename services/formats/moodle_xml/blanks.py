"""Moodle's embedded answers (`{1:SHORTANSWER:=less~=more}`) and words to choose (`[[1]]`) -> blanks."""

import re
from fractions import Fraction
from typing import Any

from reasons import Code, Reason
from services.formats import building, hypertext, texts, xml
from services.formats.base import MAX_ANSWERS, Item, NotCarried
from services.formats.building import Option
from services.formats.gaps import GAP, parted
from services.formats.moodle_xml import node
from services.formats.moodle_xml.node import Node

_EMBEDDED = re.compile(r"\{(\d*(?:\.\d+)?):([A-Z_]+):((?:\\.|[^\\}]){0,1000})\}", re.DOTALL)
_CHOSEN = re.compile(r"\[\[(\d{1,2})(?:[^\]]*)\]\]")
# What stands for a blank while HTML becomes Markdown: no mark-up, and no character of a text.
_MARK = "\ue000{}\ue001"
_MARKED = re.compile("\ue000(\\d+)\ue001")
TEXTS = {"SHORTANSWER": False, "SA": False, "MW": False, "SHORTANSWER_C": True, "SAC": True, "MWC": True}
NUMBERS = ("NUMERICAL", "NM")
CHOICES = re.compile(r"(MULTICHOICE|MC)(_?[VH])?(_?S)?(_[VH]S?)?")


def cloze(question: Node, item: Item) -> None:
    """Read a text with embedded answers: blanks; a single choice or number among them alone is that type."""
    [part] = question.all("questiontext")[:1] or [None]
    if part is None:
        raise NotCarried("text", Reason(Code.MOVE_TEXT_MISSING))
    raw = node.raw(part)
    if len(raw) > hypertext.MAX_HTML:
        raise NotCarried("text", Reason(Code.MOVE_TOO_LONG, most=hypertext.MAX_HTML))
    is_html = node.form_of(part) in (texts.HTML, texts.AUTOMATIC)
    found = [(each[1], each[2].upper(), _answers(each[3], is_html=is_html)) for each in _EMBEDDED.finditer(raw)]
    if not found:
        raise NotCarried("blanks", Reason(Code.MOVE_ANSWER_MISSING))
    numbers = iter(range(len(found)))
    marked = _EMBEDDED.sub(lambda _each: _MARK.format(next(numbers)), raw)
    made = texts.block(marked, node.form_of(part), question.place(part))
    _weigh(question, item, [weight for weight, _kind, _options in found])
    if len(found) == 1 and found[0][1] not in TEXTS:
        _alone(question, item, made, found[0][1], found[0][2])
        return
    _settle(question, item, made, [_accepted(question, kind, options) for _weight, kind, options in found])
    if all(TEXTS.get(kind, False) for _weight, kind, _options in found):
        item.fields["is_case_sensitive"] = True
    elif any(TEXTS.get(kind) for _weight, kind, _options in found):
        question.notes.no_place("case", "SHORTANSWER_C")


def _weigh(question: Node, item: Item, weights: list[str]) -> None:
    read = [building.number(weight or "1") or 1 for weight in weights]
    if len(set(read)) > 1:
        question.notes.changed("credit", ":".join(weight or "1" for weight in weights), "1" + ":1" * (len(weights) - 1))
    if xml.first(question.element, "defaultgrade") is None:
        item.points = float(sum(read))


def _answers(body: str, *, is_html: bool) -> list[Option]:
    """Read `=right#feedback~%50%half~wrong`; a backslash takes away what the character behind it means."""
    options = []
    for part in re.split(r"(?<!\\)~", body)[:MAX_ANSWERS]:
        said = part.strip()
        credit = Fraction(0)
        weight = re.match(r"%(-?[\d.,]+)%", said)
        if weight:
            credit, said = building.share(weight[1]), said[weight.end() :]
        elif said.startswith("="):
            credit, said = Fraction(1), said[1:]
        pieces = re.split(r"(?<!\\)#", said, maxsplit=1)
        words = [re.sub(r"\\([}#~/\"\\=:%{])", r"\1", piece) for piece in (*pieces, "")[:2]]
        text, feedback = [hypertext.plain(each) if is_html else " ".join(each.split()) for each in words]
        options.append(Option(text, credit, feedback))
    return options


def _alone(question: Node, item: Item, text: str, kind: str, options: list[Option]) -> None:
    """Make the type of the one answer that is embedded, with a gap in the text."""
    item.prompt = _MARKED.sub(GAP, text)
    notes = question.notes
    if kind in NUMBERS:
        best = max(options, key=lambda option: option.credit)
        answer, _colon, tolerance = best.text.partition(":")
        for option in options:
            if option.feedback:
                notes.no_place("feedback", f"{option.text}: {option.feedback}")
            if option is not best and option.text != "*":
                notes.changed("credit", f"{option.text}: {building.percent(option.credit)}", "0 %")
        item.kind, item.fields = "numeric", building.numeric(answer, tolerance)
    elif CHOICES.fullmatch(kind):
        escaped = [Option(_line(each.text), each.credit, _line(each.feedback)) for each in options]
        item.kind, item.fields = building.single(escaped, notes)
    elif kind.startswith(("MULTIRESPONSE", "MR")):
        escaped = [Option(_line(each.text), each.credit, _line(each.feedback)) for each in options]
        item.kind, item.fields = building.multiple(escaped, notes)
    else:
        raise NotCarried("blanks", Reason(Code.MOVE_KIND_UNKNOWN, kind=kind))


def _line(text: str) -> str:
    return hypertext.escape(text, is_at_start=True)


def _accepted(question: Node, kind: str, options: list[Option]) -> list[str]:
    """Return the answers that fill a blank."""
    notes = question.notes
    if kind not in TEXTS and kind not in NUMBERS and not CHOICES.fullmatch(kind):
        raise NotCarried("blanks", Reason(Code.MOVE_KIND_UNKNOWN, kind=kind))
    accepted = []
    for option in options:
        if option.feedback:
            notes.no_place("feedback", f"{option.text}: {option.feedback}")
        text = option.text
        if kind in NUMBERS:
            text, _colon, tolerance = text.partition(":")
            if tolerance.strip("0. "):
                notes.no_place("tolerance", option.text)
        if option.credit == 1 and kind in TEXTS and re.search(r"(?<!\\)\*", text):
            notes.no_place("pattern", text)
        elif option.credit == 1 and text:
            accepted.append(text.replace("\\*", "*"))
        elif option.credit > 0:
            notes.changed("credit", f"{text}: {building.percent(option.credit)}", "0 %")
        elif text and text != "*":
            notes.no_place("choices" if CHOICES.fullmatch(kind) else "answers", text)
    if not accepted:
        raise NotCarried("answer", Reason(Code.MOVE_ANSWER_MISSING))
    return list(dict.fromkeys(accepted))


def chosen(question: Node, item: Item) -> None:
    """Read a text with words to choose for its gaps: those that are right are accepted, the others are told."""
    [part] = question.all("questiontext")[:1] or [None]
    words = [
        hypertext.plain(node.raw(option))
        for option in [*question.all("selectoption"), *question.all("dragbox"), *question.all("answer")]
    ]
    raw = node.raw(part) if part is not None else ""
    wanted = [int(each[1]) for each in _CHOSEN.finditer(raw)]
    if not wanted or any(not 0 < number <= len(words) for number in wanted):
        raise NotCarried("blanks", Reason(Code.MOVE_ANSWER_MISSING))
    numbers = iter(range(len(wanted)))
    marked = _CHOSEN.sub(lambda _each: _MARK.format(next(numbers)), raw)
    made = texts.block(marked, node.form_of(part), question.place(part))
    for number, word in enumerate(words, start=1):
        if number not in wanted and word:
            question.notes.no_place("choices", word)
    _settle(question, item, made, [[words[number - 1]] for number in wanted])


def _settle(question: Node, item: Item, text: str, accepted: list[list[str]]) -> None:
    """Part what stands before the first blank, as the question's text, from the text with blanks."""
    before, text = parted(text, _MARKED)
    names = {str(number): words for number, words in enumerate(accepted, start=1)}
    item.kind = "blanks"
    item.prompt = before or hypertext.escape(item.name, is_at_start=True)
    item.fields = {"text": _MARKED.sub(lambda each: f"{{{int(each[1]) + 1}}}", text), "blanks": names}


def embedded(accepted: list[str], *, is_case_sensitive: bool) -> str:
    """Write a blank as Moodle embeds it."""
    kind = "SHORTANSWER_C" if is_case_sensitive else "SHORTANSWER"
    return f"{{1:{kind}:{'~'.join(f'={_escaped(answer)}' for answer in accepted)}}}"


def _escaped(answer: str) -> str:
    starred: Any = answer.replace("\\", "\\\\").replace("*", "\\\\*")
    return re.sub(r"([}#~/\"])", r"\\\1", starred)
