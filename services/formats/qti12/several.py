"""Items of QTI 1.2 with several responses (pairs, blanks), numbers within bounds, and Canvas's computed ones."""

import re
from decimal import Decimal
from typing import Any

from reasons import Code, Reason
from services.formats import building, formulas, hypertext, xml
from services.formats.base import Item, NotCarried
from services.formats.gaps import parted
from services.formats.qti12.item import Question, html_of

_MARK = "\ue000{}\ue001"
_MARKED = re.compile("\ue000(\\d+)\ue001")
MAX_VALUES = 100


def read(question: Question, item: Item, name: str) -> None:
    """Read blanks where the text names its responses, else pairs."""
    html = question.html()
    idents = [str(each.get("ident") or "") for each in question.responses]
    names = [ident.removeprefix("response_") for ident in idents]
    if "matching" not in name and all(f"[{each}]" in html for each in names):
        _blanks(question, item, html, list(zip(names, question.responses, strict=True)))
    elif all(xml.name_of(each) == "response_lid" for each in question.responses):
        _pairs(question, item)
    else:
        _unnamed(question, item, html)


def _right(question: Question, response: Any) -> list[str]:
    """Return the answers of a response that earn something, as texts."""
    ident = str(response.get("ident") or "")
    labels = {label.ident: label for label in question.labels(response)}
    wanted = dict.fromkeys(xml.words(each) for each in question.rules.wanted(ident))
    texts = [hypertext.plain(html_of(labels[each].element)) if each in labels else each for each in wanted]
    return [text for text in dict.fromkeys(texts) if text]


def _blanks(question: Question, item: Item, html: str, named: list[tuple[str, Any]]) -> None:
    blanks: dict[str, list[str]] = {}
    for number, (name, response) in enumerate(named, start=1):
        html = html.replace(f"[{name}]", _MARK.format(number), 1)
        right = _right(question, response)
        others = [hypertext.plain(html_of(label.element)) for label in question.labels(response)]
        if "dropdown" in question.said.get("question_type", ""):
            for text in others:
                if text not in right:
                    question.notes.no_place("choices", text)
        else:
            right = list(dict.fromkeys([*right, *others]))
        if not right:
            raise NotCarried("answer", Reason(Code.MOVE_ANSWER_MISSING))
        blanks[str(number)] = right
    _settle(question, item, html, blanks)


def _unnamed(question: Question, item: Item, html: str) -> None:
    """Read typed responses that stand in the text where they are answered: as blanks behind it, in their order."""
    blanks: dict[str, list[str]] = {}
    for number, response in enumerate(question.responses, start=1):
        right = _right(question, response)
        if not right:
            raise NotCarried("answer", Reason(Code.MOVE_ANSWER_MISSING))
        blanks[str(number)] = right
    marks = " ".join(_MARK.format(number) for number in range(1, len(blanks) + 1))
    question.notes.changed("blanks", "presentation", "…")
    _settle(question, item, f"{html}<p>{marks}</p>", blanks)


def _settle(question: Question, item: Item, html: str, blanks: dict[str, list[str]]) -> None:
    before, text = parted(question.block(html), _MARKED)
    item.kind = "blanks"
    item.prompt = before or hypertext.escape(item.name or _MARKED.sub("…", text), is_at_start=True)
    item.fields = {"text": _MARKED.sub(lambda each: f"{{{each[1]}}}", text), "blanks": blanks}


def _pairs(question: Question, item: Item) -> None:
    pairs, used, every = [], set[str](), dict[str, str]()
    for response in question.responses:
        texts = {label.ident: question.line(label.element) for label in question.labels(response)}
        every |= texts
        ident = str(response.get("ident") or "")
        wanted = [xml.words(each) for each in question.rules.wanted(ident) if xml.words(each) in texts]
        material = xml.first(response, "material")
        left = question.line(material) if material is not None else ""
        if not left or not wanted or not texts[wanted[0]]:
            question.notes.no_place("answers", left or ident)
            continue
        pairs.append({"left": left, "right": texts[wanted[0]]})
        used.add(texts[wanted[0]])
    extra = [text for text in dict.fromkeys(every.values()) if text and text not in used]
    item.kind, item.fields = "matching", {"pairs": pairs, **({"extra": extra} if extra else {})}


