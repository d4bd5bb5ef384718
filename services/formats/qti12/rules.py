"""The rules of an item of QTI 1.2: what an answer earns, found by asking them, whatever form they have."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from services.formats import building, xml

# An answer: what was given for each response, by its ident.
Answer = Mapping[str, list[str]]
BOUNDS = ("vargte", "vargt", "varlte", "varlt")


@dataclass
class Rules:
    """The conditions of an item in their order, and how much its variable may hold at most."""

    conditions: list[Any]
    most: Fraction = Fraction(1)
    unknown: set[str] = field(default_factory=set)
    # Responses that hold one typed text: several comparisons beside each other are alternatives, else none could hold.
    typed: set[str] = field(default_factory=set)

    def credit(self, answer: Answer) -> Fraction:
        """Return what an answer earns, as a share of the most that there is."""
        score = Fraction(0)
        for condition in self.conditions:
            if not self._holds(condition, answer):
                continue
            for change in xml.children(condition, "setvar"):
                value = Fraction(building.number(xml.words(change)) or Decimal(0))
                how = str(change.get("action") or "Set").lower()
                score = score + value if how == "add" else score - value if how == "subtract" else value
            if str(condition.get("continue") or "No").lower() != "yes":
                break
        return max(Fraction(-1), min(score / self.most, Fraction(1))) if self.most else Fraction(0)

    def _holds(self, condition: Any, answer: Answer) -> bool:
        parts = (
            xml.children(xml.first(condition, "conditionvar"))
            if xml.first(condition, "conditionvar") is not None
            else []
        )
        either = [each for each in parts if xml.name_of(each) == "varequal" and each.get("respident") in self.typed]
        others = [each for each in parts if each not in either]
        holds = all(self._is(part, answer) for part in others)
        return bool(parts) and holds and (not either or any(self._is(part, answer) for part in either))

    def _is(self, part: Any, answer: Answer) -> bool:
        name = xml.name_of(part)
        if name == "and":
            return all(self._is(each, answer) for each in xml.children(part))
        if name == "or":
            return any(self._is(each, answer) for each in xml.children(part))
        if name == "not":
            return not all(self._is(each, answer) for each in xml.children(part))
        if name == "other":
            return True
        given = answer.get(str(part.get("respident") or ""), [])
        if name == "unanswered":
            return not given
        if name == "varequal":
            return _equals(part, given)
        if name in BOUNDS:
            return _is_within(name, xml.words(part), given)
        self.unknown.add(name)
        return False

    def wanted(self, ident: str, *names: str) -> list[Any]:
        """Return the comparisons with a response, in their order."""
        scoring = [each for each in self.conditions if _earns(each)] or self.conditions
        found = [each for condition in scoring for each in xml.below(condition, *(names or ("varequal",)))]
        return [each for each in found if each.get("respident") == ident and not _is_denied(each)]

    def feedback_of(self, ident: str, value: str) -> list[str]:
        """Return the idents of the feedback that an answer alone brings."""
        links = []
        for condition in self.conditions:
            equal = [xml.words(each) for each in xml.below(condition, "varequal") if each.get("respident") == ident]
            if equal == [value] and not any(True for _each in xml.below(condition, "not")):
                links += [str(each.get("linkrefid") or "") for each in xml.children(condition, "displayfeedback")]
        return links


def _earns(condition: Any) -> bool:
    """Whether a condition gives marks: others only bring feedback."""
    values = [building.number(xml.words(each)) for each in xml.children(condition, "setvar")]
    return any(value is not None and value > 0 for value in values)


def of_item(item: Any) -> Rules:
    """Return the rules of an item; the last of several sets counts, as programs write them for other views."""
    conditions = [each for part in xml.children(item, "resprocessing") for each in xml.children(part, "respcondition")]
    said = [building.number(str(each.get("maxvalue") or "")) for each in xml.below(item, "decvar")]
    most = next((Fraction(value) for value in said if value), Fraction(0))
    return Rules(conditions, most or _most_set(conditions))


def _most_set(conditions: list[Any]) -> Fraction:
    values = [
        building.number(xml.words(each)) for condition in conditions for each in xml.children(condition, "setvar")
    ]
    return max((Fraction(value) for value in values if value is not None), default=Fraction(1)) or Fraction(1)


def _equals(part: Any, given: list[str]) -> bool:
    wanted = xml.words(part)
    index = str(part.get("index") or "")
    if index.isdecimal():
        return len(given) >= int(index) > 0 and given[int(index) - 1] == wanted
    if str(part.get("case") or "").lower() == "no":
        return wanted.casefold() in [each.casefold() for each in given]
    return wanted in given


def _is_within(name: str, bound: str, given: list[str]) -> bool:
    limit, value = building.number(bound), building.number(given[0]) if given else None
    if limit is None or value is None:
        return False
    return {"vargte": value >= limit, "vargt": value > limit, "varlte": value <= limit, "varlt": value < limit}[name]


def _is_denied(part: Any) -> bool:
    return any(xml.name_of(each) == "not" for each in part.iterancestors())
