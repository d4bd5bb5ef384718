"""Moodle's calculated questions -> formulas: wildcards with the values that Moodle drew from, and what they make."""

from decimal import Decimal
from typing import Any

from question_types.evaluating import FUNCTIONS
from reasons import Code, Reason
from services.formats import building, formulas, xml
from services.formats.base import Item, NotCarried
from services.formats.moodle_xml import node
from services.formats.moodle_xml.node import Node

MAX_VALUES = 100
RELATIVE, NOMINAL = "1", "2"


def read(question: Node, item: Item) -> None:
    """Read the formula that earns everything, its wildcards and its tolerance."""
    notes, answers = question.notes, question.all("answer")
    right = [answer for answer in answers if building.share(answer.get("fraction") or "0") == 1]
    if not right:
        raise NotCarried("answer", Reason(Code.MOVE_ANSWER_MISSING))
    for answer in answers:
        if answer is not right[0]:
            notes.no_place("credit", f"{node.raw(answer)}: {answer.get('fraction')} %")
        if note := question.line_of(xml.first(answer, "feedback")):
            notes.no_place("feedback", f"{node.raw(answer)}: {note}")
    try:
        formula = formulas.of_moodle(node.raw(right[0]))
    except ValueError as error:
        raise NotCarried("formula", Reason(Code.MOVE_UNREADABLE, said=str(error)[:200])) from error
    unit = _unit(question)
    item.kind = "formula"
    item.fields = {"parameters": _parameters(question), "answer": formula, **_tolerance(right[0], question), **unit}


def _unit(question: Node) -> dict[str, Any]:
    named = [xml.said(unit, "unit_name") for part in question.all("units") for unit in xml.children(part, "unit")]
    if question.said("unitgradingtype", "0") not in ("0", ""):
        question.notes.no_place("unit", f"unitgradingtype: {question.said('unitgradingtype')}")
    for name in named[1:]:
        question.notes.no_place("unit", name)
    return {"unit": named[0]} if named and named[0] else {}


def _tolerance(answer: Any, question: Node) -> dict[str, str]:
    said, how = xml.said(answer, "tolerance") or "0", xml.said(answer, "tolerancetype") or RELATIVE
    off = building.number(said)
    if off is None:
        raise NotCarried("tolerance", Reason(Code.MOVE_UNREADABLE, said=said[:200]))
    length = xml.said(answer, "correctanswerlength")
    if length not in ("", "2"):
        question.notes.no_place("figures", f"correctanswerlength: {length}")
    if how == NOMINAL:
        return {"tolerance": building.say(abs(off))}
    if how != RELATIVE:
        question.notes.changed("tolerance", f"{said} (geometric)", f"{building.say(abs(off) * 100)} %")
    return {"tolerance_percent": building.say(abs(off) * 100)}


def _parameters(question: Node) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in question.all("dataset_definitions"):
        for definition in xml.children(part, "dataset_definition"):
            name = xml.said(definition, "name")
            if name in FUNCTIONS or name in found:
                raise NotCarried("parameters", Reason(Code.MOVE_UNREADABLE, said=name[:200]))
            found[name] = _values(definition, name, question)
    return found


def _values(definition: Any, name: str, question: Node) -> dict[str, Any]:
    """Return the values that Moodle had; without them the range from which it would have drawn."""
    drawn = [building.number(xml.said(each, "value")) for each in xml.below(definition, "dataset_item")]
    values = list(dict.fromkeys(building.say(value) for value in drawn if value is not None))
    if len(values) > MAX_VALUES:
        question.notes.changed("parameters", f"{name}: {len(values)}", str(MAX_VALUES))
    if values:
        return {"values": values[:MAX_VALUES]}
    low, high = (building.number(xml.said(definition, end)) for end in ("minimum", "maximum"))
    if low is None or high is None:
        raise NotCarried("parameters", Reason(Code.MOVE_UNREADABLE, said=name[:200]))
    places = xml.said(definition, "decimals")
    step = Decimal(1).scaleb(-int(places)) if places.isdecimal() and int(places) < 10 else Decimal(1)
    return {"from": building.say(low), "to": building.say(high), "step": building.say(step)}
