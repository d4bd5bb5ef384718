"""What an item of QTI 1.2 asks: by what a program calls it where it says so, else by its responses."""

import re
from fractions import Fraction
from typing import Any

from question_types.upload.kinds import KINDS as UPLOADED
from reasons import Code, Reason
from services.formats import building, hypertext, xml
from services.formats.base import Item, NotCarried
from services.formats.building import Option
from services.formats.qti12 import several
from services.formats.qti12.item import Label, Question

# What programs call kinds, in the field that says it.
_NAMES = ("question_type", "cc_profile", "qmd_itemtype", "bbmd_questiontype", "interactiontype")
_NEVER = re.compile(r"text_only|stimulus|hot_spot|hotspot|opinion|jumbled|quiz bowl", re.IGNORECASE)
_WRITTEN = re.compile(r"essay", re.IGNORECASE)


def called(question: Question) -> str:
    """Return what the program calls the kind; empty where it doesn't say."""
    return next((question.said[name] for name in _NAMES if question.said.get(name)), "")


def read(question: Question, item: Item, told: set[str]) -> None:
    """Read what is asked into the item; `told` learns which feedback is carried."""
    name, responses = called(question), question.responses
    if _NEVER.search(name):
        return
    if "file_upload" in name:
        item.kind, item.fields = "upload", {"accept": list(UPLOADED)}
    elif _WRITTEN.search(name):
        item.kind, item.fields = "essay", _model(question, told)
    elif "calculated" in name:
        several.computed(question, item)
    elif not responses:
        return
    elif len(responses) > 1 or re.search(r"matching|multiple_blanks|multiple_dropdowns", name):
        several.read(question, item, name)
    elif xml.name_of(responses[0]) == "response_lid":
        _choice(question, item, responses[0], name, told)
    elif xml.name_of(responses[0]) == "response_xy":
        return
    else:
        _typed(question, item, responses[0], name, told)


def _model(question: Question, told: set[str]) -> dict[str, Any]:
    """Return what an essay has beside its text: the answer that a program shows as a solution."""
    for part in xml.children(question.element, "itemfeedback"):
        solution = xml.first(part, "solution")
        if solution is not None:
            told.add(str(part.get("ident") or ""))
            return {"model_answer": question.block(question.feedback(str(part.get("ident"))))}
    return {}


def _choice(question: Question, item: Item, response: Any, name: str, told: set[str]) -> None:
    ident, labels = str(response.get("ident") or ""), question.labels(response)
    how = str(response.get("rcardinality") or "Single").lower()
    if how == "ordered" or "ordering" in name:
        _order(question, item, ident, labels)
        return
    is_several = how == "multiple" or "multiple_answers" in name or "multiple_response" in name
    chosen = _right_set(question, ident, labels) if is_several else []
    options, found = [], []
    for label in labels:
        credit = question.rules.credit({ident: [label.ident]})
        note = _note(question, ident, label, told)
        options.append(Option(question.line(label.element), credit, note))
        found.append(label.ident in chosen)
    if is_several:
        _several(question, item, options, found, name)
    elif _is_truth(options) and len(options) == 2 and (truth := _truth(options)) is not None:
        item.kind, item.fields = "truefalse", truth
    else:
        item.kind, item.fields = building.single(options, question.notes)


def _several(question: Question, item: Item, options: list[Option], right: list[bool], name: str) -> None:
    if any(option.credit > 0 for option in options) and not any(right):
        item.kind, item.fields = building.multiple(options, question.notes)
        return
    many = sum(right)
    if not many:
        raise NotCarried("answer", Reason(Code.MOVE_ANSWER_MISSING))
    # Canvas gives partial credit as it is given here, whatever its rules say; others mean what they say.
    each = Fraction(1, many)
    scored = [
        Option(option.text, each if is_right else -each, option.feedback)
        for option, is_right in zip(options, right, strict=True)
    ]
    is_all = "multiple_answers" not in name
    item.kind, item.fields = building.multiple(scored, question.notes, is_all_or_nothing=is_all)


def _right_set(question: Question, ident: str, labels: list[Label]) -> list[str]:
    """Return the choices that earn everything together; nothing where single ones earn something by themselves."""
    wanted = [xml.words(each) for each in question.rules.wanted(ident)]
    known = [label.ident for label in labels if label.ident in wanted]
    if any(question.rules.credit({ident: [each]}) > 0 for each in known) and len(known) > 1:
        return []
    return known if known and question.rules.credit({ident: known}) >= 1 else []


def _note(question: Question, ident: str, label: Label, told: set[str]) -> str:
    links = question.rules.feedback_of(ident, label.ident)
    own = [link for link in links if link not in ("correct_fb", "general_incorrect_fb", "general_fb")]
    told.update(own)
    return hypertext.line(question.feedback(*own), question.notes, question.place) if own else ""


def _is_truth(options: list[Option]) -> bool:
    return {option.text.strip().lower() for option in options} == {"true", "false"}


def _truth(options: list[Option]) -> dict[str, Any] | None:
    right = [option.text.strip().lower() for option in options if option.credit >= 1]
    if len(right) != 1:
        return None
    notes = {f"feedback_{option.text.strip().lower()}": option.feedback for option in options if option.feedback}
    return {"is_true": right[0] == "true", **notes}


def _order(question: Question, item: Item, ident: str, labels: list[Label]) -> None:
    texts = {label.ident: question.line(label.element) for label in labels}
    wanted = sorted(
        (each for each in question.rules.wanted(ident) if xml.words(each) in texts),
        key=lambda each: int(each.get("index") or 0) if str(each.get("index") or "0").isdecimal() else 0,
    )
    order = list(dict.fromkeys(xml.words(each) for each in wanted))
    if len(order) != len(texts):
        raise NotCarried("answer", Reason(Code.MOVE_ANSWER_MISSING))
    item.kind, item.fields = "ordering", {"items": [texts[each] for each in order], "scoring": "all"}


def _typed(question: Question, item: Item, response: Any, name: str, told: set[str]) -> None:
    ident = str(response.get("ident") or "")
    question.rules.typed.add(ident)
    wanted = question.rules.wanted(ident)
    fib = next(iter(xml.below(response, "render_fib")), None)
    form = str(fib.get("fibtype") if fib is not None else "").lower()
    bounds = question.rules.wanted(ident, "vargte", "vargt", "varlte", "varlt")
    if bounds or "numerical" in name or xml.name_of(response) == "response_num" or form in ("integer", "decimal"):
        several.number(question, item, ident, bounds, wanted)
        return
    if not wanted:
        item.kind, item.fields = "essay", _model(question, told)
        return
    is_sensitive = any(str(each.get("case") or "").lower() == "yes" for each in wanted)
    options = []
    for text in dict.fromkeys(xml.words(each) for each in wanted):
        links = question.rules.feedback_of(ident, text)
        told.update(links)
        note = hypertext.plain(question.feedback(*links)) if links else ""
        answer = text.replace("*", "\\*")
        options.append(Option(answer, question.rules.credit({ident: [text]}), note))
    item.kind, item.fields = building.text(options, question.notes, is_case_sensitive=is_sensitive)
    if "pattern_match" in name:
        question.notes.no_place("pattern", name)
