"""The kinds of question in Moodle XML, but for those with blanks and those that compute: what each one's parts say."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from question_types import units
from question_types.upload.kinds import KINDS as UPLOADED
from reasons import Code, Reason
from services.formats import building, texts, xml
from services.formats.base import Item, NotCarried, Notes
from services.formats.building import Option
from services.formats.moodle_xml import blanks, computed, node
from services.formats.moodle_xml.node import Node

ReadKind = Callable[[Node, Item], None]


def _credit(answer: Any, notes: Notes) -> Fraction:
    return building.share(answer.get("fraction") or "0", notes)


def _options(question: Node) -> list[Option]:
    return [
        Option(
            question.line_of(answer), _credit(answer, question.notes), question.line_of(xml.first(answer, "feedback"))
        )
        for answer in question.all("answer")
    ]


def _multichoice(question: Node, item: Item) -> None:
    is_single = question.said("single", "true").lower() in ("true", "1")
    options = _options(question)
    if is_single:
        item.kind, item.fields = building.single(options, question.notes)
        return
    is_all = "scoring-all" in item.tags
    item.tags = [tag for tag in item.tags if tag != "scoring-all"]
    item.kind, item.fields = building.multiple(options, question.notes, is_all_or_nothing=is_all)


def _all_or_nothing(question: Node, item: Item) -> None:
    item.kind, item.fields = building.multiple(_options(question), question.notes, is_all_or_nothing=True)


def _truth(question: Node, item: Item) -> None:
    fields: dict[str, Any] = {}
    for answer in question.all("answer"):
        said = node.raw(answer).lower()
        if said not in ("true", "false"):
            raise NotCarried("answers", Reason(Code.MOVE_UNREADABLE, said=said[:200]))
        if _credit(answer, question.notes) == 1:
            fields["is_true"] = said == "true"
        if note := question.line_of(xml.first(answer, "feedback")):
            fields[f"feedback_{said}"] = note
    if "is_true" not in fields:
        raise NotCarried("answer", Reason(Code.MOVE_ANSWER_MISSING))
    item.kind, item.fields = "truefalse", fields


def _short(question: Node, item: Item) -> None:
    options = [
        Option(node.raw(answer), _credit(answer, question.notes), question.line_of(xml.first(answer, "feedback")))
        for answer in question.all("answer")
    ]
    is_sensitive = question.said("usecase") == "1"
    item.kind, item.fields = building.text(options, question.notes, is_case_sensitive=is_sensitive)


def _number(question: Node, item: Item) -> None:
    notes, best = question.notes, Fraction(0)
    answers = question.all("answer")
    right = [each for each in answers if node.raw(each) not in ("", "*") and _credit(each, notes) > 0]
    if not right:
        raise NotCarried("answer", Reason(Code.MOVE_ANSWER_MISSING))
    chosen = max(right, key=lambda each: _credit(each, notes))
    best = _credit(chosen, notes)
    for answer in answers:
        if note := question.line_of(xml.first(answer, "feedback")):
            notes.no_place("feedback", f"{node.raw(answer)}: {note}")
        if answer is not chosen and answer in right:
            notes.changed("credit", f"{node.raw(answer)}: {building.percent(_credit(answer, notes))}", "0 %")
    if best != 1:
        notes.changed("credit", building.percent(best), "100 %")
    item.kind = "numeric"
    item.fields = {**building.numeric(node.raw(chosen), xml.said(chosen, "tolerance")), **unit_of(question)}


def unit_of(question: Node) -> dict[str, Any]:
    """Return the fields of a question's unit: shown, or asked for where it is graded."""
    named: list[tuple[str, Decimal | None]] = [
        (xml.said(unit, "unit_name"), building.number(xml.said(unit, "multiplier") or "1"))
        for part in question.all("units")
        for unit in xml.children(part, "unit")
    ]
    named = [entry for entry in named if entry[0]]
    is_graded = question.said("unitgradingtype", "0") not in ("0", "")
    penalty = question.said("unitpenalty")
    question.said("showunits")
    if not named:
        return {}
    name = next((name for name, factor in named if factor == 1), named[0][0])
    if not is_graded or units.known(name) is None:
        for other, factor in named:
            if other != name:
                question.notes.no_place("unit", f"{other}: {factor}")
        if is_graded:
            question.notes.changed("unit", f"{name}: {penalty}", name)
        return {"unit": name}
    if building.number(penalty or "0") != 1:
        question.notes.changed("unit", f"{name}: {penalty}", "1")
    return {"unit": name, "asks_unit": True}