def number(question: Question, item: Item, ident: str, bounds: list[Any], wanted: list[Any]) -> None:
    """Read a number: between two bounds, or one that is equal."""
    low = [xml.words(each) for each in bounds if xml.name_of(each) in ("vargte", "vargt")]
    high = [xml.words(each) for each in bounds if xml.name_of(each) in ("varlte", "varlt")]
    item.kind = "numeric"
    for each in wanted:
        for name in ("precisiontype", "precision"):
            if each.get(name):
                question.notes.no_place("figures", f"{name}: {each.get(name)}")
    if low and high:
        item.fields = building.within(low[0], high[0])
        exact = xml.words(wanted[0]) if wanted else ""
        if (answer := building.number(exact)) is not None and building.say(answer) != item.fields["answer"]:
            question.notes.changed("answer", exact, item.fields["answer"])
        if len(low) > 1:
            question.notes.no_place(
                "answers", "; ".join(f"{one}..{other}" for one, other in zip(low[1:], high[1:], strict=False))
            )
    elif wanted:
        item.fields = building.numeric(xml.words(wanted[0]), "0")
        for each in wanted[1:]:
            question.notes.no_place("answers", xml.words(each))
    else:
        raise NotCarried("answer", Reason(Code.MOVE_ANSWER_MISSING))


def computed(question: Question, item: Item) -> None:
    """Read Canvas's formula: its variables stand in square brackets in the text, and are drawn from ranges."""
    part = next(iter(xml.below(question.element, "calculated")), None)
    steps = [xml.words(each) for each in xml.below(question.element, "formula")] if part is not None else []
    if part is None or not steps:
        raise NotCarried("formula", Reason(Code.MOVE_ANSWER_MISSING))
    variables = [each for block in xml.children(part, "vars") for each in xml.children(block, "var")]
    names = [str(each.get("name") or "") for each in variables]
    try:
        formula = formulas.of_moodle(_joined(steps))
    except ValueError as error:
        raise NotCarried("formula", Reason(Code.MOVE_UNREADABLE, said=str(error)[:200])) from error
    html = question.html()
    for name in names:
        html = html.replace(f"[{name}]", f"{{{name}}}")
    drawn: dict[str, list[str]] = {}
    for each in (var for group in xml.below(part, "var_set") for var in xml.children(group, "var")):
        drawn.setdefault(str(each.get("name")), []).append(xml.words(each))
    item.kind, item.prompt = "formula", question.block(html)
    item.fields = {
        "parameters": {
            name: _parameter(each, drawn.get(name, [])) for name, each in zip(names, variables, strict=True)
        },
        "answer": formula,
        **_tolerance(xml.said(part, "answer_tolerance")),
    }


def _joined(steps: list[str]) -> str:
    """Put steps such as `a = x + 1` into the last one."""
    known: dict[str, str] = {}
    for step in steps:
        name, equals, body = step.partition("=")
        body = body if equals else step
        for other, said in known.items():
            body = re.sub(rf"\b{re.escape(other)}\b", f"({said})".replace("\\", ""), body) if other else body
        known[name.strip() if equals else ""] = body.strip()
        last = body.strip()
    return last.replace("^", "**")


def _parameter(variable: Any, drawn: list[str]) -> dict[str, Any]:
    low, high = building.number(xml.said(variable, "min")), building.number(xml.said(variable, "max"))
    scale = str(variable.get("scale") or "0")
    values = [building.say(read) for each in drawn if (read := building.number(each)) is not None]
    step = Decimal(1).scaleb(-int(scale)) if scale.isdecimal() and int(scale) < 10 else Decimal(1)
    if low is None or high is None or (high - low) / step >= 10_000:
        if not values:
            raise NotCarried("parameters", Reason(Code.MOVE_UNREADABLE, said=str(variable.get("name"))[:200]))
        return {"values": list(dict.fromkeys(values))[:MAX_VALUES]}
    return {"from": building.say(low), "to": building.say(high), "step": building.say(step)}


def _tolerance(said: str) -> dict[str, str]:
    read = building.number(said.strip().rstrip("%") or "0")
    if read is None:
        raise NotCarried("tolerance", Reason(Code.MOVE_UNREADABLE, said=said[:200]))
    return {"tolerance_percent" if said.strip().endswith("%") else "tolerance": building.say(abs(read))}