def _matching(question: Node, item: Item) -> None:
    pairs, extra = [], list[str]()
    for part in question.all("subquestion"):
        left, right = question.line_of(part), question.line_of(xml.first(part, "answer"), texts.AUTOMATIC)
        if left and right:
            pairs.append({"left": left, "right": right})
        elif right:
            extra.append(right)
        elif left:
            question.notes.no_place("answers", left)
    rights = {pair["right"] for pair in pairs}
    further = [text for text in dict.fromkeys(extra) if text not in rights]
    item.kind, item.fields = "matching", {"pairs": pairs, **({"extra": further} if further else {})}


def _ordering(question: Node, item: Item) -> None:
    answers = question.all("answer")
    places = [building.number(answer.get("fraction") or "0") or Decimal(0) for answer in answers]
    order = sorted(range(len(answers)), key=lambda at: places[at])
    item.kind = "ordering"
    item.fields = {"items": [question.line_of(answers[at]) for at in order]}
    grading = question.said("gradingtype", "ABSOLUTE_POSITION")
    if grading in ("ALL_OR_NOTHING", "-1"):
        item.fields["scoring"] = "all"
    else:
        question.notes.changed("scoring", grading, "partial")


def _essay(question: Node, item: Item) -> None:
    is_upload = question.said("responseformat") == "noinline" and question.said("attachments", "0") != "0"
    model = question.block("graderinfo")
    fields: dict[str, Any] = {"model_answer": model} if model else {}
    words = {"min_words": question.said("minwordlimit"), "max_words": question.said("maxwordlimit")}
    endings, attachments = question.said("filetypeslist"), question.said("attachments", "0")
    if question.said("attachmentsrequired", "0") not in ("0", "1" if is_upload else "0"):
        question.notes.no_place("file", f"attachmentsrequired: {question.said('attachmentsrequired')}")
    if question.said("maxbytes", "0") != "0":
        question.notes.no_place("file", f"maxbytes: {question.said('maxbytes')}")
    if is_upload:
        item.kind = "upload"
        wanted = [ending.strip().lower().lstrip(".") for ending in endings.replace(";", ",").split(",")]
        known = [ending for ending in dict.fromkeys(wanted) if ending in UPLOADED]
        for ending in wanted:
            if ending and ending not in UPLOADED:
                question.notes.no_place("file", ending)
        item.fields = {**fields, "accept": known or list(UPLOADED), "most": _most(attachments)}
        return
    if attachments != "0":
        question.notes.no_place("file", f"attachments: {attachments}")
    bounds = {name: int(value) for name, value in words.items() if value.isdecimal() and value != "0"}
    item.kind, item.fields = "essay", {**fields, **bounds}


def _most(attachments: str) -> int:
    return min(int(attachments), 10) if attachments.isdecimal() else 10


KINDS: dict[str, ReadKind] = {
    "multichoice": _multichoice,
    "multichoiceset": _all_or_nothing,
    "truefalse": _truth,
    "shortanswer": _short,
    "numerical": _number,
    "matching": _matching,
    "match": _matching,
    "ddmatch": _matching,
    "ordering": _ordering,
    "essay": _essay,
    "multianswer": blanks.cloze,
    "cloze": blanks.cloze,
    "gapselect": blanks.chosen,
    "ddwtos": blanks.chosen,
    "calculated": computed.read,
    "calculatedsimple": computed.read,
}
